/// A flat open-addressing hash table that numbers distinct byte strings 0, 1, 2, … in the order in which
/// they come; compared as bytes, kept one after another in one array.
struct ByteStringTable: Sendable {
  private struct Entry {
    let hash: UInt64
    let start: Int
    let count: Int
  }

  /// High half of the hash | index + 1; 0 where empty.
  private var slots = [UInt64](repeating: 0, count: 1024)
  private var entries: [Entry] = []
  /// Unknown to whoever makes a file, so that no strings can be chosen to fall on one slot.
  private let key = UInt64.random(in: .min ... .max)
  private var bytes: [UInt8] = []

  /// Number of distinct strings.
  var count: Int { entries.count }

  /// The bytes of a string.
  subscript(index: Int) -> ArraySlice<UInt8> {
    bytes[entries[index].start..<entries[index].start + entries[index].count]
  }

  /// The number of `text[range]`, if it is in the table.
  func find(_ text: Span<UInt8>, _ range: Range<Int>) -> Int? {
    let slot = slot(of: text, range, hash: hash(text, range))
    return slots[slot] == 0 ? nil : Int(slots[slot] & 0xFFFF_FFFF) - 1
  }

  /// The number of `string`, if it is in the table.
  func find(_ string: some Collection<UInt8>) -> Int? {
    Tokenizer.withSpan(of: string) { find($0, 0..<$0.count) }
  }

  /// The number of `text[range]`, which is added if it is new: then it is the former ``count``.
  mutating func insert(_ text: Span<UInt8>, _ range: Range<Int>) -> Int {
    let hash = hash(text, range)
    let slot = slot(of: text, range, hash: hash)
    if slots[slot] != 0 { return Int(slots[slot] & 0xFFFF_FFFF) - 1 }
    entries.append(Entry(hash: hash, start: bytes.count, count: range.count))
    for i in range { bytes.append(text[i]) }
    slots[slot] = hash & 0xFFFF_FFFF_0000_0000 | UInt64(entries.count)
    if 2 * entries.count > slots.count { grow() }
    return entries.count - 1
  }

  /// The number of `string`, which is added if it is new.
  mutating func insert(_ string: some Collection<UInt8>) -> Int {
    // Not `withSpan`: a mutating call cannot happen in its closure.
    if let index = find(string) { return index }
    let copy = Array(string)
    return insert(copy.span, 0..<copy.count)
  }

  /// The slot that holds the string, or the empty one where it belongs.
  @inline(__always)
  private func slot(of text: Span<UInt8>, _ range: Range<Int>, hash: UInt64) -> Int {
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] != 0 {
      if slots[slot] >> 32 == hash >> 32,
        equal(entries[Int(slots[slot] & 0xFFFF_FFFF) - 1], text, range)
      {
        break
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  @inline(__always)
  private func equal(_ entry: Entry, _ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard entry.count == range.count else { return false }
    for i in 0..<entry.count where bytes[entry.start + i] != text[range.lowerBound + i] {
      return false
    }
    return true
  }

  /// Eight bytes at a time, multiplied and folded.
  @inline(__always)
  private func hash(_ text: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
    let raw = text.bytes
    var hash = key ^ UInt64(range.count) &* 0x9E37_79B9_7F4A_7C15
    var i = range.lowerBound
    while i < range.upperBound {
      let count = min(8, range.upperBound - i)
      var word: UInt64 = 0
      if i + 8 <= text.count {
        word = raw.unsafeLoadUnaligned(fromByteOffset: i, as: UInt64.self)
        if count < 8 { word &= 1 << UInt64(8 * count) - 1 }
      } else {
        for j in 0..<count { word |= UInt64(text[i + j]) << UInt64(8 * j) }
      }
      let product = (hash ^ word).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
      hash = product.high ^ product.low
      i += 8
    }
    let product = hash.multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
    return product.high ^ product.low
  }

  private mutating func grow() {
    slots = [UInt64](repeating: 0, count: 2 * slots.count)
    for (index, entry) in entries.enumerated() {
      var slot = Int(truncatingIfNeeded: entry.hash) & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = entry.hash & 0xFFFF_FFFF_0000_0000 | UInt64(index + 1)
    }
  }
}
