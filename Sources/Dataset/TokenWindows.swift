/// Where training is in its data: the epoch, and the position in it. The whole state of the order
/// of the data: resuming from the value goes on exactly as if never interrupted, in O(1).
public struct BatchCursor: Sendable, Equatable {
  /// Passes over the data completed.
  public var epoch: Int
  /// Sequences of this pass already taken.
  public var index: Int

  /// A cursor; by default at the beginning.
  public init(epoch: Int = 0, index: Int = 0) {
    self.epoch = epoch
    self.index = index
  }
}

/// Training sequences: non-overlapping windows of T tokens with the targets one further on, visited
/// in each epoch in the order of a ``WindowOrder``. A stream of n tokens has ⌊(n − 1)/T⌋ windows.
///
/// A sequence has a global index: epoch · windows + position in the epoch. So a step that takes S
/// sequences from a first index on needs no state, and an epoch may end inside a batch.
public struct TokenWindows: Sendable {
  /// The tokens.
  public let stream: TokenStream
  /// T: tokens of a window.
  public let context: Int
  /// The permutation of each epoch.
  public let order: WindowOrder

  /// Windows of `context` (at least 1) tokens of `stream`, ordered by `seed`. Throws
  /// ``DatasetError`` if there are fewer tokens than one window and its last target; `name` says
  /// which in the message.
  public init(
    _ stream: TokenStream, context: Int, seed: UInt64, name: String = "training data"
  ) throws(DatasetError) {
    try Self.require(stream, context: context, name: name)
    self.stream = stream
    self.context = context
    order = WindowOrder(count: (stream.count - 1) / context, seed: seed)
  }

  static func require(
    _ stream: TokenStream, context: Int, name: String
  ) throws(DatasetError) {
    precondition(context >= 1, "TokenWindows: context \(context) < 1")
    guard stream.count > context else {
      throw DatasetError(
        .tooSmall, at: name,
        "holds \(stream.count) tokens, but one window needs \(context + 1): give more text or a smaller --context"
      )
    }
  }

  /// Windows an epoch.
  public var count: Int { order.count }

  /// The global index of the cursor's next sequence.
  public func globalIndex(of cursor: BatchCursor) -> Int { cursor.epoch * count + cursor.index }

  /// The cursor whose next sequence has this global index.
  public func cursor(at globalIndex: Int) -> BatchCursor {
    precondition(globalIndex >= 0, "TokenWindows: sequence \(globalIndex) < 0")
    return BatchCursor(epoch: globalIndex / count, index: globalIndex % count)
  }

  /// The cursor after `sequences` more.
  public func advance(_ cursor: BatchCursor, by sequences: Int) -> BatchCursor {
    self.cursor(at: globalIndex(of: cursor) + sequences)
  }

  /// The index in the stream of the first token of a sequence.
  public func start(of globalIndex: Int) -> Int {
    let cursor = cursor(at: globalIndex)
    return order.window(epoch: cursor.epoch, index: cursor.index) * context
  }

  /// Copies a sequence and its targets.
  ///
  /// - tokens: (T)
  /// - targets: (T), `targets[t]` is what follows `tokens[t]`
  @inlinable
  public func copySequence<Element: FixedWidthInteger>(
    _ globalIndex: Int, tokens: UnsafeMutablePointer<Element>,
    targets: UnsafeMutablePointer<Element>
  ) {
    let first = start(of: globalIndex)
    stream.copy(from: first, into: UnsafeMutableBufferPointer(start: tokens, count: context))
    stream.copy(from: first + 1, into: UnsafeMutableBufferPointer(start: targets, count: context))
  }

  /// Copies `count` sequences, from the global index `first` on.
  ///
  /// - tokens: (count, T)
  /// - targets: (count, T)
  @inlinable
  public func fillBatch<Element: FixedWidthInteger>(
    first: Int, count: Int, tokens: UnsafeMutablePointer<Element>,
    targets: UnsafeMutablePointer<Element>
  ) {
    for i in 0..<count {
      copySequence(first + i, tokens: tokens + i * context, targets: targets + i * context)
    }
  }
}
