public import Files

/// What a cell came to. Nothing in it depends on the machine's speed or on interruptions: the same
/// study gives the same results, byte for byte.
public struct CellResult: Sendable, Equatable {
  /// How it ended.
  public enum Status: String, Sendable {
    /// All steps are done.
    case finished
    /// A loss or gradient was not finite, or too many steps in a row spiked.
    case diverged
  }

  /// A point of the curve.
  public struct Point: Sendable, Equatable {
    /// Steps done.
    public var step: Int
    /// Validation loss, nats a token.
    public var loss: Double
  }

  /// What an optimizer says about itself, over some steps.
  struct Inside: Sendable, Equatable {
    /// The last of them.
    var step: Int
    /// The mean.
    var value: Double
  }

  /// How it ended.
  public var status: Status
  /// Steps it was to make.
  public var steps: Int
  /// Tokens of a step.
  public var batchTokens: Int
  /// Final validation loss, nats a token; nil if it diverged.
  public var loss: Double?
  /// The same in bits a byte of text, where lengths are known.
  public var bitsPerByte: Double?
  /// In which step it diverged, from 1.
  public var divergedStep: Int?
  /// Why it diverged.
  public var reason: String?
  /// The finite validation losses on the way.
  public var curve: [Point]
  /// The share of coordinates whose update is not clipped.
  var winRate: [Inside]
  /// ‖h‖₂; with AdamW that of v.
  var curvatureNorm: [Inside]
  /// The resolved configuration, without paths.
  public var configuration: [JSONMember]

  /// Tokens of the whole run.
  public var tokens: Int { steps * batchTokens }

  /// The result of a run that ended.
  /// - divergence: the step and why, if that ended it
  /// - file: the log that `metrics` were read from
  /// - Throws: if the last step is done and the log lacks a step or the validation loss
  init(
    _ cell: Cell, _ metrics: CellMetrics, divergence: (step: Int, reason: String)?, file: String
  ) throws(ComparisonError) {
    (steps, batchTokens) = (cell.configuration.steps, cell.configuration.batchTokens)
    curve = metrics.curve.map { Point(step: $0.step, loss: $0.loss) }
    winRate = Self.thinned(metrics.steps, \.winRate)
    curvatureNorm = Self.thinned(metrics.steps, \.curvatureNorm)
    configuration = cell.resolved
    if let divergence {
      (status, divergedStep, reason) = (.diverged, divergence.step, divergence.reason)
      return
    }
    guard metrics.durations.count == steps else {
      throw .invalid(
        file: file, place: "events", expected: "\(steps) steps",
        found:
          "\(metrics.durations.count): a part of the log is lost; remove its directory to run the "
          + "cell again")
    }
    guard let last = metrics.evaluations.last, last.step == steps else {
      throw .invalid(
        file: file, place: "events", expected: "the validation loss after step \(steps)",
        found: "none, it could not be written: the same command makes it again")
    }
    if last.loss.isFinite {
      (status, loss, bitsPerByte) = (.finished, last.loss, last.bitsPerByte)
    } else {
      (status, divergedStep, reason) = (.diverged, steps, "the validation loss is not finite")
    }
  }

  /// At most 120 points, each the mean of as many steps.
  private static func thinned(
    _ steps: [CellMetrics.Step], _ value: (CellMetrics.Step) -> Double?
  ) -> [Inside] {
    let known = steps.compactMap { step in
      value(step).map { Inside(step: step.step, value: $0) }
    }
    let size = max(1, (known.count + 119) / 120)
    return stride(from: 0, to: known.count, by: size).map { first in
      let part = known[first..<min(first + size, known.count)]
      return Inside(
        step: part[part.endIndex - 1].step,
        value: part.reduce(0) { $0 + $1.value } / Double(part.count))
    }
  }

  /// As the members of a line of `results.jsonl`.
  var members: [JSONMember] {
    func member(_ key: String, _ value: Double?) -> JSONMember {
      JSONMember(key, value.map { .number($0) } ?? .null)
    }
    var members = [
      JSONMember("status", .string(status.rawValue)), JSONMember("steps", .integer(steps)),
      JSONMember("batch_tokens", .integer(batchTokens)), JSONMember("tokens", .integer(tokens)),
      member("val_loss", loss),
    ]
    if let bitsPerByte { members.append(member("val_bits_per_byte", bitsPerByte)) }
    if let divergedStep { members.append(JSONMember("diverged_step", .integer(divergedStep))) }
    if let reason { members.append(JSONMember("reason", .string(reason))) }
    members.append(
      JSONMember("curve", .array(curve.map { [.integer($0.step), .number($0.loss)] })))
    for (key, inside) in [("win_rate", winRate), ("curvature_norm", curvatureNorm)]
    where !inside.isEmpty {
      members.append(
        JSONMember(key, .array(inside.map { [.integer($0.step), .number($0.value)] })))
    }
    members.append(JSONMember("configuration", .object(configuration)))
    return members
  }

  /// Reads them back.
  init(_ json: JSON, file: String) throws(ComparisonError) {
    let reader = ResultReader(json: json, file: file)
    let states = "finished or diverged"
    guard let status = Status(rawValue: try reader.value("status", states, \.stringValue)) else {
      throw reader.invalid("status", states)
    }
    self.status = status
    let count = { (json: JSON) in json.intValue.flatMap { (1...1 << 31).contains($0) ? $0 : nil } }
    steps = try reader.value("steps", "an integer in 1...2^31", count)
    batchTokens = try reader.value("batch_tokens", "an integer in 1...2^31", count)
    loss =
      status == .finished ? try reader.value("val_loss", "a number", \.doubleValue) : nil
    bitsPerByte = json["val_bits_per_byte"]?.doubleValue
    divergedStep = json["diverged_step"].flatMap(count)
    reason = json["reason"]?.stringValue
    configuration = try reader.value("configuration", "an object", \.objectValue)
    curve = try reader.pairs("curve", "pairs of step and loss").map { Point(step: $0, loss: $1) }
    func inside(_ key: String) throws(ComparisonError) -> [Inside] {
      json[key] == nil
        ? [] : try reader.pairs(key, "pairs of step and value").map { Inside(step: $0, value: $1) }
    }
    (winRate, curvatureNorm) = (try inside("win_rate"), try inside("curvature_norm"))
  }
}

/// Members of a file that this module wrote.
struct ResultReader {
  let json: JSON
  let file: String

  func value<T>(
    _ key: String, _ expected: String, _ read: (JSON) -> T?
  ) throws(ComparisonError) -> T {
    guard let value = json[key].flatMap(read) else { throw invalid(key, expected) }
    return value
  }

  /// An array of a step and a number each.
  func pairs(
    _ key: String, _ expected: String
  ) throws(ComparisonError) -> [(Int, Double)] {
    try value(key, "an array", \.arrayValue).map { (pair) throws(ComparisonError) in
      guard let parts = pair.arrayValue, parts.count == 2, let step = parts[0].intValue,
        (0...1 << 31).contains(step), let number = parts[1].doubleValue
      else { throw invalid(key, expected) }
      return (step, number)
    }
  }

  func invalid(_ key: String, _ expected: String) -> ComparisonError {
    let found = json[key].map { String(decoding: $0.serialized().prefix(60), as: UTF8.self) }
    return .invalid(file: file, place: key, expected: expected, found: found ?? "nothing")
  }
}
