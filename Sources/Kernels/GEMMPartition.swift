/// How the team shares out a block of C: items of a block of rows and a group of B's panels, handed
/// out to threads as they become free. Blocks and groups are whole tiles and panels, even to within
/// one; none of it enters the bits.
struct GEMMPartition {
  /// Tiles of MR rows, and panels of NR columns.
  let tiles: Int
  let panels: Int
  /// Blocks of rows, none higher than MC.
  let rowBlocks: Int
  private let isTriangle: Bool
  /// Groups of panels; each packs the rows of A once more.
  let columnGroups: Int

  /// What packing a tile of A costs, in tiles of C: an estimate from the floats that each moves. Only
  /// the choice among grids depends on it.
  private static let packing = 0.6

  /// Among grids with as many items as threads, or a multiple, the one whose busiest thread has the
  /// least to do; of a triangle, blocks of rows of which the longest ones come first and several
  /// short ones are left to even out the end.
  init(
    M: Int, panels: Int, triangle: Bool = false, threads: Int, blocking t: Blocking = .current
  ) {
    let tiles = (M + t.MR - 1) / t.MR
    let fewest = (tiles + t.MC / t.MR - 1) / (t.MC / t.MR)
    (self.tiles, self.panels, isTriangle) = (tiles, panels, triangle)
    if triangle {
      (rowBlocks, columnGroups) = (threads == 1 ? fewest : max(fewest, min(tiles, 8 * threads)), 1)
      return
    }
    var (best, least) = ((fewest, 1), Double.infinity)
    for groups in 1...max(1, min(panels, 4 * threads)) {
      let multiple = threads / Self.gcd(groups, threads)
      let blocks = max(fewest, min(tiles, (fewest + multiple - 1) / multiple * multiple))
      let rounds = (blocks * groups + threads - 1) / threads
      let item =
        Double((tiles + blocks - 1) / blocks)
        * (Double((panels + groups - 1) / groups) + Self.packing)
      if Double(rounds) * item < least { (best, least) = ((blocks, groups), Double(rounds) * item) }
    }
    (rowBlocks, columnGroups) = best
  }

  /// Items in all.
  var items: Int { rowBlocks * columnGroups }

  /// The tiles of an item's rows. Items of the same rows are neighbours.
  func tiles(of item: Int) -> Range<Int> {
    let block = isTriangle ? rowBlocks - 1 - item : item / columnGroups
    return tiles * block / rowBlocks..<tiles * (block + 1) / rowBlocks
  }

  /// The panels of an item.
  func panels(of item: Int) -> Range<Int> {
    let group = item % columnGroups
    return panels * group / columnGroups..<panels * (group + 1) / columnGroups
  }

  private static func gcd(_ a: Int, _ b: Int) -> Int { b == 0 ? a : gcd(b, a % b) }
}
