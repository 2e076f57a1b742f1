public import Machine
public import Optimizers
public import Transformer

/// AdamW as torch has it.
public struct AdamWRecipe: OptimizerRecipe {
  /// `adamw`.
  public let name = "adamw"
  /// Nothing.
  public let note = ""
  /// ε and the common ones.
  public let keys = Self.commonKeys + ["epsilon"]

  /// Those of ``AdamW/Hyperparameters``.
  public func setDefaults(_ c: inout TrainingConfiguration, width: Int?) {
    let h = AdamW.Hyperparameters()
    (c.beta1, c.beta2, c.epsilon, c.weightDecay) = (h.beta1, h.beta2, h.epsilon, h.weightDecay)
  }

  /// Checks its numbers.
  public func validate(_ c: TrainingConfiguration) throws(ConfigurationError) {
    try check { () throws(HyperparameterError) in try c.adamW.validate() }
  }

  /// All parameters are AdamW's.
  public func make(
    _ c: TrainingConfiguration, for table: ParameterTable, on team: ThreadTeam
  ) throws(MemoryError) -> any Optimizer {
    try AdamW(c.adamW, ranges: ranges(c, table.entries), count: table.count, on: team)
  }

  /// m and v.
  public func stateBytes(of table: ParameterTable) -> Int { 2 * 4 * table.count }
}

extension TrainingConfiguration {
  /// AdamW's numbers.
  public var adamW: AdamW.Hyperparameters {
    var h = AdamW.Hyperparameters()
    (h.beta1, h.beta2, h.epsilon, h.weightDecay) = (
      self.beta1, self.beta2, self.epsilon, self.weightDecay
    )
    return h
  }
}
