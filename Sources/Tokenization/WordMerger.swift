/// Applies merges to one piece of text: always the merge of the lowest rank, the leftmost where it
/// occurs more than once. Words are merged in place; long runs, in O(n log n), with a heap.
struct WordMerger {
  /// Pieces longer than this are cut (positions are 32 bits): 1 GiB.
  static let longest = 1 << 30

  private let alphabet: ByteTokens
  private let merges: PairTable
  /// Pieces longer than this use the heap.
  private let heapThreshold: Int
  private var symbols: [UInt32] = []
  /// Of the pair that begins at each symbol: rank << 32 | id of the result, or `PairTable.absent`.
  private var candidates: [UInt64] = []

  /// - alphabet: the token of each byte.
  /// - merges: pair → rank << 32 | id of the result.
  init(alphabet: ByteTokens, merges: PairTable, heapThreshold: Int = 64) {
    self.alphabet = alphabet
    self.merges = merges
    self.heapThreshold = heapThreshold
  }

  /// Appends the tokens of the piece `range` of `text`.
  mutating func merge(_ range: Range<Int>, of text: Span<UInt8>, into ids: inout [UInt32]) {
    if range.count == 1, alphabet[text[range.lowerBound]] != ByteTokens.none {
      ids.append(alphabet[text[range.lowerBound]])
      return
    }
    var start = range.lowerBound
    repeat {
      let end = min(range.upperBound, start + Self.longest)
      symbols.removeAll(keepingCapacity: true)
      alphabet.append(text, start..<end, to: &symbols)
      if symbols.count > heapThreshold {
        mergeLong(into: &ids)
      } else if symbols.count > 1 {
        mergeShort(into: &ids)
      } else {
        ids += symbols
      }
      start = end
    } while start < range.upperBound
  }

  private mutating func mergeShort(into ids: inout [UInt32]) {
    candidates.removeAll(keepingCapacity: true)
    for i in 0..<symbols.count - 1 {
      candidates.append(merges[PairTable.key(symbols[i], symbols[i + 1])])
    }
    while true {
      var (best, position) = (PairTable.absent, 0)
      for i in 0..<candidates.count where candidates[i] < best {
        (best, position) = (candidates[i], i)
      }
      if best == PairTable.absent { break }
      symbols[position] = UInt32(truncatingIfNeeded: best)
      symbols.remove(at: position + 1)
      candidates.remove(at: position)
      if position > 0 {
        candidates[position - 1] = merges[PairTable.key(symbols[position - 1], symbols[position])]
      }
      if position < candidates.count {
        candidates[position] = merges[PairTable.key(symbols[position], symbols[position + 1])]
      }
    }
    ids.append(contentsOf: symbols)
  }

  /// Symbols form a doubly linked list; a heap holds (rank, position) of every pair that has a merge.
  /// An entry is stale if the pair at its position has changed since.
  private mutating func mergeLong(into ids: inout [UInt32]) {
    let n = symbols.count
    var next = (1...n).map { UInt32($0) }
    var previous = (0..<n).map { UInt32(truncatingIfNeeded: $0 &- 1) }
    candidates.removeAll(keepingCapacity: true)
    for i in 0..<n - 1 { candidates.append(merges[PairTable.key(symbols[i], symbols[i + 1])]) }
    candidates.append(PairTable.absent)
    var heap = MergeHeap(candidates: candidates)
    while let (rank, position) = heap.pop() {
      let candidate = candidates[position]
      guard candidate != PairTable.absent, candidate >> 32 == rank else { continue }
      let right = Int(next[position])
      symbols[position] = UInt32(truncatingIfNeeded: candidate)
      candidates[right] = PairTable.absent
      let after = Int(next[right])
      next[position] = UInt32(after)
      if after < n { previous[after] = UInt32(position) }
      let pair =
        after < n ? merges[PairTable.key(symbols[position], symbols[after])] : PairTable.absent
      candidates[position] = pair
      if pair != PairTable.absent { heap.push(rank: pair >> 32, position: position) }
      if position > 0 {
        let before = Int(previous[position])
        let pair = merges[PairTable.key(symbols[before], symbols[position])]
        candidates[before] = pair
        if pair != PairTable.absent { heap.push(rank: pair >> 32, position: before) }
      }
    }
    var i = 0
    while i < n {
      ids.append(symbols[i])
      i = Int(next[i])
    }
  }
}

/// A binary min-heap of (rank, position), each packed into 64 bits.
private struct MergeHeap {
  private var entries: [UInt64] = []

  /// Holds (rank, position) of every candidate that has a merge.
  init(candidates: [UInt64]) {
    for (position, candidate) in candidates.enumerated() where candidate != PairTable.absent {
      entries.append(candidate & 0xFFFF_FFFF_0000_0000 | UInt64(position))
    }
    for i in stride(from: entries.count / 2 - 1, through: 0, by: -1) { siftDown(i) }
  }

  mutating func push(rank: UInt64, position: Int) {
    let entry = rank << 32 | UInt64(position)
    var i = entries.count
    entries.append(entry)
    while i > 0, entries[(i - 1) / 2] > entry {
      entries[i] = entries[(i - 1) / 2]
      i = (i - 1) / 2
    }
    entries[i] = entry
  }

  mutating func pop() -> (rank: UInt64, position: Int)? {
    guard let top = entries.first, let last = entries.popLast() else { return nil }
    if !entries.isEmpty {
      entries[0] = last
      siftDown(0)
    }
    return (top >> 32, Int(top & 0xFFFF_FFFF))
  }

  private mutating func siftDown(_ start: Int) {
    let entry = entries[start]
    var i = start
    while true {
      var child = 2 * i + 1
      if child >= entries.count { break }
      if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
      if entries[child] >= entry { break }
      entries[i] = entries[child]
      i = child
    }
    entries[i] = entry
  }
}
