import Machine
public import Optimizers
import Transformer

/// What the recipes have in common that are Sophia's for all parameters or for some.
protocol SophiaFamily: OptimizerRecipe {}

extension SophiaFamily {
  static var sophiaKeys: [String] {
    [
      "sophia-form", "gamma", "auto-rho", "bias-correct-h", "epsilon", "curvature-interval",
      "curvature-share", "curvature-groups",
    ]
  }

  /// Version 1's units.
  ///
  /// Defaults are for updates clipped to ±1; version 1 clips to ±ρ: the same steps in its units.
  public func finish(_ c: inout TrainingConfiguration, isGiven: (String) -> Bool) {
    guard c.sophia.form == .v1 && c.gamma > 0 else { return }
    if !isGiven("lr") { c.lr /= c.gamma }
    if !isGiven("weight-decay") { c.weightDecay *= c.gamma }
    // max(γh, ε) = γ·max(h, ε/γ); where no layer has an ε, it is version 1's own.
    if !isGiven("epsilon") && c.epsilon != Sophia.Hyperparameters.v1.epsilon {
      c.epsilon /= c.gamma
    }
  }

  /// The numbers of the form that is chosen.
  func setSophiaDefaults(_ c: inout TrainingConfiguration) {
    let h: Sophia.Hyperparameters =
      switch c.sophia.form {
      case .paper, .nesterov: .init()
      case .v1: .v1
      case .official: .official
      }
    (c.beta1, c.beta2, c.gamma, c.epsilon) = (h.beta1, h.beta2, h.rho, h.epsilon)
    (c.weightDecay, c.curvatureInterval) = (h.weightDecay, h.interval)
  }

  /// Checks what concerns refreshes.
  func validateRefreshes(_ c: TrainingConfiguration) throws(ConfigurationError) {
    guard !c.biasCorrectH || c.spikeGuard == 0 else {
      throw ConfigurationError(
        "--spike-guard with --bias-correct-h: going back would undo refreshes that the correction "
          + "counts; leave one of them away")
    }
    guard c.curvatureGroups <= c.curvatureSequences else {
      throw ConfigurationError(
        "--curvature-groups \(c.curvatureGroups) is more than the \(c.curvatureSequences) sequences of a "
          + "refresh (--curvature-share \(c.curvatureShare) of \(c.sequences)): lower it, or raise the share"
      )
    }
  }

  /// GNB: the authors' code clips the sampled gradient before it squares.
  public func curvature(_ c: TrainingConfiguration) -> CurvatureSource? {
    .sampledLabels(isClipped: c.sophia.form == .official)
  }

  /// Form, probes, correction, groups and band.
  public func description(_ c: TrainingConfiguration) -> String {
    let groups = c.curvatureGroups > 1 ? ", curvature in \(c.curvatureGroups) groups" : ""
    let probe = keys.contains("probe") ? ", \(c.probe) probes" : ""
    let bias = c.biasCorrectH ? ", h corrected for bias" : ""
    let band = c.autoRho.map { ", win rate held in \($0)" } ?? ""
    return "\(name) (form \(c.sophiaForm)\(probe)\(bias)\(groups)\(band))"
  }
}

/// Recipes whose parameters are all Sophia's; they differ in their estimators.
protocol WholeSophia: SophiaFamily {}

extension WholeSophia {
  /// Checks refreshes and numbers.
  public func validate(_ c: TrainingConfiguration) throws(ConfigurationError) {
    try validateSophia(c)
  }

  /// Checks refreshes and numbers.
  func validateSophia(_ c: TrainingConfiguration) throws(ConfigurationError) {
    try validateRefreshes(c)
    try check { () throws(HyperparameterError) in try c.sophia.validate() }
  }

  /// All parameters are Sophia's.
  public func make(
    _ c: TrainingConfiguration, for table: ParameterTable, on team: ThreadTeam
  ) throws(MemoryError) -> any Optimizer {
    try Sophia(c.sophia, ranges: ranges(c, table.entries), count: table.count, on: team)
  }

  /// m and h.
  public func stateBytes(of table: ParameterTable) -> Int { 2 * 4 * table.count }
}

extension TrainingConfiguration {
  /// Sophia's numbers.
  public var sophia: Sophia.Hyperparameters {
    var h = Sophia.Hyperparameters()
    h.form = Sophia.Form(rawValue: self.sophiaForm) ?? .paper
    (h.beta1, h.beta2, h.rho, h.epsilon) = (self.beta1, self.beta2, self.gamma, self.epsilon)
    (h.weightDecay, h.interval, h.biasCorrectsH) = (
      self.weightDecay, self.curvatureInterval, self.biasCorrectH
    )
    return h
  }
}
