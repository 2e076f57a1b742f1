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

  /// The statistics of `piece`. `body` is called on its vectors in order, with the first coordinate,
  /// how many are left (16 or more but for the last), and the block's sums to add to.
  @inline(__always)
  static func overVectors(
    of piece: ParameterRange, _ body: (_ at: Int, _ left: Int, _ sums: inout LaneSums) -> Void
  ) -> StepStatistics {
    var statistics = StepStatistics()
    statistics.count = piece.count
    var at = piece.offset
    let end = piece.offset + piece.count
    while at < end {
      var sums = LaneSums()
      let next = min(at + 1024, end)
      while at + 16 <= next {
        body(at, 16, &sums)
        at += 16
      }
      if at < next { body(at, next - at, &sums) }
      at = next
      sums.add(to: &statistics)
    }
    statistics.updateSquares *= Double(piece.rateFactor * piece.rateFactor)
    return statistics
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
  private func add(to statistics: inout StepStatistics) {
    statistics.wins += Int(cs_sum(wins))
    statistics.quarantined += Int(cs_sum(quarantined))
    statistics.thetaSquares += Double(cs_sum(thetaSquares))
    statistics.momentumSquares += Double(cs_sum(momentumSquares))
    statistics.curvatureSquares += Double(cs_sum(curvatureSquares))
    statistics.curvatureSum += Double(cs_sum(curvatureSum))
    statistics.updateSquares += Double(cs_sum(updateSquares))
  }
}
