import Optimizers

/// Muon for the layers' matrices, AdamW for embeddings, biases and LayerNorm.
public struct MuonRecipe: MuonFamily {
  /// `muon`.
  public let name = "muon"
  /// What moves the rest.
  public let note = "with AdamW for embeddings and vectors"
  /// μ, AdamW's and the common ones.
  public let keys = Self.commonKeys + ["momentum", "adamw-lr", "epsilon"]
  let restKey = "adamw-lr"

  /// Those of ``Muon/Hyperparameters``, and learning rates.
  public func setDefaults(_ c: inout TrainingConfiguration, width: Int?) {
    let h = Muon.Hyperparameters()
    (c.momentum, c.weightDecay) = (h.momentum, h.weightDecay)
    (c.lr, c.adamWLR) = (Self.matrixLR, Self.restLR(width: width))
    if case .adamW(let adamW) = h.rest {
      (c.beta1, c.beta2, c.epsilon) = (adamW.beta1, adamW.beta2, adamW.epsilon)
    }
  }

  /// Checks rates and numbers.
  public func validate(_ c: TrainingConfiguration) throws(ConfigurationError) {
    try validateRates(c)
    try check(restKey: restKey) { () throws(HyperparameterError) in
      try hyperparameters(c).validate()
    }
  }

  func restLR(_ c: TrainingConfiguration) -> Double { c.adamWLR }
  func rest(_ c: TrainingConfiguration) -> Muon.Rest { .adamW(c.adamW) }
}
