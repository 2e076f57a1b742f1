/// Byte-level byte-pair encoding, byte-exact with GPT-2: any bytes to tokens and back.
///
/// Text is cut by GPT-2's pattern; in each piece the merge of the lowest rank is applied, leftmost first,
/// until none is left. Bytes that are not well-formed UTF-8 are encoded too and come back as they were.
/// Special tokens such as `<|endoftext|>` never come out of text: a document that spells one is encoded
/// as ordinary characters.
///
/// A value; copies share one immutable vocabulary. Safe to use from any number of threads.
public struct Tokenizer: Sendable {
  let vocabulary: Vocabulary

  init(_ vocabulary: Vocabulary) { self.vocabulary = vocabulary }

  /// Number of tokens, special ones included: ids are 0..<vocabularySize.
  public var vocabularySize: Int { vocabulary.count }

  /// The id of `<|endoftext|>`, if the vocabulary has it.
  public var endOfText: UInt32? { specialToken("<|endoftext|>") }

  /// The id of the special token with this content, if there is one.
  public func specialToken(_ content: String) -> UInt32? {
    vocabulary.specials.first { $0.content.elementsEqual(content.utf8) }?.id
  }

  /// Whether `id` is a special token.
  public func isSpecial(_ id: UInt32) -> Bool { vocabulary.isSpecial(id) }

  /// The bytes of one token: part of a character, a character, or several. None for an id outside the
  /// vocabulary; the content for a special token.
  public func bytes(of id: UInt32) -> [UInt8] { Array(vocabulary.bytes(of: id)) }

  /// The bytes of `ids`, joined. An id outside the vocabulary stands for no bytes, as in Hugging Face
  /// `tokenizers`; special tokens give their content unless `skippingSpecial`.
  public func decode(_ ids: some Sequence<UInt32>, skippingSpecial: Bool = false) -> [UInt8] {
    var bytes: [UInt8] = []
    for id in ids where !(skippingSpecial && isSpecial(id)) { bytes += vocabulary.bytes(of: id) }
    return bytes
  }

  /// The tokens of `text` (its UTF-8), on this thread.
  public func encode(_ text: String) -> [UInt32] { encode(text.utf8) }

  /// The tokens of `bytes`, on this thread.
  public func encode(_ bytes: some Collection<UInt8>) -> [UInt32] {
    Self.withSpan(of: bytes) { text in
      var encoder = TextEncoder(vocabulary, caching: text.count >= 4096)
      var ids: [UInt32] = []
      ids.reserveCapacity(text.count / 3)
      encoder.encode(text, 0..<text.count, into: &ids)
      return ids
    }
  }

  /// Calls `body` with the bytes of a collection, copied only if they are not contiguous.
  static func withSpan<Result>(
    of bytes: some Collection<UInt8>, _ body: (Span<UInt8>) -> Result
  ) -> Result {
    if let result = bytes.withContiguousStorageIfAvailable({ body($0.span) }) { return result }
    return body(Array(bytes).span)
  }
}
