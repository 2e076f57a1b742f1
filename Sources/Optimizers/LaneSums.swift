import CSupport

/// The sums of a fused pass, lane by lane, over a block of at most 1,024 coordinates: short enough
/// that `Float` keeps six digits and counts exactly.
struct LaneSums {
  var wins = SIMD16<Float>()
  var quarantined = SIMD16<Float>()
  private var thetaSquares = SIMD16<Float>()
  private var momentumSquares = SIMD16<Float>()
  private var curvatureSquares = SIMD16<Float>()
  private var curvatureSum = SIMD16<Float>()
  private var updateSquares = SIMD16<Float>()

  /// Calls `body` on consecutive blocks of `piece` with sums at zero, and `add` after each.
  @inline(__always)
  static func forEachBlock(
    of piece: ParameterRange, _ body: (Range<Int>, inout LaneSums) -> Void,
    add: (LaneSums) -> Void
  ) {
    var start = piece.offset
    let end = piece.offset + piece.count
    while start < end {
      var sums = LaneSums()
      let next = min(start + 1024, end)
      body(start..<next, &sums)
      add(sums)
      start = next
    }
  }

  /// Counts in the values of one vector.
  @inline(__always)
  mutating func add(
    theta: SIMD16<Float>, m: SIMD16<Float>, curvature: SIMD16<Float>, update: SIMD16<Float>
  ) {
    thetaSquares = cs_fma(theta, theta, thetaSquares)
    momentumSquares = cs_fma(m, m, momentumSquares)
    curvatureSquares = cs_fma(curvature, curvature, curvatureSquares)
    curvatureSum += cs_abs(curvature)
    updateSquares = cs_fma(update, update, updateSquares)
  }

  /// Adds the lanes to the sums of a piece.
  @inline(__always)
  func add(to statistics: inout StepStatistics) {
    statistics.wins += Int(cs_sum(wins))
    statistics.quarantined += Int(cs_sum(quarantined))
    statistics.thetaSquares += Double(cs_sum(thetaSquares))
    statistics.momentumSquares += Double(cs_sum(momentumSquares))
    statistics.curvatureSquares += Double(cs_sum(curvatureSquares))
    statistics.curvatureSum += Double(cs_sum(curvatureSum))
    statistics.updateSquares += Double(cs_sum(updateSquares))
  }
}
