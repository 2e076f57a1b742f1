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
    let (lambda, rate) = (piece.decayed ? weightDecay : 0, rate * piece.rateFactor)
    return LaneSums.overVectors(of: piece) { i, left, sums in
      lanes(at: i, left: left, rate, lambda, &sums)
    }
  }

  /// Up to 16 coordinates. Lanes past `left` are zeros that stay zeros.
  @inline(__always)
  private func lanes(at i: Int, left: Int, _ rate: Float, _ lambda: Float, _ sums: inout LaneSums) {
    var theta = Lanes.load(self.theta + i, left)
    var m = Lanes.load(self.m + i, left)
    let difference = Lanes.load(self.g + i, left) * gradientScale - m
    let update = Lanes.sign(cs_fma(SIMD16(repeating: directionWeight), difference, m))
    m = Lanes.flushed(cs_fma(SIMD16(repeating: momentumWeight), difference, m))
    theta = Lanes.stepped(theta, by: update, rate: rate, lambda: lambda)
    Lanes.store(self.theta + i, theta, left)
    Lanes.store(self.m + i, m, left)
    sums.add(theta: theta, m: m, curvature: SIMD16(), update: update)
  }
}
