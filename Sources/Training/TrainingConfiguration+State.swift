import Machine
import Optimizers
import Transformer

/// The optimizer that a configuration names, and what it will take, counted before it is made.
extension TrainingConfiguration {
  /// The optimizer for the tensors of `table`, its state at zero. Throws ``MemoryError``.
  func makeOptimizer(
    of table: ParameterTable, on team: ThreadTeam
  ) throws(MemoryError) -> any Optimizer {
    let ranges = table.entries.map {
      ParameterRange(offset: $0.offset, count: $0.count, decayed: $0.decayed)
    }
    switch optimizerName {
    case .sophiaG: return try Sophia(sophia, ranges: ranges, count: table.count, on: team)
    case .adamW: return try AdamW(adamW, ranges: ranges, count: table.count, on: team)
    case .lion: return try Lion(lion, ranges: ranges, count: table.count, on: team)
    }
  }

  /// Bytes of the state arenas: m, and v or h where there is one.
  func stateBytes(of table: ParameterTable) -> Int {
    switch optimizerName {
    case .sophiaG, .adamW: 2 * 4 * table.count
    case .lion: 4 * table.count
    }
  }
}
