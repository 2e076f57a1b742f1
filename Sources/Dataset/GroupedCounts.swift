import Machine

/// Distinct (group, key) pairs with the number of times each was seen, sorted by group, then key:
/// the table under an n-gram model. 8 bytes a distinct pair, 4 more a pair seen while it is made.
struct GroupedCounts: Sendable {
  /// Start of each group's pairs in `keys` and `counts`; one more entry than groups.
  private(set) var starts: [Int]
  /// Keys, ascending within a group.
  private(set) var keys: [UInt32]
  /// How often each pair was seen; parallel to `keys`.
  private(set) var counts: [UInt32]

  /// Counts the pairs that `forEachPair` emits; it is called twice and must emit the same each
  /// time. The result does not depend on the order of the pairs, nor on the team.
  init(
    groups: Int, on team: ThreadTeam,
    forEachPair: (_ emit: (_ group: Int, _ key: UInt32) -> Void) -> Void
  ) {
    var bounds = [Int](repeating: 0, count: groups + 1)
    forEachPair { group, _ in bounds[group + 1] += 1 }
    for group in 0..<groups { bounds[group + 1] += bounds[group] }
    var seen = [UInt32](repeating: 0, count: bounds[groups])
    var cursors = bounds
    forEachPair { group, key in
      seen[cursors[group]] = key
      cursors[group] += 1
    }
    var distinct = [Int](repeating: 0, count: groups)
    seen.withUnsafeMutableBufferPointer { seen in
      distinct.withUnsafeMutableBufferPointer { distinct in
        team.parallelFor(groups) { range in
          for group in range {
            var bucket = UnsafeMutableBufferPointer(
              rebasing: seen[bounds[group]..<bounds[group + 1]])
            bucket.sort()
            distinct[group] = Self.distinctCount(bucket)
          }
        }
      }
    }
    starts = [0]
    starts.reserveCapacity(groups + 1)
    for n in distinct { starts.append(starts[starts.count - 1] + n) }
    (keys, counts) = Self.runs(seen, bounds: bounds, distinct: starts[groups])
  }

  private static func distinctCount(_ sorted: UnsafeMutableBufferPointer<UInt32>) -> Int {
    if sorted.isEmpty { return 0 }
    var n = 1
    for i in 1..<sorted.count where sorted[i] != sorted[i - 1] { n += 1 }
    return n
  }

  private static func runs(
    _ seen: [UInt32], bounds: [Int], distinct: Int
  ) -> (keys: [UInt32], counts: [UInt32]) {
    var keys: [UInt32] = []
    var counts: [UInt32] = []
    keys.reserveCapacity(distinct)
    counts.reserveCapacity(distinct)
    for group in 0..<bounds.count - 1 {
      var i = bounds[group]
      while i < bounds[group + 1] {
        var end = i + 1
        while end < bounds[group + 1] && seen[end] == seen[i] { end += 1 }
        keys.append(seen[i])
        counts.append(UInt32(clamping: end - i))
        i = end
      }
    }
    return (keys, counts)
  }

  /// The pairs of a group.
  func pairs(of group: Int) -> Range<Int> { starts[group]..<starts[group + 1] }

  /// The first pair in `range` (pairs of one group) whose key is at least `key`.
  func lowerBound(_ key: UInt32, in range: Range<Int>) -> Int {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if keys[middle] < key { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
