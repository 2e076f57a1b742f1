/// Which documents are held back for validation: a function of the number of documents, the
/// fraction and the seed alone.
struct DocumentSplit {
  /// Number of documents held back. With a fraction above 0 and two documents or more, at least
  /// one, and at least one is left.
  let validationCount: Int
  private let order: WindowOrder?

  /// Holds back `fraction` (0 ..< 1) of `documents` documents.
  init(documents: Int, fraction: Double, seed: UInt64) {
    precondition(fraction >= 0 && fraction < 1, "DocumentSplit: fraction \(fraction) outside 0..<1")
    guard documents >= 2, fraction > 0 else {
      (validationCount, order) = (0, nil)
      return
    }
    let share = Int((Double(documents) * fraction).rounded())
    validationCount = min(max(share, 1), documents - 1)
    order = WindowOrder(count: documents, seed: seed, stream: .documentSplit)
  }

  /// Whether the document at `index` is held back.
  func isValidation(_ index: Int) -> Bool {
    guard let order else { return false }
    return order.window(epoch: 0, index: index) < validationCount
  }
}
