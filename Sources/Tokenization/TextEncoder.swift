/// One thread's encoder: cuts text into pieces and merges each, or finds it in its caches.
struct TextEncoder {
  private let preTokenizer = PreTokenizer()
  private var merger: WordMerger
  private let words: TokensByBytes?
  private let splitsText: Bool
  /// Of pieces up to 15 bytes and 4 tokens, and of others up to 31 bytes and 8 tokens: 512 KiB each.
  private var short: WordCache?
  private var long: WordCache?

  /// - caching: false for texts too short for a cache to be worth its memory.
  init(_ vocabulary: Vocabulary, caching: Bool) {
    merger = WordMerger(alphabet: vocabulary.alphabet, merges: vocabulary.pairs)
    words = vocabulary.words
    splitsText = vocabulary.rules.splitsText
    if caching {
      short = WordCache(keyWords: 2, valueWords: 2, bits: 13)
      long = WordCache(keyWords: 4, valueWords: 4, bits: 12)
    }
  }

  /// Appends the tokens of `text[range]`, whose ends are boundaries of pieces.
  mutating func encode(_ text: Span<UInt8>, _ range: Range<Int>, into ids: inout [UInt32]) {
    let text = text.extracting(0..<range.upperBound)
    var start = range.lowerBound
    if !splitsText, !range.isEmpty { return mergePiece(text, range, into: &ids) }
    while start < range.upperBound {
      let end = preTokenizer.end(ofPieceAt: start, in: text)
      encodePiece(text, start..<end, into: &ids)
      start = end
    }
  }

  @inline(__always)
  private mutating func encodePiece(
    _ text: Span<UInt8>, _ piece: Range<Int>, into ids: inout [UInt32]
  ) {
    guard short != nil, piece.count > 1, piece.count <= 31 else {
      return mergePiece(text, piece, into: &ids)
    }
    if piece.count <= 15 {
      let key = WordCache.Key(text, piece, keyWords: 2)
      if short?.find(key, into: &ids) == true { return }
    }
    encodeRare(text, piece, into: &ids)
  }

  private mutating func encodeRare(
    _ text: Span<UInt8>, _ piece: Range<Int>, into ids: inout [UInt32]
  ) {
    let key = WordCache.Key(text, piece, keyWords: 4)
    if long?.find(key, into: &ids) == true { return }
    let first = ids.count
    mergePiece(text, piece, into: &ids)
    let tokens = ids[first...]
    if piece.count <= 15, tokens.count <= 4 {
      short?.insert(WordCache.Key(text, piece, keyWords: 2), tokens)
    } else if tokens.count <= 8 {
      long?.insert(key, tokens)
    }
  }

  @inline(__always)
  private mutating func mergePiece(
    _ text: Span<UInt8>, _ piece: Range<Int>, into ids: inout [UInt32]
  ) {
    if let words, let id = words.find(text, piece) { return ids.append(id) }
    merger.merge(piece, of: text, into: &ids)
  }
}
