/// Turns tokens into text as they come, never splitting a character: bytes that begin a character are
/// held back until it is whole or cannot become one. All pieces together are exactly
/// `String(decoding: allBytes, as: UTF8.self)`, ill-formed bytes being U+FFFD; the `bytes` forms give the
/// same pieces as raw bytes.
public struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skippingSpecial: Bool
  private var held: [UInt8] = []

  /// A decoder with nothing held back.
  ///
  /// - skippingSpecial: whether special tokens give no text instead of their content.
  public init(_ tokenizer: Tokenizer, skippingSpecial: Bool = false) {
    self.tokenizer = tokenizer
    self.skippingSpecial = skippingSpecial
  }

  /// Takes one token; returns the text that is certain now, often empty in the middle of a character.
  public mutating func append(_ id: UInt32) -> String {
    String(decoding: appendBytes(id), as: UTF8.self)
  }

  /// Takes several tokens; returns the text that is certain now.
  public mutating func append(_ ids: some Sequence<UInt32>) -> String {
    var bytes: [UInt8] = []
    for id in ids { bytes += appendBytes(id) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Takes one token; returns the bytes of the text that is certain now.
  public mutating func appendBytes(_ id: UInt32) -> [UInt8] {
    if skippingSpecial, tokenizer.isSpecial(id) { return [] }
    var bytes = held
    bytes += tokenizer.vocabulary.bytes(of: id)
    let unfinished = UTF8Sequence.unfinishedSuffix(of: bytes)
    held = Array(bytes.suffix(unfinished))
    bytes.removeLast(unfinished)
    return bytes
  }

  /// Ends the text: what is still held back, an unfinished character, comes out as U+FFFD. The decoder
  /// is then as new.
  public mutating func finish() -> String { String(decoding: finishBytes(), as: UTF8.self) }

  /// Ends the text: returns the bytes that are still held back.
  public mutating func finishBytes() -> [UInt8] {
    defer { held = [] }
    return held
  }
}
