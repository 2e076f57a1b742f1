/// A binary max-heap of pairs by count; of equal counts the smaller key (left id, then right id) first.
struct PairQueue {
  private struct Entry {
    let count: Int
    let key: UInt64

    @inline(__always)
    func precedes(_ other: Entry) -> Bool {
      count != other.count ? count > other.count : key < other.key
    }
  }

  private var entries: [Entry] = []

  mutating func push(count: Int, key: UInt64) {
    let entry = Entry(count: count, key: key)
    var i = entries.count
    entries.append(entry)
    while i > 0, entry.precedes(entries[(i - 1) / 2]) {
      entries[i] = entries[(i - 1) / 2]
      i = (i - 1) / 2
    }
    entries[i] = entry
  }

  mutating func pop() -> (count: Int, key: UInt64)? {
    guard let top = entries.first, let last = entries.popLast() else { return nil }
    var i = 0
    while !entries.isEmpty {
      var child = 2 * i + 1
      if child >= entries.count { break }
      if child + 1 < entries.count, entries[child + 1].precedes(entries[child]) { child += 1 }
      if !entries[child].precedes(last) { break }
      entries[i] = entries[child]
      i = child
    }
    if !entries.isEmpty { entries[i] = last }
    return (top.count, top.key)
  }
}
