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
/// denominator reads ρ·bs·h_code + 1e-15. Version 1 of the paper clips m / max(h, ε) to ±ρ₁, which is
/// a form of its own here because its η and λ have other units: ρ = ρ₁, η = ρ₁·η₁ and λ = λ₁/ρ₁ in
/// the other forms are the same steps. m is never corrected for its start at zero, h on request.
public final class Sophia: Optimizer {
  /// Which of the published updates.
  public enum Form: String, Sendable, Equatable, CaseIterable {
    /// Algorithm 3: h is refreshed before the update of the same step, at t mod k = 0, and the
    /// denominator is max(ρ·h, ε).
    case paper
    /// Version 1 of arXiv 2305.14342: h is refreshed as in `paper`, and the update is
    /// clip(m / max(h, ε), ±ρ). So η multiplies a Newton step and no coordinate moves by more than
    /// η·ρ. ρ counts label terms as h does, in tokens: the 20 that goes with B counted in sequences
    /// of 1,024 tokens is 20/1,024.
    case v1
    /// `sophia.py` of the authors: h is refreshed after the update, at t mod k = k − 1, and the
    /// denominator is ρ·h + ε.
    case official
    /// Ours: `paper` with Nesterov's momentum (Dozat 2016, as Muon and NAdam use it): β1·m + (1 − β1)·g
    /// is in the update where m was, m being that after the step's own average.
    case nesterov
  }

  /// β1, β2, ρ, ε, λ and k.
  public struct Hyperparameters: Sendable, Equatable {
    /// Which update.
    public var form = Form.paper
    /// Decay of m a step.
    public var beta1 = 0.96
    /// Decay of h a refresh.
    public var beta2 = 0.99
    /// ρ, the paper's γ: larger lets curvature limit more coordinates (a larger win rate). In version
    /// 1 it is also the limit of the update.
    public var rho = 0.05
    /// Floor of (paper, v1), or addend to (official), the denominator.
    public var epsilon = 1e-12
    /// λ, decoupled, times η.
    public var weightDecay = 0.2
    /// k: a refresh every so many steps.
    public var interval = 10
    /// Whether the update takes h / (1 − β2ⁿ), n the refreshes so far, as Adam does with its v:
    /// h starts at zero and without it is 1 %, 10 %, 63 % of its stationary value after 1, 10, 100
    /// refreshes at β2 = 0.99. The state holds h as it is. None of the published forms has it.
    public var biasCorrectsH = false

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

    /// The form of the paper's first version, with its ρ for this estimator.
    public static var v1: Self {
      var v1 = Self()
      v1.form = .v1
      v1.rho = 20.0 / 1024
      return v1
    }

    /// Throws a ``HyperparameterError`` that names the first one outside its range.
    public func validate() throws(HyperparameterError) {
      try HyperparameterError.checkDecay("beta1", beta1)
      try HyperparameterError.checkDecay("beta2", beta2)
      try HyperparameterError.check("rho", rho, "0 < rho < 1e6", rho > 0 && rho < 1e6)
      try HyperparameterError.checkEpsilon(epsilon)
      try HyperparameterError.checkWeightDecay(weightDecay)
      try HyperparameterError.check("interval", Double(interval), "interval ≥ 1", interval >= 1)
    }

    /// Steps 0, k, 2k, … in the paper's forms; k − 1, 2k − 1, … in the official one.
    func wantsCurvature(step t: Int) -> Bool {
      t % interval == (form == .official ? interval - 1 : 0)
    }

    /// How often h has been refreshed when step `t` updates θ, if every step that wants a curvature
    /// was given one. A coordinate in quarantine counts as refreshed.
    func refreshes(at t: Int) -> Int { t / interval + (form == .official ? 0 : 1) }
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
    m = try Arena(count: count, touchedBy: team)
    h = try Arena(count: count, touchedBy: team)
    state = [NamedArena(name: "m", arena: m), NamedArena(name: "h", arena: h)]
  }

  /// Steps 0, k, 2k, … in the paper's forms; k − 1, 2k − 1, … in the official one.
  public func wantsCurvature(step t: Int) -> Bool { hyperparameters.wantsCurvature(step: t) }

  /// The step of ``Optimizer``. When an estimate is given, h is refreshed, before the update or after
  /// it as the form has it; `t` enters the bias correction of h alone. A coordinate whose refresh is not finite
  /// keeps its h and is counted as quarantined.
  public func step(
    _ theta: TensorView, gradient: TensorView, step t: Int, learningRate: Double,
    gradientScale: Float = 1, curvature: Curvature? = nil, on team: ThreadTeam
  ) -> StepStatistics {
    precondition(
      theta.count == m.count && gradient.count == m.count
        && (curvature?.gradient?.count ?? m.count) == m.count,
      "Sophia.step: made for \(m.count) parameters, got \(theta.count), gradient \(gradient.count)")
    let pass = SophiaPass(
      hyperparameters, theta: theta.base, m: m.base, h: h.base, g: gradient.base,
      curvature: curvature, step: t, learningRate: learningRate, gradientScale: gradientScale)
    return plan.reduce(on: team, pass.step)
  }
}
