/// Cuts text into the pieces that merges never cross, as GPT-2's pattern does:
///
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
///
/// Every byte belongs to exactly one piece. A byte that is not part of well-formed UTF-8 counts as a
/// character that is neither letter, number nor space, as U+FFFD would: it stays together with
/// punctuation beside it.
struct PreTokenizer: Sendable {
  private let classes: [UInt8] = ScalarClass.table

  /// The end of the piece that begins at `start`, which must be the beginning of a piece.
  func end(ofPieceAt start: Int, in text: Span<UInt8>) -> Int {
    var i = start
    if text[i] == UInt8(ascii: "'"), let end = contractionEnd(at: i, in: text) { return end }
    var (kind, length) = scalar(at: i, in: text)
    if kind == ScalarClass.space {
      // A single blank before something else belongs to it.
      guard text[i] == UInt8(ascii: " "), i + 1 < text.count else {
        return spaceEnd(at: i, in: text)
      }
      i += 1
      (kind, length) = scalar(at: i, in: text)
      if kind == ScalarClass.space { return spaceEnd(at: start, in: text) }
    }
    i += length
    while i < text.count {
      let (next, length) = scalar(at: i, in: text)
      if next != kind { break }
      i += length
    }
    return i
  }

  /// Whether a piece begins at `position` whatever lies before and after, so that the text may be cut
  /// there: an ASCII space after a character that is no space.
  func isBoundary(_ position: Int, in text: Span<UInt8>) -> Bool {
    guard position > 0, text[position] < 0x80, classes[Int(text[position])] == ScalarClass.space
    else { return false }
    var start = position - 1
    while start > 0, position - start < 4, text[start] & 0xC0 == 0x80 { start -= 1 }
    let (kind, length) = scalar(at: start, in: text)
    return start + length < position || kind != ScalarClass.space
  }

  /// Class and number of bytes of the character at `i`; an ill-formed byte is one `other`.
  @inline(__always)
  private func scalar(at i: Int, in text: Span<UInt8>) -> (kind: UInt8, length: Int) {
    let lead = text[i]
    if lead < 0x80 { return (classes[Int(lead)], 1) }
    guard let (scalar, length) = UTF8Sequence.decode(text, at: i) else {
      return (ScalarClass.other, 1)
    }
    return (Int(scalar) < classes.count ? classes[Int(scalar)] : ScalarClass.other, length)
  }

  /// `\s+(?!\S)|\s+`: all of the spaces at the end of the text; elsewhere all but the last of them,
  /// or the only one.
  private func spaceEnd(at start: Int, in text: Span<UInt8>) -> Int {
    var (last, i) = (start, start)
    while i < text.count {
      let (kind, length) = scalar(at: i, in: text)
      if kind != ScalarClass.space { return last > start ? last : i }
      last = i
      i += length
    }
    return i
  }

  /// `'s|'t|'re|'ve|'m|'ll|'d`: the end of the contraction whose apostrophe is at `i`.
  private func contractionEnd(at i: Int, in text: Span<UInt8>) -> Int? {
    guard i + 1 < text.count else { return nil }
    let second: UInt8 = i + 2 < text.count ? text[i + 2] : 0
    switch text[i + 1] {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return i + 2
    case UInt8(ascii: "r") where second == UInt8(ascii: "e"): return i + 3
    case UInt8(ascii: "v") where second == UInt8(ascii: "e"): return i + 3
    case UInt8(ascii: "l") where second == UInt8(ascii: "l"): return i + 3
    default: return nil
    }
  }
}
