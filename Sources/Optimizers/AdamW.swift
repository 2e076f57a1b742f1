public import Machine

/// AdamW (Loshchilov, Hutter, "Decoupled Weight Decay Regularization", arXiv 1711.05101) as
/// `torch.optim.AdamW` has it, on flat arenas; t counts from 1 here:
///
///     m ← β1·m + (1 − β1)·g,  v ← β2·v + (1 − β2)·g²
///     θ ← θ − ηλθ − η·(m / (1 − β1ᵗ)) / (√v / √(1 − β2ᵗ) + ε)
public final class AdamW: Optimizer {
  /// β1, β2, ε and λ.
  public struct Hyperparameters: Sendable, Equatable {
    /// Decay of m a step.
    public var beta1 = 0.9
    /// Decay of v a step.
    public var beta2 = 0.95
    /// Addend to the denominator, outside the root.
    public var epsilon = 1e-8
    /// λ, decoupled, times η.
    public var weightDecay = 0.1

    /// The defaults: those of the AdamW baseline in Sophia's paper.
    public init() {}

    /// Throws a ``HyperparameterError`` that names the first one outside its range.
    public func validate() throws(HyperparameterError) {
      try HyperparameterError.checkDecay("beta1", beta1)
      try HyperparameterError.checkDecay("beta2", beta2)
      try HyperparameterError.checkEpsilon(epsilon)
      try HyperparameterError.checkWeightDecay(weightDecay)
    }
  }

  /// What this optimizer was made with.
  public let hyperparameters: Hyperparameters
  /// The averages: m, then v.
  public let state: [NamedArena]
  private let plan: ChunkPlan
  private let m: Arena
  private let v: Arena

  /// An optimizer at m = v = 0 for an arena of `count` parameters.
  ///
  /// - Parameter ranges: ascending and disjoint; what lies between them is left alone.
  public init(
    _ hyperparameters: Hyperparameters = Hyperparameters(), ranges: [ParameterRange], count: Int,
    on team: ThreadTeam
  ) throws(MemoryError) {
    self.hyperparameters = hyperparameters
    plan = ChunkPlan(ranges, count: count)
    m = try Arena(count: count, touchedBy: team)
    v = try Arena(count: count, touchedBy: team)
    state = [NamedArena(name: "m", arena: m), NamedArena(name: "v", arena: v)]
  }

  /// Never.
  public func wantsCurvature(step t: Int) -> Bool { false }

  /// The step of ``Optimizer``; `t`, from 0, enters the bias corrections. No curvature is looked at.
  public func step(
    _ theta: TensorView, gradient: TensorView, step t: Int, learningRate: Double,
    gradientScale: Float = 1, curvature: Curvature? = nil, on team: ThreadTeam
  ) -> StepStatistics {
    precondition(
      theta.count == m.count && gradient.count == m.count && t >= 0,
      "AdamW.step: made for \(m.count) parameters, got \(theta.count), gradient \(gradient.count)")
    let pass = AdamWPass(
      hyperparameters, theta: theta.base, m: m.base, v: v.base, g: gradient.base, step: t,
      learningRate: learningRate, gradientScale: gradientScale)
    return plan.reduce(on: team, pass.step)
  }

  /// base^exponent by squaring: libm's `pow` may differ in the last bit from CPU to CPU.
  static func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, square, left) = (1.0, base, exponent)
    while left > 0 {
      if left & 1 == 1 { result *= square }
      square *= square
      left >>= 1
    }
    return result
  }
}
