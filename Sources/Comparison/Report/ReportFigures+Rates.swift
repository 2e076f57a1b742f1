import Charts

/// The final loss at each learning rate.
extension ReportFigures {
  var overLearningRate: Figure? {
    let series = summary.arms.enumerated().compactMap { index, arm in rates(of: arm, index) }
    let points = series.flatMap { $0.points + $0.others }
    let xs = points.map(\.x) + series.flatMap { $0.lost.map(\.x) }
    guard Set(xs).count > 1 else { return nil }
    // What is far above the best is of no interest, and would press the rest together.
    let bests = series.flatMap { $0.points.map(\.y) }
    let (low, high) = (bests.min() ?? 0, bests.max() ?? 1)
    let top = min(high, low + max(0.35, 4 * spreadOfBests))
    let y = Axis("final validation loss, nats a token", over: [low, top], pad: 0.1)
    return Figure(
      title: "Final loss against learning rate",
      caption:
        "At each learning rate the best of the other settings, or the arm’s best setting where that has it; "
        + "other settings are faint. "
        + "✕ at the top: diverged, or far above. A best at the end of its curve says that the range "
        + "was too small.",
      svg: LineChart(
        label: "Final loss against learning rate",
        x: Axis("peak learning rate", .logarithmic, over: xs), y: y,
        series: series.map { moveLost($0, above: y.range.upperBound) }
      ).svg)
  }

  private var spreadOfBests: Double {
    let means = ordinary.compactMap { $0.best.loss?.mean }
    return (means.max() ?? 0) - (means.min() ?? 0)
  }

  private func moveLost(_ series: LineChart.Series, above limit: Double) -> LineChart.Series {
    var series = series
    series.lost += series.points.filter { $0.y > limit }
    series.others.removeAll { $0.y > limit }
    return series
  }

  private func rates(of arm: ArmSummary, _ index: Int) -> LineChart.Series? {
    var series = LineChart.Series(name: arm.name, index: index, points: [], isMarked: true)
    var best: [Double: LineChart.Point] = [:]
    var chosen: (rate: Double, point: LineChart.Point)?
    for group in arm.groups {
      guard let rate = group.records.first?.value("lr")?.doubleValue, rate > 0 else { continue }
      let name = "\(arm.name) \(group.text.isEmpty ? "lr=\(rate)" : group.text)"
      guard !group.diverges, let loss = group.loss else {
        series.lost.append(.init(x: rate, y: .nan, title: "\(name): diverged"))
        continue
      }
      let point = LineChart.Point(
        x: rate, y: loss.mean, title: "\(name): \(ReportWords.text(loss))")
      series.others.append(point)
      if loss.mean < best[rate]?.y ?? .infinity { best[rate] = point }
      if group.settings == arm.best?.settings { chosen = (rate, point) }
    }
    // More seeds than the others have may put it above one of them.
    if let chosen { best[chosen.rate] = chosen.point }
    series.points = best.values.sorted { $0.x < $1.x }
    series.others.removeAll { other in series.points.contains { $0.title == other.title } }
    return series.points.isEmpty && series.lost.isEmpty ? nil : series
  }
}
