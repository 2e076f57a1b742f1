/// The fixed part of the validation data that every evaluation of a run looks at: consecutive
/// windows of T tokens from its start.
public struct ValidationSlice: Sendable {
  /// The tokens.
  public let stream: TokenStream
  /// T: tokens of a window.
  public let context: Int
  /// Number of windows, at least 1.
  public let count: Int

  /// As many windows of `context` tokens as `maxTokens` (nil: all) allows, but at least one. Throws
  /// ``DatasetError`` if there are fewer tokens than one window and its last target.
  public init(
    _ stream: TokenStream, context: Int, maxTokens: Int?, name: String = "validation data"
  ) throws(DatasetError) {
    try TokenWindows.require(stream, context: context, name: name)
    self.stream = stream
    self.context = context
    let all = (stream.count - 1) / context
    count = max(1, min(all, (maxTokens ?? .max) / context))
  }

  /// Positions in the stream of the tokens that are predicted.
  public var targets: Range<Int> { 1..<count * context + 1 }

  /// Bytes of text that the predicted tokens stand for: a loss of `nats` a token is
  /// `nats * targets.count / ln 2 / bytes` bits a byte.
  ///
  /// - lengths: bytes of each token id, see ``TokenLengths``.
  public func textBytes(_ lengths: TokenLengths) -> Int { lengths.bytes(of: stream, in: targets) }

  /// Copies `count` windows from the window `first` on.
  ///
  /// - tokens: (count, T)
  /// - targets: (count, T)
  @inlinable
  public func fillBatch<Element: FixedWidthInteger>(
    first: Int, count: Int, tokens: UnsafeMutablePointer<Element>,
    targets: UnsafeMutablePointer<Element>
  ) {
    precondition(
      first >= 0 && count >= 0 && first + count <= self.count,
      "ValidationSlice: windows \(first)+\(count) outside 0..<\(self.count)")
    let start = first * context
    let elements = count * context
    stream.copy(from: start, into: UnsafeMutableBufferPointer(start: tokens, count: elements))
    stream.copy(from: start + 1, into: UnsafeMutableBufferPointer(start: targets, count: elements))
  }
}
