import CSupport

/// The fused pass of ``Sophia`` over one piece of the arena: reads θ, m, h, g (and ĝ) once, writes
/// θ, m (and h): 24 bytes a parameter, 32 with a refresh. IEEE operations only, FMAs where written,
/// so the bits are the same on every CPU.
struct SophiaPass {
  let form: Sophia.Form
  let theta: UnsafeMutablePointer<Float>
  let m: UnsafeMutablePointer<Float>
  let h: UnsafeMutablePointer<Float>
  let g: UnsafePointer<Float>
  /// Nil: no refresh.
  let gHat: UnsafePointer<Float>?
  /// 1 − β1 and 1 − β2: averages are written x + weight·(new − x).
  let momentumWeight: Float
  let curvatureWeight: Float
  /// ρ·c, where c = 1, or 1 / (1 − β2ⁿ) after n refreshes if h is corrected for its start at zero.
  let rho: Float
  /// c.
  let correction: Float
  /// What the update is clipped to: ρ in version 1, else 1.
  let limit: Float
  let epsilon: Float
  /// −η.
  let rate: Float
  let weightDecay: Float
  let gradientScale: Float
  let gHatScale: Float
  /// B_c; nil: ĝ is the estimate itself.
  let labelTerms: Float?

  /// The pass of step `t` (from 0), which enters the bias correction of h alone. The
  /// curvature's ρ, if it has one, is taken in place of the hyperparameter.
  init(
    _ settings: Sophia.Hyperparameters, theta: UnsafeMutablePointer<Float>,
    m: UnsafeMutablePointer<Float>, h: UnsafeMutablePointer<Float>, g: UnsafePointer<Float>,
    curvature: Curvature?, step t: Int, learningRate: Double, gradientScale: Float
  ) {
    (self.theta, self.m, self.h, self.g) = (theta, m, h, g)
    form = settings.form
    gHat = curvature?.gradient.map { UnsafePointer($0.base) }
    momentumWeight = Float(1 - settings.beta1)
    curvatureWeight = Float(1 - settings.beta2)
    let n = settings.refreshes(at: t)
    // Before the first refresh h is zero, however it is corrected.
    let correction = settings.biasCorrectsH && n > 0 ? 1 / (1 - AdamW.power(settings.beta2, n)) : 1
    let rho = curvature?.rho ?? settings.rho
    self.rho = Float(rho * correction)
    self.correction = Float(correction)
    limit = settings.form == .v1 ? Float(rho) : 1
    epsilon = Float(settings.epsilon)
    rate = Float(-learningRate)
    weightDecay = Float(settings.weightDecay)
    self.gradientScale = gradientScale
    gHatScale = curvature?.scale ?? 1
    labelTerms = curvature?.labelTerms.map(Float.init)
  }

  /// The step on `piece`. Nine of ten steps of the default form have a loop without branches; the
  /// other cases share one, whose branches go the same way all along and hide behind memory.
  func step(_ piece: ParameterRange) -> StepStatistics {
    var statistics =
      form == .paper && gHat == nil
      ? pass(piece, form: .paper, gHat: nil) : pass(piece, form: form, gHat: gHat)
    statistics.clippable = piece.count
    return statistics
  }

  @inline(__always)
  private func pass(
    _ piece: ParameterRange, form: Sophia.Form, gHat: UnsafePointer<Float>?
  ) -> StepStatistics {
    let (lambda, rate) = (piece.decayed ? weightDecay : 0, rate * piece.rateFactor)
    return LaneSums.overVectors(of: piece) { i, left, sums in
      lanes(at: i, left: left, rate, lambda, form, gHat, &sums)
    }
  }

  /// Up to 16 coordinates. Lanes past `left` are zeros that stay zeros.
  @inline(__always)
  private func lanes(
    at i: Int, left: Int, _ rate: Float, _ lambda: Float, _ form: Sophia.Form,
    _ gHat: UnsafePointer<Float>?,
    _ sums: inout LaneSums
  ) {
    var theta = Lanes.load(self.theta + i, left)
    var m = Lanes.load(self.m + i, left)
    var h = Lanes.load(self.h + i, left)
    let g = Lanes.load(self.g + i, left) * gradientScale
    m = Lanes.flushed(cs_fma(SIMD16(repeating: momentumWeight), g - m, m))
    if form != .official, let gHat { refresh(&h, Lanes.load(gHat + i, left), &sums) }

    let direction = form == .nesterov ? cs_fma(SIMD16(repeating: momentumWeight), g - m, m) : m
    let scaled = h * rho
    let denominator =
      switch form {
      // Maxima and minima give their second operand when either is NaN, so that NaN goes through.
      case .paper, .nesterov: cs_max(SIMD16(repeating: epsilon), scaled)
      case .v1: cs_max(SIMD16(repeating: epsilon), h * correction)
      case .official: cs_max(SIMD16(), scaled) + epsilon
      }
    let limit = SIMD16<Float>(repeating: form == .paper ? 1 : self.limit)
    let update = cs_max(-limit, cs_min(limit, direction / denominator))
    theta = Lanes.stepped(theta, by: update, rate: rate, lambda: lambda)
    sums.wins += Lanes.ones(cs_abs(direction) .< scaled)

    if form == .official, let gHat { refresh(&h, Lanes.load(gHat + i, left), &sums) }
    Lanes.store(self.theta + i, theta, left)
    Lanes.store(self.m + i, m, left)
    if gHat != nil { Lanes.store(self.h + i, h, left) }
    sums.add(theta: theta, m: m, curvature: h, update: update)
  }

  /// h ← h + (1 − β2)·(ĥ − h), where that is finite; ĥ is B_c·ĝ² or what was given.
  @inline(__always)
  private func refresh(_ h: inout SIMD16<Float>, _ raw: SIMD16<Float>, _ sums: inout LaneSums) {
    let gHat = raw * gHatScale
    let estimate = labelTerms.map { gHat * gHat * $0 } ?? gHat
    let next = Lanes.flushed(cs_fma(SIMD16(repeating: curvatureWeight), estimate - h, h))
    let isFinite = cs_abs(next) .< .infinity
    sums.quarantined += 1 - Lanes.ones(isFinite)
    h.replace(with: next, where: isFinite)
  }
}
