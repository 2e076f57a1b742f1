import Machine

/// How a loop whose chains of additions run over the rows of a matrix is shared out: columns are cut
/// into blocks, and an element's chain has one writer. What a chain does for an element depends on no
/// other, so the blocks enter no bit.
struct ColumnBlocks {
  /// Columns of a wide block: four vectors, so that a row's line and its neighbours are read together
  /// and four chains hide each other's latency.
  static let wide = 64
  /// Columns of a narrow block: one vector, and one cache line that no two threads write.
  static let narrow = 16

  private let C: Int
  private let width: Int
  /// Parts into which a block's work is divided besides.
  let parts: Int

  /// Wide blocks where there is one for each thread, else narrow ones; if those are too few as well, up
  /// to `mostParts` parts of each.
  init(_ C: Int, mostParts: Int = 1, threads: Int) {
    self.C = C
    width = (C + Self.wide - 1) / Self.wide >= threads ? Self.wide : Self.narrow
    let blocks = (C + width - 1) / width
    parts = max(1, min(mostParts, (threads + blocks - 1) / blocks))
  }

  /// Calls `body` for each part of each block.
  func forEach(on team: ThreadTeam, _ body: (_ columns: Range<Int>, _ part: Int) -> Void) {
    team.parallelFor((C + width - 1) / width * parts) { items in
      for item in items {
        let first = item / parts * width
        body(first..<min(C, first + width), item % parts)
      }
    }
  }

  /// Calls `wide` with the first column if a block is whole and wide, else `vector` for each of its
  /// vectors, of which the last may be short.
  @inline(__always)
  static func visit(
    _ columns: Range<Int>, wide: (_ at: Int) -> Void, vector: (_ at: Int, _ count: Int64) -> Void
  ) {
    if columns.count == Self.wide { return wide(columns.lowerBound) }
    Vector.forEach(columns.count) { at, count in vector(columns.lowerBound + at, count) }
  }
}
