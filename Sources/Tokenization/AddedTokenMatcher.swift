/// Finds added tokens in text as Hugging Face `tokenizers` does (`added_vocabulary.rs`): leftmost, then
/// longest; first the tokens that are not normalized, then, in what is left, those that are.
struct AddedTokenMatcher: Sendable {
  /// A part of a text: text to be cut and merged, or one added token.
  struct Segment: Equatable {
    let range: Range<Int>
    /// nil for text.
    let token: UInt32?
  }

  private let plain: TokenTrie
  private let normalized: TokenTrie

  init(_ tokens: [AddedToken]) {
    plain = TokenTrie(tokens.filter { !$0.isNormalized })
    normalized = TokenTrie(tokens.filter(\.isNormalized))
  }

  /// The parts of `text` in order. Text parts are not empty.
  func segments(of text: Span<UInt8>) -> [Segment] {
    var segments: [Segment] = []
    Self.split(text, 0..<text.count, by: plain) { first in
      if first.token != nil { return segments.append(first) }
      Self.split(text, first.range, by: normalized) { segments.append($0) }
    }
    return segments
  }

  /// Hands out the parts of `text[whole]`, as if nothing lay around it.
  private static func split(
    _ text: Span<UInt8>, _ whole: Range<Int>, by trie: TokenTrie, _ take: (Segment) -> Void
  ) {
    if whole.isEmpty { return }
    let sentence = text.extracting(whole)
    var (done, position) = (0, 0)
    // The last white space looked through, so that many matches in it do not each do so again.
    var spaces = 0..<0
    func segment(_ range: Range<Int>, _ token: UInt32?) -> Segment {
      Segment(
        range: range.lowerBound + whole.lowerBound..<range.upperBound + whole.lowerBound,
        token: token)
    }
    while let (token, match) = trie.next(in: sentence, from: position) {
      position = match.upperBound
      var (start, end) = (match.lowerBound, match.upperBound)
      if token.isSingleWord, isWord(sentence, before: start) || isWord(sentence, at: end) {
        continue
      }
      // Spaces that the match before has taken stay with it.
      if token.takesSpaceBefore { start = spaceStart(sentence, before: start, notBefore: done) }
      if token.takesSpaceAfter {
        if !spaces.contains(end) { spaces = end..<spaceEnd(sentence, from: end) }
        end = spaces.upperBound
      }
      if done < start { take(segment(done..<start, nil)) }
      // Where the match before has taken all of it as white space, it is none, as in `tokenizers`.
      if start < end { take(segment(start..<end, token.id)) }
      done = end
    }
    if done < sentence.count { take(segment(done..<sentence.count, nil)) }
  }

  private static func isWord(_ text: Span<UInt8>, at position: Int) -> Bool {
    guard position < text.count, let (scalar, _) = UTF8Sequence.decode(text, at: position) else {
      return false
    }
    return isWord(scalar)
  }

  private static func isWord(_ text: Span<UInt8>, before position: Int) -> Bool {
    scalar(text, before: position).map { isWord($0.scalar) } ?? false
  }

  private static func spaceStart(
    _ text: Span<UInt8>, before position: Int, notBefore limit: Int
  ) -> Int {
    var start = position
    while start > limit, let (scalar, length) = scalar(text, before: start), isSpace(scalar) {
      start -= length
    }
    return max(start, limit)
  }

  private static func spaceEnd(_ text: Span<UInt8>, from position: Int) -> Int {
    var end = position
    while end < text.count, let (scalar, length) = UTF8Sequence.decode(text, at: end),
      isSpace(scalar)
    {
      end += length
    }
    return end
  }

  /// The character that ends at `position`; nil at the beginning and after an ill-formed byte.
  private static func scalar(
    _ text: Span<UInt8>, before position: Int
  ) -> (scalar: UInt32, length: Int)? {
    for length in 1...4 where length <= position {
      if text[position - length] & 0xC0 == 0x80 { continue }
      guard let found = UTF8Sequence.decode(text, at: position - length), found.length == length
      else { return nil }
      return found
    }
    return nil
  }

  /// `\w` of Unicode Technical Standard #18, annex C.
  private static func isWord(_ value: UInt32) -> Bool {
    guard let properties = Unicode.Scalar(value)?.properties else { return false }
    if properties.isAlphabetic || properties.isJoinControl { return true }
    return switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
    default: false
    }
  }

  private static func isSpace(_ value: UInt32) -> Bool {
    Unicode.Scalar(value)?.properties.isWhitespace ?? false
  }
}

/// The contents of added tokens, byte by byte.
private struct TokenTrie: Sendable {
  private let tokens: [AddedToken]
  /// (node, byte) → next node; node 0 is the root.
  private var next = PairTable(capacity: 16)
  /// The number in `tokens` of the token that ends at a node, or -1.
  private var endings: [Int] = [-1]
  private var begins = [Bool](repeating: false, count: 256)

  init(_ tokens: [AddedToken]) {
    self.tokens = tokens
    for (number, token) in tokens.enumerated() {
      var node = 0
      for byte in token.content {
        let key = PairTable.key(UInt32(node), UInt32(byte))
        if next[key] == PairTable.absent {
          next.insert(key, UInt64(endings.count))
          endings.append(-1)
        }
        node = Int(next[key])
      }
      endings[node] = number
      begins[Int(token.content[0])] = true
    }
  }

  /// The first match that begins at `start` or later, the longest that begins there.
  func next(in text: Span<UInt8>, from start: Int) -> (token: AddedToken, range: Range<Int>)? {
    if tokens.isEmpty { return nil }
    for first in start..<text.count where begins[Int(text[first])] {
      var (node, position, found) = (0, first, (number: -1, end: 0))
      while position < text.count {
        let following = next[PairTable.key(UInt32(node), UInt32(text[position]))]
        if following == PairTable.absent { break }
        (node, position) = (Int(following), position + 1)
        if endings[node] >= 0 { found = (endings[node], position) }
      }
      if found.number >= 0 { return (tokens[found.number], first..<found.end) }
    }
    return nil
  }
}
