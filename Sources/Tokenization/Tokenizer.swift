/// Byte-level byte-pair encoding, byte-exact with GPT-2: any bytes to tokens and back.
///
/// Text is cut by GPT-2's pattern; in each piece the merge of the lowest rank is applied, leftmost first,
/// until none is left. Bytes that are not well-formed UTF-8 are encoded too and come back as they were.
/// Added tokens such as `<|endoftext|>` come out of text only where that is asked for: prompts are read
/// with them, a document that spells one is otherwise encoded as ordinary characters.
///
/// A value; copies share one immutable vocabulary. Safe to use from any number of threads.
public struct Tokenizer: Sendable {
  /// What GPT-2 calls the token that ends a text.
  public static let usualEndOfText = "<|endoftext|>"

  let vocabulary: Vocabulary
  /// Ids that end a text, as the files say; the first is the one to write. Empty if none is known.
  public internal(set) var endsOfText: [UInt32]
  /// The id that begins a text where the files name one.
  public internal(set) var namedBeginOfText: UInt32?
  /// What is worth knowing about the files it was read from, a line each: contradictions, and how they
  /// were resolved.
  public internal(set) var notices: [String] = []

  init(_ vocabulary: Vocabulary) {
    self.vocabulary = vocabulary
    endsOfText = []
    endsOfText = [addedToken(Self.usualEndOfText)].compactMap { $0 }
  }

  /// Number of ids, those of added tokens included: ids are 0..<vocabularySize, not each with a token.
  public var vocabularySize: Int { vocabulary.count }

  /// The id that ends a text and stands between documents; nil if none is known.
  public var endOfText: UInt32? { endsOfText.first }

  /// The id that begins a text: the one the files name, or the end of the text before.
  public var beginOfText: UInt32? { namedBeginOfText ?? endOfText }

  /// This tokenizer with `id`, below ``vocabularySize``, as the end of text to write; further ends stay
  /// if it is one of them.
  public func ending(includes id: UInt32) -> Tokenizer {
    if endOfText == id { return self }
    var copy = self
    copy.endsOfText = endsOfText.contains(id) ? [id] + endsOfText.filter { $0 != id } : [id]
    return copy
  }

  /// This tokenizer with the ends and the beginning of text of another, of the same tokens; its own
  /// end is one of them.
  public func withEnds(of other: Tokenizer) -> Tokenizer {
    if other.endsOfText.isEmpty { return self }
    var copy = self
    copy.endsOfText = other.endsOfText + endsOfText.filter { !other.endsOfText.contains($0) }
    copy.namedBeginOfText = other.namedBeginOfText
    return copy
  }

  /// The id of the special token with this content, if there is one.
  public func specialToken(_ content: String) -> UInt32? {
    vocabulary.specials.first { $0.content.elementsEqual(content.utf8) }?.id
  }

  /// The id of the added token with this content, special or not, if there is one.
  public func addedToken(_ content: String) -> UInt32? {
    vocabulary.added.first { $0.content.elementsEqual(content.utf8) }?.id
  }

  /// The added tokens, special or not, in ascending order of ids.
  public var addedTokens: [AddedToken] { vocabulary.added }

  /// Tokens that belong before a prompt, such as a beginning of text, as the files say.
  public var tokensBeforePrompt: [UInt32] { vocabulary.rules.before }

  /// Tokens that belong after a prompt, as the files say.
  public var tokensAfterPrompt: [UInt32] { vocabulary.rules.after }

  /// Whether text is cut into pieces by GPT-2's pattern; otherwise it is one piece.
  public var splitsText: Bool { vocabulary.rules.splitsText }

  /// Whether a piece of text that is a token is taken whole, whatever the merges say.
  public var ignoresMerges: Bool { vocabulary.rules.ignoresMerges }

  /// Whether the tokenizer puts a space before text that does not begin with one.
  public var addsPrefixSpace: Bool { vocabulary.rules.addsPrefixSpace }

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

  /// Calls `body` with the bytes of a collection, copied only if they are not contiguous.
  static func withSpan<Result>(
    of bytes: some Collection<UInt8>, _ body: (Span<UInt8>) -> Result
  ) -> Result {
    if let result = bytes.withContiguousStorageIfAvailable({ body($0.span) }) { return result }
    return body(Array(bytes).span)
  }
}
