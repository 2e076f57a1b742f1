import CSupport

/// The fused pass of ``Lion`` over one piece of the arena: reads θ, m, g, writes θ, m: 20 bytes a
/// parameter. IEEE operations only, FMAs where written, so the bits are the same on every CPU.
struct LionPass {
  let theta: UnsafeMutablePointer<Float>
  let m: UnsafeMutablePointer<Float>
  let g: UnsafePointer<Float>
  /// 1 − β1 and 1 − β2: both mixtures are written m + weight·(g − m).
  let directionWeight: Float
  let momentumWeight: Float
  /// −η.
  let rate: Float
  let weightDecay: Float
  let gradientScale: Float

  /// The step on `piece`.
  func step(_ piece: ParameterRange) -> StepStatistics {
    let lambda = piece.decayed ? weightDecay : 0
    var statistics = StepStatistics()
    statistics.count = piece.count
    LaneSums.forEachBlock(of: piece) { block, sums in
      var i = block.lowerBound
      while i + 16 <= block.upperBound {
        lanes(at: i, left: 16, lambda, &sums)
        i += 16
      }
      if i < block.upperBound { lanes(at: i, left: block.upperBound - i, lambda, &sums) }
    } add: { sums in
      sums.add(to: &statistics)
    }
    return statistics
  }

  /// Up to 16 coordinates. Lanes past `left` are zeros that stay zeros.
  @inline(__always)
  private func lanes(at i: Int, left: Int, _ lambda: Float, _ sums: inout LaneSums) {
    var theta = Lanes.load(self.theta + i, left)
    var m = Lanes.load(self.m + i, left)
    let difference = Lanes.load(self.g + i, left) * gradientScale - m
    let update = Lanes.sign(cs_fma(SIMD16(repeating: directionWeight), difference, m))
    m = Lanes.flushed(cs_fma(SIMD16(repeating: momentumWeight), difference, m))
    // θ − η(λθ + u): decay and update in one rounding of θ.
    theta = cs_fma(
      SIMD16(repeating: rate), cs_fma(SIMD16(repeating: lambda), theta, update), theta)
    Lanes.store(self.theta + i, theta, left)
    Lanes.store(self.m + i, m, left)
    sums.add(theta: theta, m: m, curvature: SIMD16(), update: update)
  }
}
