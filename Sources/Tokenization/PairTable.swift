/// A flat open-addressing hash table from pairs of token ids to 64-bit values; linear probing, never
/// more than half full.
struct PairTable: Sendable {
  /// Value of a pair that is not in the table.
  static let absent = UInt64.max

  /// Number of pairs.
  private(set) var count = 0
  /// Slot s: key at 2s, value at 2s + 1.
  private var slots: [UInt64]
  private var shift: UInt64

  /// An empty table with room for `capacity` pairs before it grows.
  init(capacity: Int) {
    let bits = max(4, Int.bitWidth - (2 * max(capacity, 1) - 1).leadingZeroBitCount)
    slots = [UInt64](repeating: .max, count: 2 << bits)
    shift = UInt64(64 - bits)
  }

  /// One key out of two ids. No id is `UInt32.max`, so no key is the empty slot's.
  @inline(__always)
  static func key(_ left: UInt32, _ right: UInt32) -> UInt64 {
    UInt64(left) << 32 | UInt64(right)
  }

  /// The value of a pair, or ``absent``.
  @inline(__always)
  subscript(key: UInt64) -> UInt64 {
    let slot = slot(of: key)
    return slots[slot] == key ? slots[slot + 1] : Self.absent
  }

  /// Sets the value of a pair that is not yet in the table.
  mutating func insert(_ key: UInt64, _ value: UInt64) {
    count += 1
    if 4 * count > slots.count { grow() }
    let slot = slot(of: key)
    slots[slot] = key
    slots[slot + 1] = value
  }

  /// The slot that holds `key`, or the empty one where it belongs.
  @inline(__always)
  private func slot(of key: UInt64) -> Int {
    var slot = 2 * Int((key &* 0x9E37_79B9_7F4A_7C15) &>> shift)
    while slots[slot] != key, slots[slot] != .max {
      slot += 2
      if slot == slots.count { slot = 0 }
    }
    return slot
  }

  private mutating func grow() {
    let old = slots
    slots = [UInt64](repeating: .max, count: 2 * old.count)
    shift -= 1
    for i in stride(from: 0, to: old.count, by: 2) where old[i] != .max {
      let slot = slot(of: old[i])
      slots[slot] = old[i]
      slots[slot + 1] = old[i + 1]
    }
  }
}
