public import Machine
public import Optimizers
public import Transformer

/// How an optimizer is described, tuned and made: all that the program knows of it. One type of these
/// and a line of ``OptimizerRegistry`` add an optimizer; no other place asks which one it is.
public protocol OptimizerRecipe: Sendable {
  /// The value of `--optimizer`.
  var name: String { get }
  /// What the help says in parentheses after the name; may be empty.
  var note: String { get }
  /// Keys of optimizers' settings (``SettingWords/isOptimizers``) that it reads. Others change nothing.
  var keys: [String] { get }

  /// Writes its own defaults. `c` has the chosen form and ``TrainingSettings/lr`` at its initial value.
  /// - width: C of the model; nil if unknown.
  func setDefaults(_ c: inout TrainingConfiguration, width: Int?)
  /// Changes defaults that depend on other values, once all layers are merged.
  /// - isGiven: whether a file or flag of the user has a key.
  func finish(_ c: inout TrainingConfiguration, isGiven: (String) -> Bool)
  /// Checks what concerns this optimizer.
  /// - Throws: ``ConfigurationError`` that names the flag.
  func validate(_ c: TrainingConfiguration) throws(ConfigurationError)

  /// The optimizer for the tensors of `table`, its state at zero.
  func make(
    _ c: TrainingConfiguration, for table: ParameterTable, on team: ThreadTeam
  ) throws(MemoryError) -> any Optimizer
  /// Bytes of its state.
  func stateBytes(of table: ParameterTable) -> Int
  /// Bytes that a step needs besides.
  func workspaceBytes(of table: ParameterTable, threads: Int) -> Int
  /// What the estimates of the curvature's diagonal are made from; nil: it wants none.
  func curvature(_ c: TrainingConfiguration) -> CurvatureSource?

  /// Peak learning rates by kind of parameter.
  func rates(_ c: TrainingConfiguration) -> LearningRates
  /// The optimizer and which of its variants, for the user.
  func description(_ c: TrainingConfiguration) -> String
}

/// What an estimate of the curvature's diagonal is made from.
public enum CurvatureSource: Sendable, Equatable {
  /// Gradients to labels that are drawn from the model (Gauss–Newton–Bartlett). `isClipped`: they are
  /// clipped by norm as the step's gradient is, before they are squared.
  case sampledLabels(isClipped: Bool)
  /// Exact Hessian-vector products with random directions (Hutchinson).
  case hessianProducts
}

/// Peak learning rates by kind of parameter.
public struct LearningRates: Sendable, Equatable {
  /// The layers' matrices.
  public var matrices: Double
  /// Embeddings.
  public var embeddings: Double
  /// Biases and LayerNorm.
  public var vectors: Double
}

extension OptimizerRecipe {
  /// Keys that every optimizer reads.
  static var commonKeys: [String] {
    ["lr", "matrix-lr-ratio", "vector-lr-ratio", "weight-decay", "beta1", "beta2"]
  }

  /// Nothing to change.
  public func finish(_ c: inout TrainingConfiguration, isGiven: (String) -> Bool) {}
  /// None.
  public func workspaceBytes(of table: ParameterTable, threads: Int) -> Int { 0 }
  /// None.
  public func curvature(_ c: TrainingConfiguration) -> CurvatureSource? { nil }
  /// `lr`, times the ratios.
  public func rates(_ c: TrainingConfiguration) -> LearningRates {
    LearningRates(
      matrices: c.lr * c.matrixLRRatio, embeddings: c.lr, vectors: c.lr * c.vectorLRRatio)
  }
  /// The name.
  public func description(_ c: TrainingConfiguration) -> String { name }

  /// What a row of the arena is to an optimizer whose η is that of the embeddings.
  func ranges(_ c: TrainingConfiguration, _ entries: [ParameterTable.Entry]) -> [ParameterRange] {
    entries.map {
      let ratio = $0.matrices > 0 ? c.matrixLRRatio : $0.shape.count == 1 ? c.vectorLRRatio : 1
      return ParameterRange(
        offset: $0.offset, count: $0.count, decayed: $0.decayed, rateFactor: Float(ratio))
    }
  }

  /// Runs the check of an optimizer's numbers, with its symbols turned into flags.
  /// - restKey: the key of the learning rate of what lies in no matrix, where it is another.
  func check(
    restKey: String = "lr", _ body: () throws(HyperparameterError) -> Void
  ) throws(ConfigurationError) {
    do {
      try body()
    } catch {
      let flags = [
        "rho": "gamma", "weight decay": "weight-decay", "interval": "curvature-interval",
        "rest rate": restKey,
      ]
      let flag = flags[error.name] ?? error.name
      let expected = error.expected.replacing(error.name, with: flag)
      throw ConfigurationError("--\(flag) \(error.value): \(name) expects \(expected)")
    }
  }
}
