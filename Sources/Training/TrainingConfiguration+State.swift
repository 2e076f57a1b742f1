import Machine
import Optimizers
import Transformer

/// The optimizer that a configuration names, and what it will take, counted before it is made.
extension TrainingConfiguration {
  /// The optimizer for the tensors of `table`, its state at zero. Throws ``MemoryError``.
  func makeOptimizer(
    of table: ParameterTable, on team: ThreadTeam
  ) throws(MemoryError) -> any Optimizer {
    let ranges = self.ranges(table.entries)
    switch optimizerName {
    case .sophiaG, .sophiaH: return try Sophia(sophia, ranges: ranges, count: table.count, on: team)
    case .adamW: return try AdamW(adamW, ranges: ranges, count: table.count, on: team)
    case .lion: return try Lion(lion, ranges: ranges, count: table.count, on: team)
    case .muon, .sophiaMuon:
      return try Muon(
        muon, matrices: Self.matrices(table),
        ranges: self.ranges(table.entries.filter { $0.matrices == 0 }), count: table.count, on: team
      )
    }
  }

  private func ranges(_ entries: [ParameterTable.Entry]) -> [ParameterRange] {
    entries.map {
      let ratio = $0.matrices > 0 ? matrixLRRatio : $0.shape.count == 1 ? vectorLRRatio : 1
      return ParameterRange(
        offset: $0.offset, count: $0.count, decayed: $0.decayed, rateFactor: Float(ratio))
    }
  }

  /// The linear maps of the layers. c_attn is three of them, q, k and v each for itself, as in the
  /// reference implementation's models: their gradients have different scales, and one
  /// orthogonalization of all three would let the largest decide the others' steps.
  private static func matrices(_ table: ParameterTable) -> [MatrixRange] {
    table.entries.filter { $0.matrices > 0 }.flatMap {
      MatrixRange.sideBySide(
        $0.matrices, offset: $0.offset, rows: $0.shape[0], columns: $0.shape[1],
        decayed: $0.decayed)
    }
  }

  /// Bytes of the state arenas: m, and v or h where there is one.
  func stateBytes(of table: ParameterTable) -> Int {
    switch optimizerName {
    case .sophiaG, .sophiaH, .adamW: 2 * 4 * table.count
    case .lion: 4 * table.count
    case .muon, .sophiaMuon:
      4 * table.entries.reduce(0) { $0 + ($1.matrices > 0 ? 1 : 2) * $1.count }
    }
  }

  /// Bytes of the copy that the guard against spikes goes back to.
  func lastGoodBytes(of table: ParameterTable) -> Int {
    spikeGuard > 0 ? 4 * table.count + stateBytes(of: table) : 0
  }

  /// Bytes of the mean over the curvature's groups, if there are several.
  func curvatureMeanBytes(of table: ParameterTable) -> Int {
    optimizerName.isSophia && curvatureGroups > 1 ? 4 * table.count : 0
  }

  /// Bytes that the optimizer's step needs besides.
  func workspaceBytes(of table: ParameterTable, threads: Int) -> Int {
    optimizerName.isMuon ? Muon.workspaceBytes(Self.matrices(table), threads: threads) : 0
  }
}
