import Files

/// What the results of a study come to, arm by arm.
///
/// The best setting of an arm is that of the lowest mean final loss over the sweep's seeds, among those
/// that diverged for none of them; the seeds of finalists don't choose. The spread is the lowest and the highest
/// seed: of two or three seeds a standard error would promise more than is known.
struct StudySummary {
  let study: Study
  let records: [StudyRecord]
  let arms: [ArmSummary]

  init(_ study: Study, _ records: [StudyRecord]) {
    (self.study, self.records) = (study, records)
    arms = study.arms.map { arm in
      ArmSummary(
        arm, records.filter { $0.arm.utf8.elementsEqual(arm.name.utf8) },
        seeds: study.seeds(of: arm))
    }
  }

  /// The arm that the others are measured by.
  var baseline: ArmSummary? {
    arms.first { $0.name.utf8.elementsEqual(study.baseline.utf8) }
  }

  /// How much of the baseline's budget an arm needs to reach the baseline's final loss, seed by seed; one
  /// that diverged did not reach it.
  /// - Returns: nil if one of the two has no finished cell
  func race(_ arm: ArmSummary) -> Race? {
    guard let target = baseline?.best, let mean = target.loss, let best = arm.best else {
      return nil
    }
    let races = best.records.map { record -> (seed: Int, ratio: Double?, behind: Double?) in
      guard let loss = record.result.loss else { return (record.seed, nil, nil) }
      // The same seed has the same initial weights and order of data.
      let twin = target.finished.first { $0.seed == record.seed }
      let goal = twin?.result.loss ?? mean.mean
      let budget = Double((twin ?? target.finished[0]).result.tokens)
      let tokens = record.result.tokensToReach(goal)
      return (record.seed, tokens.map { $0 / budget }, loss - goal)
    }
    let behind = races.compactMap(\.behind)
    return behind.isEmpty
      ? nil : Race(seeds: races.map(\.seed), ratios: races.map(\.ratio), behind: behind)
  }
}

/// How soon the baseline's final loss was reached.
struct Race {
  /// Those that the arm ran with.
  let seeds: [Int]
  /// By seed; nil where it was not reached.
  let ratios: [Double?]
  /// How far above the baseline's final loss each seed ended that did not diverge, nats a token.
  let behind: [Double]

  /// Over all seeds, if each reached it.
  var spread: Spread? {
    let reached = ratios.compactMap { $0 }
    return reached.count == ratios.count ? Spread(reached) : nil
  }
}

/// Mean, lowest and highest of a few values.
struct Spread {
  let values: [Double]

  /// Nil for no values.
  init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    self.values = values
  }

  var mean: Double { values.reduce(0, +) / Double(values.count) }
  var low: Double { values.min() ?? .nan }
  var high: Double { values.max() ?? .nan }
  var range: (low: Double, high: Double) { (low, high) }

  /// The sample standard deviation; nil for one value.
  var deviation: Double? {
    guard values.count > 1 else { return nil }
    let sum = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (sum / Double(values.count - 1)).squareRoot()
  }
}

/// The cells of an arm.
struct ArmSummary {
  let name: String
  /// Settings in the order of the study, each with its seeds.
  let groups: [SettingSummary]
  /// How many settings the study has for it.
  let settings: Int
  /// What tells them apart.
  private let keys: [String]
  private let bestIndex: Int?

  init(_ arm: Study.Arm, _ records: [StudyRecord], seeds: [Int]) {
    (name, settings, keys) = (arm.name, arm.choices.count, arm.varying.map(\.key))
    var groups: [SettingSummary] = []
    for record in records {
      if let at = groups.firstIndex(where: { $0.settings == record.settings }) {
        groups[at].records.append(record)
      } else {
        groups.append(SettingSummary(settings: record.settings, records: [record]))
      }
    }
    self.groups = groups
    let means = groups.enumerated().compactMap { index, group -> (index: Int, mean: Double)? in
      let sweep = group.records.filter { seeds.contains($0.seed) }
      let losses = sweep.compactMap(\.result.loss)
      return losses.count == sweep.count ? Spread(losses).map { (index, $0.mean) } : nil
    }
    bestIndex = means.min { $0.mean < $1.mean }?.index
  }

  /// The best setting; nil while there is none, and if each diverged.
  var best: SettingSummary? { bestIndex.map { groups[$0] } }

  /// Whether the study has more than one setting for it.
  var isSearched: Bool { settings > 1 }

  /// Whether each of its settings has run.
  var isComplete: Bool { groups.count == settings }

  /// Keys of which more than one number was tried.
  var numbers: [String] { keys.filter { Set(values(of: $0, groups)).count > 1 } }

  private func values(of key: String, _ groups: [SettingSummary]) -> [Double] {
    groups.compactMap { $0.value(key)?.doubleValue }
  }

  /// Keys of numbers whose best value is the smallest or largest that was tried with the rest of the best
  /// setting or, where that was tried with one alone, at all: the range is to be widened before
  /// anything is concluded. A grid without the key has the default.
  var edges: [String] {
    guard let best else { return [] }
    return numbers.filter { key in
      let rest = keys.filter { $0 != key }
      let beside = groups.filter { group in
        rest.allSatisfy { group.value($0) == best.value($0) }
      }
      let neighbours = values(of: key, beside)
      let range = Set(neighbours).count > 1 ? neighbours : values(of: key, groups)
      guard let value = best.value(key)?.doubleValue else { return false }
      return value == range.min() || value == range.max()
    }
  }
}

/// A setting of an arm with the seeds it ran with.
struct SettingSummary {
  let settings: [JSONMember]
  var records: [StudyRecord]

  /// A value of its configuration, which has those that no grid names too.
  func value(_ key: String) -> JSON? { records.first?.value(key) ?? JSON.object(settings)[key] }

  /// Whether it diverged for a seed.
  var diverges: Bool { records.contains { $0.result.status == .diverged } }

  /// The seeds that got to the end.
  var finished: [StudyRecord] { records.filter { $0.result.loss != nil } }

  /// Tokens of each of its runs.
  var tokens: Int? { records.first?.result.tokens }

  /// Final validation loss over its seeds.
  var loss: Spread? { Spread(records.compactMap(\.result.loss)) }

  /// `lr=0.002 gamma=0.5`; empty if nothing varies.
  var text: String { settings.map(Cell.text).joined(separator: " ") }
}

extension CellResult {
  /// Tokens at which the curve first comes down to a loss, between evaluations on a straight line.
  func tokensToReach(_ goal: Double) -> Double? {
    guard let at = curve.firstIndex(where: { $0.loss <= goal }) else { return nil }
    let (end, batch) = (curve[at], Double(batchTokens))
    guard at > 0 else { return Double(end.step) * batch }
    let begin = curve[at - 1]
    let share = (begin.loss - goal) / (begin.loss - end.loss)
    return (Double(begin.step) + share * Double(end.step - begin.step)) * batch
  }
}
