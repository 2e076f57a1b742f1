import Kernels
import Machine

/// A matrix in an arena, (rows, columns).
struct WeightView {
  let base: UnsafeMutablePointer<Float>
  let rows, columns: Int

  /// For products: as it lies.
  var matrix: Matrix { Matrix(base, ld: columns) }
  /// Number of floats.
  var count: Int { rows * columns }
}

/// The tensors of one arena that is laid out by a ``ParameterTable``: parameters or gradients.
typealias ParameterViews = ModelTensors<WeightView, UnsafeMutablePointer<Float>>

extension ModelTensors where Weight == WeightView, Vector == UnsafeMutablePointer<Float> {
  /// - arena: of the table's size; it must outlive the views.
  init(_ table: ParameterTable, _ arena: Arena) {
    precondition(
      arena.count == table.count,
      "ParameterViews: arena of \(arena.count) floats for \(table.entries.count) tensors of "
        + "\(table.count)")
    self.init(
      table.config,
      weight: { entry in
        WeightView(
          base: arena.view(entry.offset, count: entry.count).base, rows: entry.shape[0],
          columns: entry.shape[1])
      }, vector: { entry in arena.view(entry.offset, count: entry.count).base })
  }
}
