/// What the report says in words.
enum ReportWords {
  /// A loss.
  static func nats(_ value: Double) -> String { Markup.fixed(value, 4) }

  /// A mean, with the lowest and highest of more than one seed.
  static func text(_ spread: Spread?) -> String {
    guard let spread else { return "–" }
    guard spread.values.count > 1 else { return nats(spread.mean) }
    return "\(nats(spread.mean)) (\(Markup.fixed(spread.low, 3))–\(Markup.fixed(spread.high, 3)))"
  }

  /// How soon the baseline's loss was reached.
  static func text(_ race: Race) -> String {
    if let spread = race.spread {
      guard spread.values.count > 1 else { return Markup.fixed(spread.mean, 3) }
      return "\(Markup.fixed(spread.mean, 3)) (\(Markup.fixed(spread.low, 2))–"
        + "\(Markup.fixed(spread.high, 2)))"
    }
    let reached = race.ratios.compactMap { $0 }.count
    return reached == 0 ? "not reached" : "by \(reached) of \(race.ratios.count) seeds"
  }

  /// A sentence for each arm that is measured by the baseline.
  static func verdicts(_ summary: StudySummary) -> [String] {
    guard let baseline = summary.baseline, baseline.best != nil else {
      return ["No cell of the baseline \(summary.study.baseline) is finished."]
    }
    return summary.arms.filter { $0.name != baseline.name }.map { arm in
      guard let race = summary.race(arm), let behind = Spread(race.behind) else {
        let diverged = arm.groups.filter(\.diverges).count
        return diverged == 0
          ? "\(arm.name): no cell is finished yet."
          : "\(arm.name): none finished, and \(diverged) of \(arm.settings) settings diverged."
      }
      let seeds = "\(race.ratios.count) seed\(race.ratios.count == 1 ? "" : "s")"
      let end =
        "ends \(Markup.fixed(abs(behind.mean), 3)) nats a token "
        + (behind.mean > 0 ? "above" : "below") + " it"
      guard let spread = race.spread else {
        let reached = race.ratios.compactMap { $0 }.count
        return reached == 0
          ? "\(arm.name) does not reach \(baseline.name)’s final loss in this budget: it \(end) "
            + "(\(seeds))."
          : "\(arm.name) reaches \(baseline.name)’s final loss for \(reached) of \(seeds), and on average "
            + "\(end)."
      }
      let range =
        spread.values.count > 1
        ? "\(Markup.fixed(spread.low, 2)) to \(Markup.fixed(spread.high, 2)) over \(seeds)" : seeds
      return
        "\(arm.name) reaches \(baseline.name)’s final loss in \(Markup.fixed(spread.mean, 2)) of "
        + "its steps (\(range)), and \(end)."
    }
  }

  /// What a reader has to know before believing any of it.
  static func warnings(_ summary: StudySummary) -> [String] {
    let edges = summary.arms.compactMap { arm in
      arm.edges.isEmpty
        ? nil
        : "The best setting of \(arm.name) lies at the edge of what was tried for "
          + "\(arm.edges.joined(separator: ", ")): a wider range may be better."
    }
    let fixed = summary.arms.filter { $0.best != nil && !$0.isSearched }.map(\.name)
    let unsearched =
      fixed.isEmpty
      ? [] : ["One setting alone, not searched in this study: \(fixed.joined(separator: ", "))."]
    let diverged = summary.arms.compactMap { arm -> String? in
      guard let best = arm.best, best.diverges else { return nil }
      let seeds = best.records.count - best.finished.count
      return
        "The best setting of \(arm.name) diverged for \(seeds) of \(best.records.count) seeds, which "
        + "are in no mean."
    }
    let single = summary.arms.filter { $0.best?.finished.count == 1 }.map(\.name)
    let seeds =
      single.isEmpty
      ? [] : ["One seed alone, so no spread: \(single.joined(separator: ", "))."]
    return edges + unsearched + diverged + seeds
  }
}
