import Charts

/// What the report says in words.
enum ReportWords {
  /// A loss.
  static func nats(_ value: Double) -> String { Markup.fixed(value, 4) }

  /// A mean, with the lowest and highest of more than one seed.
  static func text(_ spread: Spread?) -> String {
    guard let spread else { return "–" }
    guard spread.values.count > 1 else { return nats(spread.mean) }
    return "\(nats(spread.mean)) (\(nats(spread.low))–\(nats(spread.high)))"
  }

  /// How soon the baseline's loss was reached.
  static func text(_ race: Race) -> String {
    if let spread = race.spread {
      guard spread.values.count > 1 else { return Markup.fixed(spread.mean, 3) }
      return "\(Markup.fixed(spread.mean, 3)) (\(Markup.fixed(spread.low, 2))–"
        + "\(Markup.fixed(spread.high, 2)))"
    }
    guard let reached = Spread(race.ratios.compactMap { $0 }) else { return "not reached" }
    return
      "\(Markup.fixed(reached.mean, 3)) by \(reached.values.count) of \(race.ratios.count) seeds"
  }

  /// `seed 1`, or `seeds 1, 2`.
  private static func seeds(_ seeds: [Int]) -> String {
    "seed\(seeds.count == 1 ? "" : "s") \(seeds.map(String.init).joined(separator: ", "))"
  }

  /// A sentence for each arm that is measured by the baseline.
  static func verdicts(_ summary: StudySummary) -> [String] {
    guard let baseline = summary.baseline, let target = baseline.best else {
      return ["No cell of the baseline \(summary.study.baseline) is finished."]
    }
    let others = summary.arms.filter { $0.name != baseline.name }
    func seeds(_ setting: SettingSummary) -> Set<Int> { Set(setting.finished.map(\.seed)) }
    let isPaired = others.compactMap(\.best).contains { seeds($0) != seeds(target) }
    return others.map { verdict(on: $0, summary, baseline) }
      + (isPaired
        ? [
          "These differences are between runs of the same seed (of one that the baseline has not, to its "
            + "mean), so they are not those of the table’s means where an arm has other seeds."
        ] : [])
  }

  private static func verdict(
    on arm: ArmSummary, _ summary: StudySummary, _ baseline: ArmSummary
  ) -> String {
    guard let race = summary.race(arm), let behind = Spread(race.behind) else {
      let diverged = arm.groups.filter(\.diverges).count
      return diverged == 0
        ? "“\(arm.name)”: no cell is finished yet."
        : "“\(arm.name)”: none finished, and \(diverged) of \(arm.settings) settings diverged."
    }
    let side = behind.mean > 0 ? "above" : "below"
    let range =
      behind.values.count > 1 ? " (from \(signed(behind.low)) to \(signed(behind.high)))" : ""
    let end = "ends \(Markup.fixed(abs(behind.mean), 3)) nats a token \(side) it\(range)"
    guard let spread = race.spread else {
      let reached = race.ratios.compactMap { $0 }.count
      return reached == 0
        ? "“\(arm.name)” does not reach the final loss of “\(baseline.name)” in \(budget(arm, baseline)): it \(end) "
          + "(\(seeds(race.seeds)))."
        : "“\(arm.name)” reaches the final loss of “\(baseline.name)” for \(reached) of "
          + "\(race.ratios.count) seeds, and on average \(end)."
    }
    let steps =
      spread.values.count > 1
      ? "\(Markup.fixed(spread.low, 2)) to \(Markup.fixed(spread.high, 2)); \(seeds(race.seeds))"
      : seeds(race.seeds)
    return
      "“\(arm.name)” reaches the final loss of “\(baseline.name)” in \(Markup.fixed(spread.mean, 2)) of "
      + "its steps (\(steps)), and \(end)."
  }

  private static func signed(_ value: Double) -> String {
    (value > 0 ? "+" : "") + Markup.fixed(value, 3)
  }

  /// An arm's tokens, in words.
  private static func budget(_ arm: ArmSummary, _ baseline: ArmSummary) -> String {
    guard let own = arm.best?.tokens, let whole = baseline.best?.tokens else {
      return "this budget"
    }
    let share = Markup.fixed(Double(own) / Double(whole), 2)
    return share == "1.00" ? "this budget" : "\(share) of its tokens"
  }

  /// What a reader has to know before believing any of it.
  static func warnings(_ summary: StudySummary, _ timings: [String: CellTiming]) -> [String] {
    let edges = summary.arms.compactMap { arm in
      arm.edges.isEmpty || !arm.isComplete
        ? nil
        : "The best setting of “\(arm.name)” lies at the edge of what was tried for "
          + "\(arm.edges.joined(separator: ", ")): a wider range may be better."
    }
    let fixed = summary.arms.filter { $0.best != nil && !$0.isSearched }.map(\.name)
    let unsearched =
      fixed.isEmpty
      ? [] : ["One setting alone, not searched in this study: \(fixed.joined(separator: "; "))."]
    let diverged = summary.arms.compactMap { arm -> String? in
      guard let best = arm.best, best.diverges else { return nil }
      let seeds = best.records.count - best.finished.count
      return
        "The best setting of “\(arm.name)” diverged for \(seeds) of \(best.records.count) seeds, which "
        + "are in no mean."
    }
    let single = summary.arms.filter { $0.best?.finished.count == 1 }.map(\.name)
    let seeds =
      single.isEmpty
      ? [] : ["One seed alone, so no spread: \(single.joined(separator: "; "))."]
    let partial = summary.arms.filter { !$0.groups.isEmpty && !$0.isComplete }.map(\.name)
    let unfinished =
      partial.isEmpty ? [] : ["Not all settings have run yet: \(partial.joined(separator: "; "))."]
    let machines = Set(summary.records.compactMap { timings[$0.key]?.machine })
    let times =
      machines.count < 2
      ? []
      : [
        "Times and tokens a second come from \(machines.count) machines, builds or numbers of threads: "
          + "those of one arm say nothing about another’s."
      ]
    return unfinished + edges + unsearched + diverged + seeds + times
  }
}
