/// Tokens of pieces met before: a two-way set-associative cache in flat memory. A piece of at most
/// `8 * keyWords - 1` bytes that has at most `2 * valueWords` tokens is kept whole, key and value, so a
/// hit costs one comparison and no second look. A piece met twice outlives pieces met once.
struct WordCache {
  private let keyWords: Int
  private let valueWords: Int
  private let entryWords: Int
  private let shift: UInt64
  private var sets: [UInt64]

  /// - bits: there are 2^bits sets of two entries.
  init(keyWords: Int, valueWords: Int, bits: Int) {
    self.keyWords = keyWords
    self.valueWords = valueWords
    entryWords = keyWords + valueWords
    shift = UInt64(64 - bits)
    sets = [UInt64](repeating: 0, count: 2 * entryWords << bits)
  }

  /// Bytes that a key can hold.
  var longestKey: Int { 8 * keyWords - 1 }
  /// Tokens that a value can hold.
  var mostTokens: Int { 2 * valueWords }

  /// A piece's bytes, its length in the last byte, so that no two pieces share a key.
  struct Key {
    fileprivate var words: InlineArray<4, UInt64> = InlineArray(repeating: 0)
    fileprivate var hash: UInt64 = 0

    /// The key of `text[range]`, which has at most 8 · keyWords - 1 bytes.
    @inline(__always)
    init(_ text: Span<UInt8>, _ range: Range<Int>, keyWords: Int) {
      let raw = text.bytes
      for w in 0..<keyWords {
        let start = range.lowerBound + 8 * w
        let count = range.upperBound - start
        if count <= 0 { break }
        if start + 8 <= text.count {
          let word = raw.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self)
          words[w] = count >= 8 ? word : word & (1 << UInt64(8 * count) - 1)
        } else {
          for i in 0..<min(8, count) { words[w] |= UInt64(text[start + i]) << UInt64(8 * i) }
        }
      }
      words[keyWords - 1] |= UInt64(range.count) << 56
      for w in 0..<keyWords {
        hash = (hash ^ words[w]) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 32
      }
      hash = hash &* 0xD6E8_FEB8_6659_FD93
    }
  }

  /// Appends the tokens of a piece that is in the cache; false if it is not.
  @inline(__always)
  mutating func find(_ key: Key, into ids: inout [UInt32]) -> Bool {
    let base = 2 * entryWords * Int(key.hash &>> shift)
    if holds(key, at: base) {
      append(from: base, into: &ids)
      return true
    }
    guard holds(key, at: base + entryWords) else { return false }
    for i in base..<base + entryWords { sets.swapAt(i, i + entryWords) }
    append(from: base, into: &ids)
    return true
  }

  /// Remembers the tokens of a piece, at most ``mostTokens``.
  mutating func insert(_ key: Key, _ ids: ArraySlice<UInt32>) {
    let base = 2 * entryWords * Int(key.hash &>> shift) + entryWords
    for w in 0..<keyWords { sets[base + w] = key.words[w] }
    for w in 0..<valueWords {
      let i = ids.startIndex + 2 * w
      let low = i < ids.endIndex ? ids[i] : .max
      let high = i + 1 < ids.endIndex ? ids[i + 1] : .max
      sets[base + keyWords + w] = UInt64(high) << 32 | UInt64(low)
    }
  }

  @inline(__always)
  private func holds(_ key: Key, at base: Int) -> Bool {
    for w in 0..<keyWords where sets[base + w] != key.words[w] { return false }
    return true
  }

  @inline(__always)
  private func append(from base: Int, into ids: inout [UInt32]) {
    for w in base + keyWords..<base + entryWords {
      let pair = sets[w]
      let (low, high) = (UInt32(truncatingIfNeeded: pair), UInt32(pair >> 32))
      if low == .max { return }
      ids.append(low)
      if high == .max { return }
      ids.append(high)
    }
  }
}
