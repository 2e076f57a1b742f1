internal import CSupport

/// Selection of the largest values of a row, on one thread; whole vectors without one are skipped.
public enum TopK {
  /// The k-th largest value, 1 ≤ k ≤ count; none may be NaN. - x: (count).
  public static func threshold(_ x: UnsafePointer<Float>, count: Int, k: Int) -> Float {
    precondition(k >= 1 && k <= count, "TopK: \(k) of \(count)")
    var heap = MinHeap(UnsafeBufferPointer(start: x, count: k))
    Vector.forEach(count - k) { at, n in
      let from = x + k + at
      if cs_hmax(cs_load_partial(from, n, -.infinity)) <= heap.smallest { return }
      for i in 0..<Int(n) where from[i] > heap.smallest { heap.replaceSmallest(by: from[i]) }
    }
    return heap.smallest
  }

  /// The indices of all values of at least `threshold`, in ascending order. - x: (count).
  public static func indices(
    _ x: UnsafePointer<Float>, count: Int, atLeast threshold: Float, into indices: inout [UInt32]
  ) {
    indices.removeAll(keepingCapacity: true)
    Vector.forEach(count) { at, n in
      if cs_hmax(cs_load_partial(x + at, n, -.infinity)) < threshold { return }
      for i in at..<at + Int(n) where x[i] >= threshold { indices.append(UInt32(i)) }
    }
  }
}

/// A heap of a fixed number of values, the smallest on top.
private struct MinHeap {
  private var values: [Float]
  var smallest: Float { values[0] }

  init(_ values: UnsafeBufferPointer<Float>) {
    self.values = Array(values)
    for i in (0..<(values.count / 2)).reversed() { sink(values[i], from: i) }
  }

  mutating func replaceSmallest(by value: Float) { sink(value, from: 0) }

  /// Puts `value` at `start` or below, children moving up.
  private mutating func sink(_ value: Float, from start: Int) {
    var hole = start
    while true {
      var child = 2 * hole + 1
      if child >= values.count { break }
      if child + 1 < values.count && values[child + 1] < values[child] { child += 1 }
      if values[child] >= value { break }
      values[hole] = values[child]
      hole = child
    }
    values[hole] = value
  }
}
