public import Files

/// What a cell came to. Nothing in it depends on the machine's speed or on interruptions: the same
/// study gives the same results, byte for byte.
public struct CellResult: Sendable, Equatable {
  /// How it ended.
  public enum Status: String, Sendable {
    /// All steps are done.
    case finished
    /// A loss or gradient was not finite.
    case diverged
  }

  /// A point of the curve.
  public struct Point: Sendable, Equatable {
    /// Steps done.
    public var step: Int
    /// Validation loss, nats a token.
    public var loss: Double
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
  /// What was not finite.
  public var reason: String?
  /// The finite validation losses on the way.
  public var curve: [Point]
  /// The resolved configuration, without paths.
  public var configuration: [JSONMember]

  /// Tokens of the whole run.
  public var tokens: Int { steps * batchTokens }

  /// The result of a run that ended.
  /// - divergence: the step and what was not finite, if that ended it
  init(
    _ cell: Cell, _ metrics: CellMetrics, divergence: (step: Int, what: String)?
  ) {
    (steps, batchTokens) = (cell.configuration.steps, cell.configuration.batchTokens)
    curve = metrics.curve.map { Point(step: $0.step, loss: $0.loss) }
    configuration = cell.resolved
    let last = metrics.evaluations.last { $0.step == cell.configuration.steps }
    if divergence == nil, let last, last.loss.isFinite {
      (status, loss, bitsPerByte) = (.finished, last.loss, last.bitsPerByte)
    } else {
      status = .diverged
      divergedStep = divergence?.step ?? steps
      reason = divergence?.what ?? "the validation loss"
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
    if let reason { members.append(JSONMember("not_finite", .string(reason))) }
    members += [
      JSONMember("curve", .array(curve.map { [.integer($0.step), .number($0.loss)] })),
      JSONMember("configuration", .object(configuration)),
    ]
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
    steps = try reader.value("steps", "an integer", \.intValue)
    batchTokens = try reader.value("batch_tokens", "an integer", \.intValue)
    loss =
      status == .finished ? try reader.value("val_loss", "a number", \.doubleValue) : nil
    bitsPerByte = json["val_bits_per_byte"]?.doubleValue
    divergedStep = json["diverged_step"]?.intValue
    reason = json["not_finite"]?.stringValue
    configuration = try reader.value("configuration", "an object", \.objectValue)
    curve = try reader.value("curve", "an array", \.arrayValue).map {
      (pair) throws(ComparisonError) in
      guard let parts = pair.arrayValue, parts.count == 2, let step = parts[0].intValue,
        let loss = parts[1].doubleValue
      else { throw reader.invalid("curve", "pairs of step and loss") }
      return Point(step: step, loss: loss)
    }
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

  func invalid(_ key: String, _ expected: String) -> ComparisonError {
    let found = json[key].map { String(decoding: $0.serialized().prefix(60), as: UTF8.self) }
    return .invalid(file: file, place: key, expected: expected, found: found ?? "nothing")
  }
}
