import Charts

/// The tables of a report.
struct ReportTables {
  let summary: StudySummary
  let timings: [String: CellTiming]

  /// A column: its head, and what it holds.
  private typealias Column = (head: String, kind: Kind)

  /// What a column holds, as a class of its cells.
  private enum Kind: String {
    case text = ""
    case number = "n"
    /// Many words, which may go on in a second line.
    case settings = "s"
  }

  /// An arm a row.
  var arms: String {
    let columns: [Column] = [
      ("arm", .text), ("best setting", .settings), ("inside its range", .settings),
      ("tokens", .number), ("seeds", .number), ("final loss", .number), ("sd", .number),
      ("bits a byte", .number), ("share of the baseline’s steps", .number),
      ("tokens/s", .number), ("settings", .number), ("diverged", .number),
    ]
    let rows = summary.arms.map { arm -> (cells: [String], style: String) in
      let best = arm.best
      let bits = Spread(best?.records.compactMap(\.result.bitsPerByte) ?? [])
      let isBaseline = arm.name == summary.study.baseline
      let speed = Spread(
        best?.finished.compactMap { timings[$0.key]?.typicalTokensPerSecond($0.result) } ?? [])
      return (
        [
          arm.name, best.map(Self.setting) ?? "none", Self.range(of: arm),
          best?.tokens.map { Markup.grouped($0) } ?? "–", Self.seeds(best),
          ReportWords.text(best?.loss),
          best?.loss?.deviation.map { Markup.fixed($0, 4) } ?? "–",
          bits.map { Markup.fixed($0.mean, 4) } ?? "–",
          isBaseline ? "1" : summary.race(arm).map { ReportWords.text($0) } ?? "–",
          speed.map { Markup.grouped($0.mean) } ?? "–",
          arm.isComplete ? "\(arm.settings)" : "\(arm.groups.count) of \(arm.settings)",
          "\(arm.groups.filter(\.diverges).count)",
        ], ""
      )
    }
    return Self.table(columns, rows)
  }

  /// What varies in the arm, and the learning rates that this leaves open.
  private static func setting(_ best: SettingSummary) -> String {
    guard let record = best.records.first else { return best.text }
    return ([best.text, record.rates].filter { !$0.isEmpty }).joined(separator: "; ")
  }

  /// Whether the best setting lies inside of what was tried.
  private static func range(of arm: ArmSummary) -> String {
    if arm.best == nil { return "–" }
    if !arm.isSearched { return "not searched" }
    if !arm.isComplete { return "not known yet" }
    if arm.numbers.isEmpty { return "no number varied" }
    return arm.edges.isEmpty ? "yes" : "edge: \(arm.edges.joined(separator: ", "))"
  }

  /// How many seeds ran to the end, of those that ran.
  private static func seeds(_ setting: SettingSummary?) -> String {
    let (finished, all) = (setting?.finished.count ?? 0, setting?.records.count ?? 0)
    return finished == all ? "\(all)" : "\(finished) of \(all)"
  }

  /// A cell a row, the best settings' in bold.
  var cells: String {
    let columns: [Column] = [
      ("", .number), ("arm", .text), ("setting", .settings), ("seed", .number),
      ("final loss", .number),
      ("bits a byte", .number), ("how it ended", .text), ("steps", .number), ("time", .number),
      ("tokens/s", .number), ("key", .text),
    ]
    let best = summary.arms.flatMap { $0.best?.records.map(\.name) ?? [] }
    let rows = summary.records.enumerated().map { number, record in
      (
        ["\(number + 1)"] + row(of: record),
        best.contains(record.name) ? "best" : ""
      )
    }
    return Self.table(columns, rows)
  }

  private func row(of record: StudyRecord) -> [String] {
    let (result, timing) = (record.result, timings[record.key])
    let end =
      result.status == .finished
      ? "finished"
      : "diverged in step \(result.divergedStep ?? 0) (\(result.reason ?? "no reason recorded"))"
    let setting = record.settings.map(Cell.text).joined(separator: " ")
    return [
      record.arm, setting.isEmpty ? record.rates : setting, "\(record.seed)",
      result.loss.map { ReportWords.nats($0) } ?? "–",
      result.bitsPerByte.map { Markup.fixed($0, 4) } ?? "–", end,
      (result.divergedStep.map { "\(Markup.grouped($0)) of " } ?? "")
        + Markup.grouped(result.steps),
      timing.map { Markup.duration($0.seconds) } ?? "–",
      timing?.typicalTokensPerSecond(result).map(Markup.grouped) ?? "–", record.key,
    ]
  }

  private static func table(
    _ columns: [Column], _ rows: [(cells: [String], style: String)]
  ) -> String {
    func row(_ tag: String, _ cells: [String], _ style: String) -> String {
      let fields = zip(cells, columns).map { text, column in
        "<\(tag)\(column.kind == .text ? "" : " class=\"\(column.kind.rawValue)\"")>\(Markup.escaped(text))</\(tag)>"
      }
      return "<tr\(style.isEmpty ? "" : " class=\"\(style)\"")>\(fields.joined())</tr>\n"
    }
    return
      "<div class=\"wide\"><table>\n<thead>\(row("th", columns.map(\.head), ""))</thead>\n<tbody>\n"
      + rows.map { row("td", $0.cells, $0.style) }.joined() + "</tbody></table></div>\n"
  }
}
