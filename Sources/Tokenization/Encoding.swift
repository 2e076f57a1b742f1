extension Tokenizer {
  /// The tokens of `text` (its UTF-8), on this thread; see ``encode(_:parsingAdded:continuing:)-(Collection)``.
  public func encode(
    _ text: String, parsingAdded: Bool = false, continuing: Bool = false
  ) -> [UInt32] {
    encode(text.utf8, parsingAdded: parsingAdded, continuing: continuing)
  }

  /// The tokens of `bytes`, on this thread.
  ///
  /// - parsingAdded: whether added tokens, special or not, are found in the text as Hugging Face
  ///   `tokenizers` finds them; otherwise the text that spells one is text.
  /// - continuing: whether other text comes before, so that no space is put in front.
  public func encode(
    _ bytes: some Collection<UInt8>, parsingAdded: Bool = false, continuing: Bool = false
  ) -> [UInt32] {
    Self.withSpan(of: bytes) { text in
      var encoder = TextEncoder(vocabulary, caching: text.count >= 4096)
      var ids: [UInt32] = []
      ids.reserveCapacity(text.count / 3)
      encode(
        text, 0..<text.count, parsingAdded: parsingAdded, begins: !continuing, with: &encoder,
        into: &ids)
      return ids
    }
  }

  /// The tokens of a prompt as `transformers` has them: added tokens are found in it, and the tokens that
  /// belong before and after a prompt are there.
  public func encode(prompt bytes: some Collection<UInt8>) -> [UInt32] {
    tokensBeforePrompt + encode(bytes, parsingAdded: true) + tokensAfterPrompt
  }

  /// Appends the tokens of `text[range]`, whose ends are boundaries of pieces.
  /// - begins: whether no text comes before.
  func encode(
    _ text: Span<UInt8>, _ range: Range<Int>, parsingAdded: Bool, begins: Bool,
    with encoder: inout TextEncoder, into ids: inout [UInt32]
  ) {
    guard parsingAdded, !vocabulary.added.isEmpty else {
      return encode(text, range, begins: begins, with: &encoder, into: &ids)
    }
    let part = text.extracting(range)
    for segment in vocabulary.matcher.segments(of: part) {
      if let token = segment.token {
        ids.append(token)
      } else {
        // Text after an added token is text that begins, as in `tokenizers`.
        encode(
          part, segment.range, begins: begins || segment.range.lowerBound > 0, with: &encoder,
          into: &ids)
      }
    }
  }

  private func encode(
    _ text: Span<UInt8>, _ range: Range<Int>, begins: Bool, with encoder: inout TextEncoder,
    into ids: inout [UInt32]
  ) {
    let blank = UInt8(ascii: " ")
    guard begins, addsPrefixSpace, !range.isEmpty, text[range.lowerBound] != blank else {
      return encoder.encode(text, range, into: &ids)
    }
    var spaced = [blank]
    spaced.reserveCapacity(range.count + 1)
    for i in range { spaced.append(text[i]) }
    encoder.encode(spaced.span, 0..<spaced.count, into: &ids)
  }
}
