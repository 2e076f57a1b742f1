/// The figures of a report.
struct ReportFigures {
  let summary: StudySummary
  let timings: [String: CellTiming]

  /// A drawing with what it is called and what is said about it.
  struct Figure {
    var title: String
    var caption: String
    var svg: String
  }

  /// Arms that have a best setting.
  var arms: [(index: Int, arm: ArmSummary, best: SettingSummary)] {
    summary.arms.enumerated().compactMap { index, arm in
      arm.best.map { (index, arm, $0) }
    }
  }

  /// Those that did not end far above the others, which would press these together on an axis.
  var ordinary: [(index: Int, arm: ArmSummary, best: SettingSummary)] {
    let limit = Self.limit(arms.compactMap { $0.best.loss?.mean })
    return arms.filter { $0.best.loss?.mean ?? .infinity <= limit }
  }

  /// Twice the (lower) median.
  static func limit(_ values: [Double]) -> Double {
    values.isEmpty ? .infinity : 2 * values.sorted()[(values.count - 1) / 2]
  }

  /// Those that there is something to show of.
  var all: [Figure] {
    guard !arms.isEmpty else { return [] }
    return [
      overTokens, overTime, finalLoss, race, overLearningRate, winRate, curvature, overhead,
    ].compactMap { $0 }
  }
}
