import Machine

/// How often each distinct piece of text occurs: what a vocabulary is trained from.
struct WordCounts: Sendable {
  /// Longer pieces (runs of a single kind of character) are counted in parts of this many bytes, so that
  /// no merge has to walk through megabytes again and again.
  static let longestWord = 1024

  private(set) var words = ByteStringTable()
  private(set) var counts: [Int] = []

  /// Counts the pieces of `text[range]`, whose ends are boundaries of pieces.
  mutating func add(_ text: Span<UInt8>, _ range: Range<Int>, _ preTokenizer: PreTokenizer) {
    let text = text.extracting(0..<range.upperBound)
    var start = range.lowerBound
    while start < range.upperBound {
      let end = preTokenizer.end(ofPieceAt: start, in: text)
      while start < end {
        let partEnd = min(end, start + Self.longestWord)
        add(text, start..<partEnd, count: 1)
        start = partEnd
      }
    }
  }

  /// Adds another count's words.
  mutating func add(_ other: WordCounts) {
    for index in 0..<other.words.count { add(other.words[index], count: other.counts[index]) }
  }

  private mutating func add(_ word: ArraySlice<UInt8>, count: Int) {
    add(word.span, 0..<word.count, count: count)
  }

  @inline(__always)
  private mutating func add(_ text: Span<UInt8>, _ range: Range<Int>, count: Int) {
    let index = words.insert(text, range)
    if index < counts.count { counts[index] += count } else { counts.append(count) }
  }
}
