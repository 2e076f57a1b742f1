/// Holds Sophia's win rate in a band by adjusting ρ, the paper's γ.
///
/// On each step that refreshes h, before its update, with w the share of coordinates that curvature
/// limited since the last such step:
///
///     ρ ← ρ·min(low / w, 2)     where w < low
///     ρ ← ρ·max(high / w, ½)    where w > high
///
/// As |m| / h is spread over decades, w grows more slowly than ρ, so a step of bound / w falls short of
/// the bound more often than it passes it. ρ stays within a factor of 1,000 of where it began, whatever
/// w does: before the first refreshes of an h that starts at zero no ρ makes coordinates win.
public struct AutoRho: Sendable, Equatable {
  /// The win rates at which ρ stays.
  public struct Band: Sendable, Equatable, CustomStringConvertible {
    /// Below it ρ rises.
    public let low: Double
    /// Above it ρ falls.
    public let high: Double

    /// Nil unless 0 ≤ low < high ≤ 1.
    public init?(low: Double, high: Double) {
      guard low >= 0 && low < high && high <= 1 else { return nil }
      (self.low, self.high) = (low, high)
    }

    /// From `LOW:HIGH`.
    public init?(_ text: String) {
      let bounds = text.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
      guard bounds.count == 2, let low = bounds[0], let high = bounds[1] else { return nil }
      self.init(low: low, high: high)
    }

    /// `LOW:HIGH`.
    public var description: String { "\(low):\(high)" }
  }

  /// The band.
  public let band: Band
  /// Where ρ began.
  public let start: Double
  /// ρ of the coming updates.
  public private(set) var rho: Double
  /// Coordinates that won since the last adjustment, summed over steps.
  public private(set) var wins = 0
  /// Coordinates that could have, summed likewise.
  public private(set) var clippable = 0

  /// Begins at ρ = `start`, with nothing seen.
  public init(_ band: Band, start: Double) {
    (self.band, self.start, rho) = (band, start, start)
  }

  /// Goes on from a checkpoint; nil if it never was there.
  public init?(_ band: Band, start: Double, rho: Double, wins: Int, clippable: Int) {
    self.init(band, start: start)
    guard range.contains(rho) && wins >= 0 && wins <= clippable else { return nil }
    (self.rho, self.wins, self.clippable) = (rho, wins, clippable)
  }

  /// Where ρ stays.
  private var range: ClosedRange<Double> { start / 1000...start * 1000 }

  /// To be called on each step that refreshes h, before the update.
  public mutating func adjust() {
    guard clippable > 0 else { return }
    let winRate = Double(wins) / Double(clippable)
    if winRate < band.low { rho *= min(band.low / winRate, 2) }
    if winRate > band.high { rho *= max(band.high / winRate, 0.5) }
    rho = min(max(rho, range.lowerBound), range.upperBound)
    (wins, clippable) = (0, 0)
  }

  /// To be called with what each step saw.
  public mutating func add(_ statistics: StepStatistics) {
    wins += statistics.wins
    clippable += statistics.clippable
  }
}
