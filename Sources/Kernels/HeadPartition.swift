/// How attention's work is cut into items for a team: whole heads where there are enough of them, else
/// each head in parts of about equal work, handed out side by side. A part computes what it needs of its
/// head for itself, and nothing depends on the parts in a bit.
struct HeadPartition {
  /// What an item does for its head.
  struct Part: Equatable {
    /// Tiles of queries whose rows of the output (of dq in a backward) it makes.
    var queries: Range<Int>
    /// Tiles of keys whose dk and dv it makes; none in a forward.
    var keys: Range<Int>

    /// The tiles of keys and of queries that a part of a backward looks at, of a head's `tiles`.
    func needs(of tiles: Int) -> (keys: Range<Int>, queries: Range<Int>) {
      if keys.isEmpty { return (0..<queries.upperBound, queries) }
      return (keys, keys.lowerBound..<tiles)
    }
  }

  /// The parts of each head, in order.
  let parts: [Part]
  private let heads: Int

  /// Items in all; those of a head are neighbours.
  var items: Int { heads * parts.count }
  /// The head of an item and its part of it.
  func item(_ i: Int) -> (head: Int, part: Part) { (i / parts.count, parts[i % parts.count]) }

  /// Packing a head's operands, as a part of a head's work: an estimate. Only the number of parts
  /// depends on it.
  private static let packing = 0.06
  /// Parts of a head at most.
  private static let mostParts = 64

  /// A forward: a tile of queries sees all tiles of keys up to its own, and nothing is done twice but
  /// the packing.
  init(heads: Int, queryTiles: Int, threads: Int) {
    let count = Self.best(heads, min(queryTiles, Self.mostParts), threads) { 1 / Double($0) }
    self.heads = heads
    parts = Self.growing(queryTiles, count).map { Part(queries: $0, keys: 0..<0) }
  }

  /// A backward, of which a whole head is one pass over its tiles. Parts make either dq or dk and dv,
  /// since the chains of dq run over keys and those of dk and dv over queries; then the probabilities
  /// are computed for both.
  /// - queryWork, keyWork: the matrix products of a tile for dq, and for dk and dv, over those of the
  ///   one pass.
  init(heads: Int, tiles: Int, queryWork: Double, keyWork: Double, threads: Int) {
    func kinds(_ count: Int) -> (queries: Int, keys: Int) {
      let queries = Int((Double(count) * queryWork / (queryWork + keyWork)).rounded())
      return (max(1, queries), count - max(1, queries))
    }
    let count = Self.best(heads, min(2 * tiles, Self.mostParts), threads) {
      if $0 == 1 { return 1 }
      let kinds = kinds($0)
      return max(queryWork / Double(kinds.queries), keyWork / Double(kinds.keys))
    }
    self.heads = heads
    if count == 1 {
      parts = [Part(queries: 0..<tiles, keys: 0..<tiles)]
    } else {
      // A tile of keys is seen by all tiles of queries from its own on: the same ranges from the end.
      let kinds = kinds(count)
      let keys = Self.growing(tiles, kinds.keys).map {
        tiles - $0.upperBound..<tiles - $0.lowerBound
      }
      parts =
        keys.map { Part(queries: 0..<0, keys: $0) }
        + Self.growing(tiles, kinds.queries).map { Part(queries: $0, keys: 0..<0) }
    }
  }

  /// The number of parts of which the busiest thread has the least to do.
  /// - work: of the largest of so many parts, over a head's.
  private static func best(
    _ heads: Int, _ most: Int, _ threads: Int, _ work: (Int) -> Double
  ) -> Int {
    func cost(_ parts: Int) -> Double {
      let rounds = (heads * parts + threads - 1) / threads
      return Double(rounds) * (work(parts) + packing)
    }
    return (1...max(1, most)).min { cost($0) < cost($1) } ?? 1
  }

  /// `tiles` tiles, of which number i is i + 1 units of work, as `count` ranges of about equal work.
  private static func growing(_ tiles: Int, _ count: Int) -> [Range<Int>] {
    let ends = (0...count).map {
      Int((Double(tiles) * (Double($0) / Double(count)).squareRoot()).rounded())
    }
    return zip(ends, ends.dropFirst()).map { $0..<$1 }.filter { !$0.isEmpty }
  }
}
