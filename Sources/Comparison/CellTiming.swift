import Files

/// How long a cell took, and where: what differs from machine to machine and so is no result.
struct CellTiming: Equatable {
  /// Seconds of training, without evaluations and checkpoints.
  var seconds: Double
  /// Of the median step without a refresh; 0 if there was none.
  var tokensPerSecond: Double
  /// The optimizer's updates, as a share of the training time; nil where the log has none.
  var optimizerShare: Double?
  /// What refreshes of the curvature take beyond other steps, as a share of the training time.
  var curvatureShare: Double?
  /// Seconds of training up to each point of the curve.
  var secondsOnCurve: [Double]
  /// CPU, instruction path, threads.
  var machine: String
  /// The command that finished it.
  var command: String

  /// The timing of a run that ended.
  init(_ metrics: CellMetrics, batchTokens: Int, machine: String, command: String) {
    (self.machine, self.command) = (machine, command)
    secondsOnCurve = metrics.secondsOnCurve
    let steps = metrics.steps
    let total = metrics.durations.reduce(0) { $0 + $1.seconds }
    seconds = total
    let quick = steps.filter { !$0.refreshes }
    let median = Self.median((quick.isEmpty ? steps : quick).map(\.seconds))
    tokensPerSecond = median.map { Double(batchTokens) / max($0, 1e-9) } ?? 0
    let updates = steps.compactMap(\.optimizerSeconds)
    if total > 0, updates.count == steps.count {
      optimizerShare = updates.reduce(0, +) / total
    }
    // The first step touches all memory, so it says nothing.
    let refreshed = steps.dropFirst().filter(\.refreshes).map(\.seconds)
    let plain = steps.dropFirst().filter { !$0.refreshes }.map(\.seconds)
    if let with = Self.median(refreshed), let without = Self.median(plain), total > 0 {
      let count = Double(steps.filter(\.refreshes).count)
      curvatureShare = max(0, with - without) * count / total
    }
  }

  /// Seconds that a million tokens take in typical steps, refreshes of the curvature included: what other
  /// programs disturbed counts as little as medians let it. Nil if there was no step.
  func secondsPerMillion(_ result: CellResult) -> (plain: Double, refreshes: Double)? {
    guard tokensPerSecond > 0 else { return nil }
    let tokens = Double((result.divergedStep ?? result.steps) * result.batchTokens)
    return (1e6 / tokensPerSecond, 1e6 * (curvatureShare ?? 0) * seconds / tokens)
  }

  /// Tokens a second of typical steps, refreshes included; nil if there was no step.
  func typicalTokensPerSecond(_ result: CellResult) -> Double? {
    secondsPerMillion(result).map { 1e6 / ($0.plain + $0.refreshes) }
  }

  private static func median(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.sorted()[values.count / 2]
  }

  /// As the members of a line of `timings.jsonl`.
  var members: [JSONMember] {
    var members = [
      JSONMember("seconds", .number(seconds)),
      JSONMember("tokens_per_second", .number(tokensPerSecond)),
    ]
    for (key, value) in [("optimizer_share", optimizerShare), ("curvature_share", curvatureShare)] {
      if let value { members.append(JSONMember(key, .number(value))) }
    }
    return members + [
      JSONMember("curve_seconds", .array(secondsOnCurve.map { .number($0) })),
      JSONMember("machine", .string(machine)), JSONMember("command", .string(command)),
    ]
  }

  /// Reads them back.
  init(_ json: JSON, file: String) throws(ComparisonError) {
    let reader = ResultReader(json: json, file: file)
    seconds = try reader.value("seconds", "a number", \.doubleValue)
    tokensPerSecond = try reader.value("tokens_per_second", "a number", \.doubleValue)
    optimizerShare = json["optimizer_share"]?.doubleValue
    curvatureShare = json["curvature_share"]?.doubleValue
    secondsOnCurve = try reader.value("curve_seconds", "an array", \.arrayValue)
      .compactMap(\.doubleValue)
    machine = try reader.value("machine", "a string", \.stringValue)
    command = try reader.value("command", "a string", \.stringValue)
  }
}
