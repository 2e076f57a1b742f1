import Machine
import Optimizers
import Transformer

/// What the recipes have in common that orthogonalize the layers' matrices and leave the rest, that is
/// embeddings, biases and LayerNorm, to another optimizer.
protocol MuonFamily: OptimizerRecipe {
  /// The key of the learning rate of the rest.
  var restKey: String { get }
  /// Peak learning rate of the embeddings.
  func restLR(_ c: TrainingConfiguration) -> Double
  /// What moves the rest; the coordinates there do not decay.
  func rest(_ c: TrainingConfiguration) -> Muon.Rest
}

extension MuonFamily {
  /// In units of the spectral norm, at any width (Jordan's README).
  static var matrixLR: Double { 0.02 }

  /// What embeddings want when matrices have a rate of their own: 8e-3 at a width of 128
  /// (Benchmarks/study). Where each coordinate moves by ±η, logits move with C·η, and 8e-3 is too much
  /// at 384.
  static func restLR(width: Int?) -> Double { min(8e-3, 1 / Double(max(1, width ?? 128))) }

  /// Muon's numbers; β1, β2 and ε are those of what moves the rest.
  func hyperparameters(_ c: TrainingConfiguration) -> Muon.Hyperparameters {
    var h = Muon.Hyperparameters()
    (h.momentum, h.weightDecay) = (c.momentum, c.weightDecay)
    (h.rest, h.restRate) = (rest(c), restLR(c) / c.lr)
    return h
  }

  /// Checks the learning rates, before what else there is to check.
  func validateRates(_ c: TrainingConfiguration) throws(ConfigurationError) {
    guard c.lr > 0 else {
      throw ConfigurationError(
        "--lr \(c.lr): \(name) expects more than 0; --\(restKey) is kept in proportion")
    }
    guard c.matrixLRRatio == 1 else {
      throw ConfigurationError(
        "--matrix-lr-ratio \(c.matrixLRRatio): with \(name), --lr is the matrices' and --\(restKey) "
          + "that of the rest; the ratio is for --optimizer sophia-g and the others")
    }
  }

  /// Muon for the matrices and for the rest what ``rest(_:)`` says.
  public func make(
    _ c: TrainingConfiguration, for table: ParameterTable, on team: ThreadTeam
  ) throws(MemoryError) -> any Optimizer {
    try Muon(
      hyperparameters(c), matrices: matrices(table),
      ranges: ranges(c, table.entries.filter { $0.matrices == 0 }), count: table.count, on: team)
  }

  /// m, and of the rest a second average.
  public func stateBytes(of table: ParameterTable) -> Int {
    4 * table.entries.reduce(0) { $0 + ($1.matrices > 0 ? 1 : 2) * $1.count }
  }

  /// What the orthogonalization takes.
  public func workspaceBytes(of table: ParameterTable, threads: Int) -> Int {
    Muon.workspaceBytes(matrices(table), threads: threads)
  }

  /// Rates of their own for matrices and rest.
  public func rates(_ c: TrainingConfiguration) -> LearningRates {
    let rest = restLR(c)
    return LearningRates(matrices: c.lr, embeddings: rest, vectors: rest * c.vectorLRRatio)
  }

  /// The linear maps of the layers. c_attn is three of them, q, k and v each for itself, as in the
  /// reference implementation's models: their gradients have different scales, and one
  /// orthogonalization of all three would let the largest decide the others' steps.
  private func matrices(_ table: ParameterTable) -> [MatrixRange] {
    table.entries.filter { $0.matrices > 0 }.flatMap {
      MatrixRange.sideBySide(
        $0.matrices, offset: $0.offset, rows: $0.shape[0], columns: $0.shape[1],
        decayed: $0.decayed)
    }
  }
}
