import Charts

/// Validation loss on the way, and what the optimizers do meanwhile.
extension ReportFigures {
  var overTokens: Figure {
    let most = arms.flatMap { $0.best.finished.map(\.result.tokens) }.max() ?? 1
    let unit = Unit.count(Double(most))
    return Figure(
      title: "Validation loss against tokens",
      caption: "The best setting of each arm: the mean of its seeds, and from the lowest to the "
        + "highest of them. The axis is that of what comes after the first tenth, up to twice its median.",
      svg: curves(label: "Validation loss against tokens", axis: "tokens\(unit.suffix)") { record in
        record.result.curve.map {
          Double($0.step * record.result.batchTokens) / unit.size
        }
      })
  }

  var overTime: Figure? {
    let seconds = arms.flatMap { $0.best.finished }.compactMap { timings[$0.key]?.seconds }
    guard let most = seconds.max() else { return nil }
    let unit = Unit.time(most)
    return Figure(
      title: "Validation loss against wall time",
      caption: "The same runs by the time that their training steps took, evaluations and "
        + "checkpoints left out.",
      svg: curves(label: "Validation loss against wall time", axis: "training time\(unit.suffix)") {
        (timings[$0.key]?.secondsOnCurve ?? []).map { $0 / unit.size }
      })
  }

  /// A curve an arm: loss over what `position` says of each evaluation of a run.
  private func curves(
    label: String, axis: String, _ position: (StudyRecord) -> [Double]
  ) -> String {
    let series = arms.map { index, arm, best in
      curve(of: best, named: arm.name, index: index, axis, position)
    }
    let points = series.flatMap { one in one.points.map { ($0.x, $0.y) } }
    let end = points.map(\.0).max() ?? 1
    var shown = points.filter { $0.0 >= end * 0.1 }.map(\.1)
    if shown.count < 3 * series.count { shown = points.map(\.1) }
    let limit = Self.limit(shown)
    shown.removeAll { $0 > limit }
    return LineChart(
      label: label, x: Axis(axis, over: [0] + points.map(\.0), pad: 0.015),
      y: Axis("validation loss, nats a token", over: shown), series: series
    ).svg
  }

  private func curve(
    of best: SettingSummary, named name: String, index: Int, _ axis: String,
    _ position: (StudyRecord) -> [Double]
  ) -> LineChart.Series {
    let runs = best.finished.map { ($0, position($0)) }
    let count = runs.map { min($0.0.result.curve.count, $0.1.count) }.min() ?? 0
    var series = LineChart.Series(name: name, index: index, points: [])
    for at in 0..<count {
      guard let loss = Spread(runs.map { $0.0.result.curve[at].loss }),
        let x = Spread(runs.map { $0.1[at] })
      else { continue }
      let range =
        runs.count > 1 ? " (\(ReportWords.nats(loss.low)) to \(ReportWords.nats(loss.high)))" : ""
      let title =
        "\(name), \(ReportWords.nats(loss.mean))\(range) at \(Markup.significant(x.mean)) (\(axis))"
      series.points.append(.init(x: x.mean, y: loss.mean, title: title))
      series.band.append((x.mean, loss.low, loss.high))
    }
    if runs.count < 2 { series.band = [] }
    return series
  }

  var winRate: Figure? {
    inside(
      "Win rate over steps", "share of coordinates not clipped", .linear,
      "Share of coordinates whose update is not clipped; first seed of the best setting.",
      \.winRate)
  }

  var curvature: Figure? {
    inside(
      "‖h‖, of AdamW ‖v‖, over steps", "‖h‖₂, ‖v‖₂", .logarithmic,
      "Norm of the curvature estimate h, where AdamW does its work of the second moment v; first seed of "
        + "the best setting.", \.curvatureNorm)
  }

  private func inside(
    _ title: String, _ name: String, _ scale: Axis.Scale, _ caption: String,
    _ inside: (CellResult) -> [CellResult.Inside]
  ) -> Figure? {
    let series = arms.compactMap { index, arm, best -> LineChart.Series? in
      let all = best.finished.first.map { inside($0.result) } ?? []
      let points = all.filter { scale == .linear || $0.value > 0 }.map { point in
        LineChart.Point(
          x: Double(point.step), y: point.value,
          title: "\(arm.name), step \(point.step): \(Markup.significant(point.value))")
      }
      return points.isEmpty ? nil : .init(name: arm.name, index: index, points: points)
    }
    guard !series.isEmpty else { return nil }
    let points = series.flatMap(\.points)
    return Figure(
      title: title, caption: caption,
      svg: LineChart(
        label: title, x: Axis("step", over: [0] + points.map(\.x), pad: 0.015),
        y: Axis(name, scale, over: points.map(\.y)), series: series
      ).svg)
  }
}

/// What large numbers are counted in.
struct Unit {
  let size: Double
  let suffix: String

  static func count(_ most: Double) -> Unit {
    switch most {
    case 2e9...: Unit(size: 1e9, suffix: ", billions")
    case 2e6...: Unit(size: 1e6, suffix: ", millions")
    case 2e4...: Unit(size: 1e3, suffix: ", thousands")
    default: Unit(size: 1, suffix: "")
    }
  }

  static func time(_ most: Double) -> Unit {
    switch most {
    case 10_800...: Unit(size: 3600, suffix: ", hours")
    case 180...: Unit(size: 60, suffix: ", minutes")
    default: Unit(size: 1, suffix: ", seconds")
    }
  }
}
