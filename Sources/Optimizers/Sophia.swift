public import Machine

/// Sophia-G (Liu, Li, Hall, Liang, Ma, "Sophia: A Scalable Stochastic Second-order Optimizer for
/// Language Model Pre-training", arXiv 2305.14342), on flat arenas:
///
///     m ← β1·m + (1 − β1)·g
///     h ← β2·h + (1 − β2)·B_c·ĝ²            on the steps with a curvature
///     θ ← θ − ηλθ − η·clip(m / denominator, ±1)
///
/// ĝ is the gradient of the mean cross-entropy over B_c labels drawn from the model. h always holds
/// the average *with* B_c in it, whatever the form, so ρ means the same everywhere: it is the
/// paper's γ (arXiv v3 and later) and the ρ of the authors' code, where h_code = h / B and the
/// denominator reads ρ·bs·h_code + 1e-15. Version 1 of the paper clips m / max(h, ε) to ±ρ₁: that is
/// ρ = ρ₁ here with η = ρ₁·η₁. Neither average is corrected for its start at zero.
public final class Sophia: Optimizer {
  /// Which of the published updates.
  public enum Form: String, Sendable, Equatable, CaseIterable {
    /// Algorithm 3: h is refreshed before the update of the same step, at t mod k = 0, and the
    /// denominator is max(ρ·h, ε).
    case paper
    /// `sophia.py` of the authors: h is refreshed after the update, at t mod k = k − 1, and the
    /// denominator is ρ·h + ε.
    case official
  }

  /// β1, β2, ρ, ε, λ and k.
  public struct Hyperparameters: Sendable, Equatable {
    /// Which update.
    public var form = Form.paper
    /// Decay of m a step.
    public var beta1 = 0.96
    /// Decay of h a refresh.
    public var beta2 = 0.99
    /// ρ, the paper's γ: larger lets curvature limit more coordinates (a larger win rate).
    public var rho = 0.05
    /// Floor of (paper), or addend to (official), the denominator.
    public var epsilon = 1e-12
    /// λ, decoupled, times η.
    public var weightDecay = 0.2
    /// k: a refresh every so many steps.
    public var interval = 10

    /// The defaults: those of the paper.
    public init() {}

    /// The form and numbers of the authors' code for GPT-2 small.
    public static var official: Self {
      var official = Self()
      official.form = .official
      official.beta1 = 0.965
      official.epsilon = 1e-15
      return official
    }

    /// Throws a ``HyperparameterError`` that names the first one outside its range.
    public func validate() throws(HyperparameterError) {
      try HyperparameterError.check("beta1", beta1, "0 ≤ beta1 < 1", beta1 >= 0 && beta1 < 1)
      try HyperparameterError.check("beta2", beta2, "0 ≤ beta2 < 1", beta2 >= 0 && beta2 < 1)
      try HyperparameterError.check("rho", rho, "0 < rho < 1e6", rho > 0 && rho < 1e6)
      try HyperparameterError.check(
        "epsilon", epsilon, "1e-30 ≤ epsilon ≤ 1", epsilon >= 1e-30 && epsilon <= 1)
      try HyperparameterError.check(
        "weight decay", weightDecay, "0 ≤ weight decay < 1e6", weightDecay >= 0 && weightDecay < 1e6
      )
      try HyperparameterError.check("interval", Double(interval), "interval ≥ 1", interval >= 1)
    }
  }

  /// What this optimizer was made with.
  public let hyperparameters: Hyperparameters
  /// The averages: m, then h.
  public let state: [NamedArena]
  private let plan: ChunkPlan
  private let m: Arena
  private let h: Arena

  /// An optimizer at m = h = 0 for an arena of `count` parameters.
  ///
  /// - Parameter ranges: ascending and disjoint; what lies between them is left alone.
  public init(
    _ hyperparameters: Hyperparameters = Hyperparameters(), ranges: [ParameterRange], count: Int,
    on team: ThreadTeam
  ) throws(MemoryError) {
    self.hyperparameters = hyperparameters
    plan = ChunkPlan(ranges, count: count)
    m = try plan.makeArena(count: count, on: team)
    h = try plan.makeArena(count: count, on: team)
    state = [NamedArena(name: "m", arena: m), NamedArena(name: "h", arena: h)]
  }

  /// Steps 0, k, 2k, … in the paper's form; k − 1, 2k − 1, … in the official one.
  public func wantsCurvature(step t: Int) -> Bool {
    let k = hyperparameters.interval
    return t % k == (hyperparameters.form == .paper ? 0 : k - 1)
  }

  /// The step of ``Optimizer``. `t` does not enter it: when a curvature is given, h is refreshed,
  /// before the update or after it as the form has it. A coordinate whose refresh is not finite
  /// keeps its h and is counted as quarantined.
  public func step(
    _ theta: TensorView, gradient: TensorView, step t: Int, learningRate: Double,
    gradientScale: Float = 1, curvature: Curvature? = nil, on team: ThreadTeam
  ) -> StepStatistics {
    precondition(
      theta.count == m.count && gradient.count == m.count
        && (curvature?.gradient.count ?? m.count) == m.count,
      "Sophia.step: made for \(m.count) parameters, got \(theta.count), gradient \(gradient.count)")
    let settings = hyperparameters
    let pass = SophiaPass(
      form: settings.form, theta: theta.base, m: m.base, h: h.base, g: gradient.base,
      gHat: curvature?.gradient.base, momentumWeight: Float(1 - settings.beta1),
      curvatureWeight: Float(1 - settings.beta2), rho: Float(settings.rho),
      epsilon: Float(settings.epsilon), rate: Float(-learningRate),
      weightDecay: Float(settings.weightDecay), gradientScale: gradientScale,
      gHatScale: curvature?.scale ?? 1, labelTerms: Float(curvature?.labelTerms ?? 1))
    return plan.reduce(on: team, pass.step)
  }
}
