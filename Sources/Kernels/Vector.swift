import Machine

/// Loads and stores of the logical vector at any alignment.
public enum Vector {
  /// 0, 1, …, 15: the numbers of the lanes.
  @inline(__always)
  static var lanes: SIMD16<Float> {
    SIMD16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
  }

  /// 16 floats at `p`.
  @inlinable @inline(__always)
  public static func load(_ p: UnsafePointer<Float>) -> SIMD16<Float> {
    UnsafeRawPointer(p).loadUnaligned(as: SIMD16<Float>.self)
  }

  /// Writes 16 floats at `p`.
  @inlinable @inline(__always)
  public static func store(_ p: UnsafeMutablePointer<Float>, _ v: SIMD16<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMD16<Float>.self)
  }

  /// Calls `body(at, 16)` for whole vectors of 0..<count and `body(at, rest)` for a last short one.
  @inlinable @inline(__always)
  public static func forEach(_ count: Int, _ body: (_ at: Int, _ count: Int64) -> Void) {
    var at = 0
    while at + 16 <= count {
      body(at, 16)
      at += 16
    }
    if at < count { body(at, Int64(count - at)) }
  }

  /// The same, shared out to a team.
  @inline(__always)
  static func forEach(
    _ count: Int, on team: ThreadTeam, _ body: (_ at: Int, _ count: Int64) -> Void
  ) {
    team.parallelFor(count, grain: Arena.chunk) { range in
      forEach(range.count) { at, n in body(range.lowerBound + at, n) }
    }
  }

  /// The same, each thread its share first: for arenas, whose pages lie where they are stepped over.
  @inline(__always)
  static func forEachShare(
    _ count: Int, on team: ThreadTeam, _ body: (_ at: Int, _ count: Int64) -> Void
  ) {
    team.parallelShares(count, grain: Arena.chunk) { range, _ in
      forEach(range.count) { at, n in body(range.lowerBound + at, n) }
    }
  }
}
