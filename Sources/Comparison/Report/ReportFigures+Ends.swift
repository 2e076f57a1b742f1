import Charts

/// Where the arms end, how soon, and at what cost.
extension ReportFigures {
  var finalLoss: Figure {
    let far = Set(arms.map(\.index)).subtracting(ordinary.map(\.index))
    let rows = arms.map { index, arm, best -> RowChart.Row in
      let shown = far.contains(index) ? nil : best.loss
      return RowChart.Row(
        name: arm.name, index: index, value: shown?.mean, range: shown?.range,
        note: ReportWords.text(best.loss), title: title(arm, best))
    }
    let values = ordinary.flatMap { $0.best.loss?.values ?? [] }
    return Figure(
      title: "Final validation loss",
      caption: "Mean of the seeds of each arm's best setting; the bar goes from the lowest to the "
        + "highest seed."
        + (far.isEmpty ? "" : " A row without a value on the axis ended far above."),
      svg: RowChart(
        label: "Final validation loss", axis: Axis("nats a token", over: values, pad: 0.1),
        rows: rows
      ).svg)
  }

  private func title(_ arm: ArmSummary, _ best: SettingSummary) -> String {
    let name = best.text.isEmpty ? arm.name : "\(arm.name) \(best.text)"
    return "\(name): \(ReportWords.text(best.loss))"
  }

  var race: Figure? {
    guard let baseline = summary.baseline, baseline.best != nil else { return nil }
    let rows = arms.filter { $0.arm.name != baseline.name }.compactMap { index, arm, _ in
      summary.race(arm).map { race in
        RowChart.Row(
          name: arm.name, index: index, value: race.spread?.mean, range: race.spread?.range,
          note: ReportWords.text(race), title: "\(arm.name): \(ReportWords.text(race))")
      }
    }
    guard !rows.isEmpty else { return nil }
    let values: [Double] =
      rows.flatMap { row -> [Double] in row.range.map { [$0.low, $0.high] } ?? [] } + [1]
    return Figure(
      title: "Steps to the final loss of \(baseline.name)",
      caption: "As a share of the steps that \(baseline.name) takes at its best setting (of its "
        + "tokens, where batches differ), seed against the same seed, between evaluations on a straight "
        + "line; the bar goes from the lowest to the highest. Left of 1 is faster. An arm without a "
        + "mark did not get there with each of its seeds.",
      svg: RowChart(
        label: "Steps to the baseline's final loss, as a ratio",
        axis: Axis("share of the baseline’s steps", over: values, pad: 0.15, least: 0.2),
        rows: rows, level: (1, baseline.name)
      ).svg)
  }

  var overhead: Figure? {
    let rows = arms.compactMap { index, arm, best -> RowChart.Row? in
      guard let record = best.finished.first, let timing = timings[record.key],
        let (plain, curvature) = timing.secondsPerMillion(record.result)
      else { return nil }
      let total = plain + curvature
      let update = (timing.optimizerShare ?? 0) * total
      // Where each step has a refresh, nothing tells it from the gradient.
      let isMixed = timing.curvatureShare == nil && !record.result.winRate.isEmpty
      let parts = [
        (isMixed ? "gradient and curvature" : "gradient", max(0, plain - update)),
        ("curvature", curvature),
        ("optimizer's update", update),
      ].map { name, length in
        (
          "\(name) \(Markup.significant(length)) s, \(Markup.fixed(100 * length / total, 1)) %",
          length
        )
      }
      let share = Markup.fixed(100 * (update + curvature) / total, 1)
      return RowChart.Row(
        name: arm.name, index: index,
        note: "\(Markup.grouped(1e6 / total)) tok/s" + (isMixed ? "" : ", \(share) %"), parts: parts
      )
    }
    let longest = rows.map { $0.parts.reduce(0) { $0 + $1.length } }.max() ?? 0
    guard longest > 0 else { return nil }
    return Figure(
      title: "Optimizer overhead",
      caption:
        "Seconds of training a million tokens in typical (median) steps, first seed of the best setting; "
        + "from the left: gradient, what refreshes of the curvature add, the optimizer’s update. At the "
        + "right tokens a second, and the last two’s share of the time, which is not known where every "
        + "step has a refresh.",
      svg: RowChart(
        label: "Optimizer overhead",
        axis: Axis("seconds a million tokens", over: [0, longest], pad: 0), rows: rows
      ).svg)
  }
}
