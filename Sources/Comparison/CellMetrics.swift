import Files

/// The events of a run's `metrics.jsonl`.
struct CellMetrics {
  /// A step's numbers.
  struct Step {
    var step: Int
    var loss: Double
    var winRate: Double?
    var curvatureNorm: Double?
    var seconds: Double
    var optimizerSeconds: Double?
    var refreshes: Bool
  }

  /// A validation loss, nats a token; NaN where it was not finite.
  struct Evaluation {
    var step: Int
    var loss: Double
    var bitsPerByte: Double?
  }

  private(set) var steps: [Step] = []
  private(set) var evaluations: [Evaluation] = []
  /// Seconds of every step, those without an update too.
  private(set) var durations: [(step: Int, seconds: Double)] = []

  /// Reads the file; none at all has no events.
  init(path: String, files: any FileSystem) throws(ComparisonError) {
    try asComparison {
      guard files.exists(path) else { return }
      let bytes = try files.readBytes(path, limit: 1 << 30)
      for line in bytes.split(separator: 0x0A) { add(try JSON(parsing: Array(line), name: path)) }
    }
  }

  private mutating func add(_ event: JSON) {
    guard let step = event["step"]?.intValue else { return }
    func number(_ key: String) -> Double? { event[key]?.doubleValue }
    switch event["event"]?.stringValue {
    case "spike": durations.append((step, number("seconds") ?? 0))
    case "step":
      durations.append((step, number("seconds") ?? 0))
      steps.append(
        Step(
          step: step, loss: number("loss") ?? .nan, winRate: number("win_rate"),
          curvatureNorm: number("h_norm") ?? number("v_norm"), seconds: number("seconds") ?? 0,
          optimizerSeconds: number("optimizer_seconds"),
          refreshes: event["curvature_sequences"] != nil))
    case "eval":
      evaluations.append(
        Evaluation(
          step: step, loss: number("val_loss") ?? .nan, bitsPerByte: number("val_bits_per_byte")))
    default: break
    }
  }

  /// The evaluations with a finite loss: the points of a curve.
  var curve: [Evaluation] { evaluations.filter(\.loss.isFinite) }

  /// Seconds of training up to each point of the curve; evaluations themselves don't count.
  var secondsOnCurve: [Double] {
    var (index, sum) = (0, 0.0)
    return curve.map { evaluation in
      while index < durations.count && durations[index].step <= evaluation.step {
        sum += durations[index].seconds
        index += 1
      }
      return sum
    }
  }
}
