public import Machine
public import Optimizers
public import Transformer

/// Sophia with the Gauss–Newton–Bartlett estimator.
public struct SophiaGRecipe: SophiaFamily {
  /// `sophia-g`.
  public let name = "sophia-g"
  /// Where it is the default.
  public let note = "default where the model names none"
  /// Sophia's and the common ones.
  public let keys = Self.commonKeys + Self.sophiaKeys

  /// The numbers of the form.
  public func setDefaults(_ c: inout TrainingConfiguration, width: Int?) { setSophiaDefaults(&c) }

  /// Checks refreshes and numbers.
  public func validate(_ c: TrainingConfiguration) throws(ConfigurationError) {
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
