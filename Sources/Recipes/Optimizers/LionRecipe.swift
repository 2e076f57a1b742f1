public import Machine
public import Optimizers
public import Transformer

/// Lion.
public struct LionRecipe: OptimizerRecipe {
  /// `lion`.
  public let name = "lion"
  /// Nothing.
  public let note = ""
  /// The common ones.
  public let keys = Self.commonKeys

  /// Those of ``Lion/Hyperparameters``, and a lower learning rate.
  public func setDefaults(_ c: inout TrainingConfiguration, width: Int?) {
    let h = Lion.Hyperparameters()
    (c.beta1, c.beta2, c.weightDecay) = (h.beta1, h.beta2, h.weightDecay)
    // Chen et al. 2023, §5: 3 to 10 times smaller than AdamW's.
    c.lr /= 4
  }

  /// Checks its numbers.
  public func validate(_ c: TrainingConfiguration) throws(ConfigurationError) {
    try check { () throws(HyperparameterError) in try hyperparameters(c).validate() }
  }

  /// All parameters are Lion's.
  public func make(
    _ c: TrainingConfiguration, for table: ParameterTable, on team: ThreadTeam
  ) throws(MemoryError) -> any Optimizer {
    try Lion(hyperparameters(c), ranges: ranges(c, table.entries), count: table.count, on: team)
  }

  /// m alone.
  public func stateBytes(of table: ParameterTable) -> Int { 4 * table.count }

  private func hyperparameters(_ c: TrainingConfiguration) -> Lion.Hyperparameters {
    var h = Lion.Hyperparameters()
    (h.beta1, h.beta2, h.weightDecay) = (c.beta1, c.beta2, c.weightDecay)
    return h
  }
}
