import Machine

/// Pointers to the tensors of one arena that is laid out by a ``ParameterTable``: parameters or
/// gradients.
struct ParameterViews {
  /// The tensors of one layer, in the table's order.
  struct Layer {
    let ln1Weight, ln1Bias, attnWeight, attnBias, attnProjWeight, attnProjBias: Pointer
    let ln2Weight, ln2Bias, fcWeight, fcBias, fcProjWeight, fcProjBias: Pointer
  }
  typealias Pointer = UnsafeMutablePointer<Float>

  let wte, wpe: Pointer
  let layers: [Layer]
  let lnfWeight, lnfBias: Pointer

  init(_ table: ParameterTable, _ arena: Arena) {
    precondition(arena.count == table.count, "arena of \(arena.count) for \(table.count) floats")
    var next = table.entries.makeIterator()
    func take() -> Pointer { arena.base + (next.next()?.offset ?? 0) }
    (wte, wpe) = (take(), take())
    let count = (table.entries.count - ParameterTable.leading - 2) / ParameterTable.perLayer
    layers = (0..<count).map { _ in
      Layer(
        ln1Weight: take(), ln1Bias: take(), attnWeight: take(), attnBias: take(),
        attnProjWeight: take(), attnProjBias: take(), ln2Weight: take(), ln2Bias: take(),
        fcWeight: take(), fcBias: take(), fcProjWeight: take(), fcProjBias: take())
    }
    (lnfWeight, lnfBias) = (take(), take())
  }
}
