/// What a fused step saw on its way, at no pass of its own. Sums of squares are over all
/// coordinates in ranges: in `Float` within 1,024 neighbours, in `Double` beyond, in index order.
public struct StepStatistics: Sendable, Equatable {
  /// Number of coordinates.
  public internal(set) var count = 0
  /// Those that Sophia moves, each limited by its curvature or by the clip; 0 for other optimizers.
  public internal(set) var clippable = 0
  /// Of them, those with |m| < ρ·h, with the m (in `nesterov` the average ahead) and h that made this
  /// update.
  public internal(set) var wins = 0
  /// Coordinates whose curvature refresh was not finite, so that their h was kept.
  public internal(set) var quarantined = 0
  /// Σ θ², after the step.
  public internal(set) var thetaSquares = 0.0
  /// Σ m², after the step.
  public internal(set) var momentumSquares = 0.0
  /// Σ h² (Sophia) or Σ v² (AdamW), in Muon of the rest, after the step; 0 for Lion.
  public internal(set) var curvatureSquares = 0.0
  /// Σ |h| (Sophia) or Σ |v| (AdamW), in Muon of the rest, after the step; 0 for Lion.
  public internal(set) var curvatureSum = 0.0
  /// Σ u², where the step was θ ← θ − η(λθ + u).
  public internal(set) var updateSquares = 0.0

  /// Nothing seen yet.
  public init() {}

  /// Fraction of Sophia's coordinates that curvature, not the clip, limits: |m| < ρ·h. The `win_rate`
  /// of Sophia's README, which advises 0.1–0.5.
  public var winRate: Double { clippable == 0 ? 0 : Double(wins) / Double(clippable) }
  /// ‖θ‖₂ after the step.
  public var thetaNorm: Double { thetaSquares.squareRoot() }
  /// ‖m‖₂ after the step.
  public var momentumNorm: Double { momentumSquares.squareRoot() }
  /// ‖h‖₂ (Sophia) or ‖v‖₂ (AdamW), in Muon of the rest, after the step; 0 for Lion.
  public var curvatureNorm: Double { curvatureSquares.squareRoot() }
  /// ‖u‖₂, where the step was θ ← θ − η(λθ + u); times η it is the length of the step.
  public var updateNorm: Double { updateSquares.squareRoot() }

  /// Adds the sums of the coordinates that come next.
  static func += (sum: inout StepStatistics, next: StepStatistics) {
    sum.count += next.count
    sum.clippable += next.clippable
    sum.wins += next.wins
    sum.quarantined += next.quarantined
    sum.thetaSquares += next.thetaSquares
    sum.momentumSquares += next.momentumSquares
    sum.curvatureSquares += next.curvatureSquares
    sum.curvatureSum += next.curvatureSum
    sum.updateSquares += next.updateSquares
  }
}
