import CSupport

/// The fused pass of ``AdamW`` over one piece of the arena: reads θ, m, v, g, writes θ, m, v:
/// 28 bytes a parameter. IEEE operations only, FMAs where written, so the bits are the same on every
/// CPU.
struct AdamWPass {
  let theta: UnsafeMutablePointer<Float>
  let m: UnsafeMutablePointer<Float>
  let v: UnsafeMutablePointer<Float>
  let g: UnsafePointer<Float>
  /// 1 − β1 and 1 − β2: averages are written x + weight·(new − x).
  let momentumWeight: Float
  let squareWeight: Float
  /// 1 / (1 − β1ᵗ).
  let momentumCorrection: Float
  /// 1 / √(1 − β2ᵗ).
  let rootCorrection: Float
  let epsilon: Float
  /// −η.
  let rate: Float
  let weightDecay: Float
  let gradientScale: Float

  /// The pass of step `t` (from 0), which enters the bias corrections.
  init(
    _ settings: AdamW.Hyperparameters, theta: UnsafeMutablePointer<Float>,
    m: UnsafeMutablePointer<Float>, v: UnsafeMutablePointer<Float>, g: UnsafePointer<Float>,
    step t: Int, learningRate: Double, gradientScale: Float
  ) {
    (self.theta, self.m, self.v, self.g) = (theta, m, v, g)
    momentumWeight = Float(1 - settings.beta1)
    squareWeight = Float(1 - settings.beta2)
    momentumCorrection = Float(1 / (1 - AdamW.power(settings.beta1, t + 1)))
    rootCorrection = Float(1 / (1 - AdamW.power(settings.beta2, t + 1)).squareRoot())
    epsilon = Float(settings.epsilon)
    rate = Float(-learningRate)
    weightDecay = Float(settings.weightDecay)
    self.gradientScale = gradientScale
  }

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
    var v = Lanes.load(self.v + i, left)
    let g = Lanes.load(self.g + i, left) * gradientScale
    m = Lanes.flushed(cs_fma(SIMD16(repeating: momentumWeight), g - m, m))
    v = Lanes.flushed(cs_fma(SIMD16(repeating: squareWeight), g * g - v, v))
    let denominator = cs_fma(
      cs_sqrt(v), SIMD16(repeating: rootCorrection), SIMD16(repeating: epsilon))
    let update = m * momentumCorrection / denominator
    theta = Lanes.stepped(theta, by: update, rate: rate, lambda: lambda)
    Lanes.store(self.theta + i, theta, left)
    Lanes.store(self.m + i, m, left)
    Lanes.store(self.v + i, v, left)
    sums.add(theta: theta, m: m, curvature: v, update: update)
  }
}
