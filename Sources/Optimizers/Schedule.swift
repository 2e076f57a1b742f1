/// The learning rate of each step: a linear warmup, then constant or half a cosine down to a
/// fraction of the peak.
///
///     t < warmup:  peak·(t + 1) / (warmup + 1)
///     then cosine: min + (peak − min)·(1 + cos π·(t − warmup)/(steps − warmup)) / 2
///     t ≥ steps:   min
///
/// as in nanoGPT. Sophia's code is of an older nanoGPT, with peak·t / warmup, and so spends its
/// first step at a rate of 0; here every step counts. Computed in `Double` with operations that are
/// the same on all CPUs; libm's `cos` is not (it picks its variant by CPU).
public struct Schedule: Sendable, Equatable {
  /// What follows the warmup.
  public enum Shape: String, Sendable, Equatable, CaseIterable {
    /// The peak, for ever.
    case constant
    /// Half a cosine from the peak to `minimumRatio`·peak at `steps`.
    case cosine
  }

  /// What follows the warmup.
  public var shape: Shape
  /// The highest learning rate.
  public var peak: Double
  /// Steps of warmup.
  public var warmup: Int
  /// The step at which the cosine has arrived.
  public var steps: Int
  /// The lowest learning rate as a fraction of the peak.
  public var minimumRatio: Double

  /// A schedule; the defaults for shape and minimum are those of Sophia's paper.
  public init(
    _ shape: Shape = .cosine, peak: Double, warmup: Int, steps: Int, minimumRatio: Double = 0.05
  ) {
    self.shape = shape
    self.peak = peak
    self.warmup = warmup
    self.steps = steps
    self.minimumRatio = minimumRatio
  }

  /// η of step `t`, from 0.
  public func learningRate(step t: Int) -> Double {
    if t < warmup { return peak * (Double(t + 1) / Double(warmup + 1)) }
    switch shape {
    case .constant: return peak
    case .cosine:
      let minimum = peak * minimumRatio
      guard t < steps else { return minimum }
      let progress = Double(t - warmup) / Double(steps - warmup)
      return minimum + (peak - minimum) * Self.halfCosine(progress)
    }
  }

  /// Throws a ``HyperparameterError`` that names the first member outside its range.
  public func validate() throws(HyperparameterError) {
    try HyperparameterError.check(
      "learning rate", peak, "0 ≤ learning rate < 1e6", peak >= 0 && peak < 1e6)
    try HyperparameterError.check("warmup", Double(warmup), "warmup ≥ 0", warmup >= 0)
    try HyperparameterError.check("steps", Double(steps), "steps ≥ 0", steps >= 0)
    try HyperparameterError.check(
      "minimum learning rate ratio", minimumRatio, "0 ≤ ratio ≤ 1",
      minimumRatio >= 0 && minimumRatio <= 1)
  }

  /// (1 + cos πx) / 2 for x in 0...1, within 2⁻⁵².
  static func halfCosine(_ x: Double) -> Double {
    if x > 0.5 { return 1 - halfCosine(1 - x) }
    // Taylor's series, innermost term first: 1 − z/(1·2)·(1 − z/(3·4)·(…)). For z ≤ (π/2)² the
    // first term left out is below 1e-19.
    let z = (Double.pi * x) * (Double.pi * x)
    var cosine = 1.0
    for k in stride(from: 12, through: 1, by: -1) {
      cosine = 1 - z / Double((2 * k - 1) * (2 * k)) * cosine
    }
    return (1 + cosine) / 2
  }
}
