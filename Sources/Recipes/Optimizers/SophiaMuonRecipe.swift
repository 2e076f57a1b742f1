import Optimizers

/// Ours: Muon for the layers' matrices, Sophia-G for embeddings, biases and LayerNorm.
public struct SophiaMuonRecipe: MuonFamily, SophiaFamily {
  /// `sophia-muon`.
  public let name = "sophia-muon"
  /// Whose it is, and where it is the default.
  public let note =
    "ours, default of presets but nano: Muon for matrices, Sophia-G for embeddings and vectors"
  /// μ, Sophia's and the common ones.
  public let keys = Self.commonKeys + Self.sophiaKeys + ["momentum", "sophia-lr"]
  let restKey = "sophia-lr"

  /// Muon's for matrices, for the rest what small batches want of Sophia-G at any size of the model.
  public func setDefaults(_ c: inout TrainingConfiguration, width: Int?) {
    c.weightDecay = Muon.Hyperparameters().weightDecay
    (c.lr, c.sophiaLR) = (Self.matrixLR, Self.restLR(width: width))
    let h = Sophia.Hyperparameters()
    (c.beta2, c.gamma, c.curvatureInterval) = (h.beta2, h.rho, h.interval)
    (c.beta1, c.epsilon) = (0.8, 1e-5)
    // 0.012 to 0.02 nats ahead of Muon's 0.95 (Benchmarks/study).
    c.momentum = 0.9
  }

  /// Checks rates, form, refreshes and numbers.
  public func validate(_ c: TrainingConfiguration) throws(ConfigurationError) {
    try validateRates(c)
    guard [.paper, .nesterov].contains(c.sophia.form) else {
      throw ConfigurationError(
        "--sophia-form \(c.sophiaForm): sophia-muon has paper and nesterov only, "
          + "--optimizer sophia-g has all")
    }
    try validateRefreshes(c)
    try check(restKey: restKey) { () throws(HyperparameterError) in
      try hyperparameters(c).validate()
    }
  }

  func restLR(_ c: TrainingConfiguration) -> Double { c.sophiaLR }
  func rest(_ c: TrainingConfiguration) -> Muon.Rest { .sophia(c.sophia) }
}
