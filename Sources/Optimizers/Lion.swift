public import Machine

/// Lion (Chen, Liang, Huang, Real, Wang, Liu, Pham, Dong, Luong, Hsieh, Lu, Le, "Symbolic Discovery
/// of Optimization Algorithms", arXiv 2302.06675, Algorithm 2), on flat arenas:
///
///     u ← sign(β1·m + (1 − β1)·g)
///     θ ← θ − ηλθ − η·u
///     m ← β2·m + (1 − β2)·g
///
/// Each coordinate moves by η or, where the mixture is zero, not at all; so η is 3 to 10 times
/// smaller than AdamW's and λ larger by as much (§5 there).
public final class Lion: Optimizer {
  /// β1, β2 and λ.
  public struct Hyperparameters: Sendable, Equatable {
    /// Share of m in the direction of the update.
    public var beta1 = 0.95
    /// Decay of m a step.
    public var beta2 = 0.98
    /// λ, decoupled, times η.
    public var weightDecay = 0.2

    /// The defaults: β1 and β2 of the Lion baseline in Sophia's paper, λ as Sophia's.
    public init() {}

    /// Throws a ``HyperparameterError`` that names the first one outside its range.
    public func validate() throws(HyperparameterError) {
      try HyperparameterError.checkDecay("beta1", beta1)
      try HyperparameterError.checkDecay("beta2", beta2)
      try HyperparameterError.checkWeightDecay(weightDecay)
    }
  }

  /// What this optimizer was made with.
  public let hyperparameters: Hyperparameters
  /// The average m, nothing else.
  public let state: [NamedArena]
  private let plan: ChunkPlan
  private let m: Arena

  /// An optimizer at m = 0 for an arena of `count` parameters. Throws ``MemoryError``.
  ///
  /// - Parameter ranges: ascending and disjoint; what lies between them is left alone.
  public init(
    _ hyperparameters: Hyperparameters = Hyperparameters(), ranges: [ParameterRange], count: Int,
    on team: ThreadTeam
  ) throws(MemoryError) {
    self.hyperparameters = hyperparameters
    plan = ChunkPlan(ranges, count: count)
    m = try Arena(count: count, touchedBy: team)
    state = [NamedArena(name: "m", arena: m)]
  }

  /// Never.
  public func wantsCurvature(step t: Int) -> Bool { false }

  /// The step of ``Optimizer``; `t` does not enter it and no curvature is looked at.
  public func step(
    _ theta: TensorView, gradient: TensorView, step t: Int, learningRate: Double,
    gradientScale: Float = 1, curvature: Curvature? = nil, on team: ThreadTeam
  ) -> StepStatistics {
    precondition(
      theta.count == m.count && gradient.count == m.count,
      "Lion.step: made for \(m.count) parameters, got \(theta.count), gradient \(gradient.count)")
    let settings = hyperparameters
    let pass = LionPass(
      theta: theta.base, m: m.base, g: gradient.base, directionWeight: Float(1 - settings.beta1),
      momentumWeight: Float(1 - settings.beta2), rate: Float(-learningRate),
      weightDecay: Float(settings.weightDecay), gradientScale: gradientScale)
    return plan.reduce(on: team, pass.step)
  }
}
