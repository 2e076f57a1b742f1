/// What random numbers are for: the fourth word of ``Philox``'s counter, so that no two uses share
/// any under one seed. A use that needs several streams owns the ``count`` numbers from its own on.
public enum RandomStream: UInt32, Sendable, CaseIterable {
  /// Initial weights: a stream a tensor, in the order of the table.
  case weights = 0x1000_0000
  /// Labels of Sophia's estimator.
  case labels = 0x2000_0000
  /// Directions of Hessian-vector products: a stream an attempt of a draw.
  case probes = 0x3000_0000
  /// Tokens of generated texts.
  case texts = 0x4000_0000
  /// The order of the training windows.
  case windowOrder = 0x4441_0001
  /// Which documents are held out.
  case documentSplit = 0x4441_0002
  /// The built-in corpus: "stor" in ASCII.
  case stories = 0x7374_6F72

  /// How many streams it owns.
  @inlinable public var count: UInt32 {
    switch self {
    case .weights, .probes: 1 << 28
    case .labels, .texts, .windowOrder, .documentSplit, .stories: 1
    }
  }

  /// Number `offset` of its streams.
  @inlinable public func number(_ offset: UInt32 = 0) -> UInt32 {
    precondition(offset < count, "RandomStream.\(self): \(offset) of \(count) streams")
    return rawValue + offset
  }
}
