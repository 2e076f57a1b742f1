import Benchmarks
import Files
import Machine

/// Measurements as a table with a bar a row, as comma-separated values, or as one JSON object.
final class BenchReport {
  enum Style {
    case table, csv, json
  }

  private let style: Style
  private let model: String
  private let machine: MachineDescription
  private var measurements: [Measurement] = []
  private var failure: (any Error)?

  init(_ style: Style, model: String, machine: MachineDescription) {
    (self.style, self.model, self.machine) = (style, model, machine)
  }

  /// What stands above the measurements.
  func begin() {
    switch style {
    case .table:
      emit("\(machine.cpuModel), \(InstructionSet.built) build, shapes of \(model)")
    case .csv:
      emit(
        "benchmark,name,threads,unit,rate,rate_min,rate_max,seconds,repetitions,limit,limit_unit,"
          + "limit_rate,share,share_min,share_max,given,note")
    case .json: break
    }
  }

  /// The next measurement; tables and CSV show it at once.
  func add(_ m: Measurement) {
    let last = measurements.last
    measurements.append(m)
    switch style {
    case .table:
      if last?.benchmark != m.benchmark || last?.threads != m.threads {
        emit("\n\(m.benchmark.rawValue), \(m.threads) thread\(m.threads == 1 ? "" : "s")")
      }
      emit(row(m))
    case .csv: emit(values(m).joined(separator: ","))
    case .json: break
    }
  }

  /// What stands below. Throws if something could not be written.
  func end() throws {
    if let failure { throw failure }
    guard style == .json else { return }
    let object: JSON = [
      "machine": .object(machine.rows.map { JSONMember($0.label, .string($0.text)) }),
      "model": .string(model), "measurements": .array(measurements.map(json)),
    ]
    try StandardOutput.write(object.serialized(pretty: true) + [0x0A])
  }

  private func emit(_ line: String) {
    do { try StandardOutput.write(line + "\n") } catch { failure = failure ?? error }
  }

  private func row(_ m: Measurement) -> String {
    func left(_ s: String, _ width: Int) -> String {
      s + String(repeating: " ", count: max(0, width - s.count))
    }
    func right(_ s: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - s.count)) + s
    }
    let digits = m.rate.median < 100 ? 1 : 0
    let spread =
      "(\(Format.fixed(m.rate.lowest, digits))–\(Format.fixed(m.rate.highest, digits)))"
    var text = "  " + left(m.name, 34) + right(Format.fixed(m.rate.median, digits), 7)
    text += " " + left(m.unit.rawValue, 8) + left(spread, 14)
    text += right(m.seconds.map(time) ?? "", 9)
    if let bound = m.bound {
      let share = bound.share.median
      let limit = Format.fixed(bound.rate.median, bound.rate.median < 100 ? 1 : 0)
      text += right(Format.fixed(100 * share, 0), 5) + "% " + bar(share)
      text += " of \(limit) \(bound.unit.rawValue) \(bound.name)"
    }
    if let given = m.given, given < 0.95 {
      text += " (disturbed: other programs took \(Format.fixed(100 - 100 * given, 0))% of the time)"
    }
    if let note = m.note { text += " (\(note))" }
    return text
  }

  /// Sixteen cells, in eighths.
  private func bar(_ share: Double) -> String {
    let eighths = Int((min(max(share, 0), 1) * 128).rounded())
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    let filled = String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    return filled + String(repeating: "·", count: 16 - filled.count)
  }

  private func time(_ seconds: Double) -> String {
    seconds < 1 ? Format.fixed(1000 * seconds, 1) + " ms" : Format.fixed(seconds, 2) + " s"
  }

  private func values(_ m: Measurement) -> [String] {
    let numbers = [m.rate.median, m.rate.lowest, m.rate.highest].map { Format.fixed($0, 3) }
    let bound: [String] =
      m.bound.map {
        [$0.name, $0.unit.rawValue, Format.fixed($0.rate.median, 3)]
          + [$0.share.median, $0.share.lowest, $0.share.highest].map { Format.fixed($0, 4) }
      } ?? Array(repeating: "", count: 6)
    return [quoted(m.benchmark.rawValue), quoted(m.name), "\(m.threads)", m.unit.rawValue]
      + numbers + [m.seconds.map { Format.fixed($0, 6) } ?? "", "\(m.repetitions)"]
      + bound.map(quoted) + [m.given.map { Format.fixed($0, 3) } ?? "", quoted(m.note ?? "")]
  }

  private func quoted(_ text: String) -> String { text.contains(",") ? "\"\(text)\"" : text }

  private func json(_ m: Measurement) -> JSON {
    func spread(_ s: Measurement.Spread) -> JSON {
      ["median": .number(s.median), "min": .number(s.lowest), "max": .number(s.highest)]
    }
    var members = [
      JSONMember("benchmark", .string(m.benchmark.rawValue)), JSONMember("name", .string(m.name)),
      JSONMember("threads", .integer(m.threads)), JSONMember("unit", .string(m.unit.rawValue)),
      JSONMember("rate", spread(m.rate)), JSONMember("repetitions", .integer(m.repetitions)),
    ]
    if let seconds = m.seconds { members.append(JSONMember("seconds", .number(seconds))) }
    if let bound = m.bound {
      members.append(
        JSONMember(
          "limit",
          [
            "name": .string(bound.name), "unit": .string(bound.unit.rawValue),
            "rate": spread(bound.rate), "share": spread(bound.share),
          ]))
    }
    if let given = m.given { members.append(JSONMember("given", .number(given))) }
    if let note = m.note { members.append(JSONMember("note", .string(note))) }
    return .object(members)
  }
}
