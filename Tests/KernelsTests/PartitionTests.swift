import Machine
import Testing

@testable import Kernels

extension KernelsTests {
  /// Attention's heads and the columns of sums, cut for any number of threads: every piece of the work
  /// has one item, and many cores are kept busy.
  @Suite struct PartitionTests {
    static let threads = [1, 2, 3, 7, 16, 24, 64, 192, 500]

    @Test(arguments: threads) func partsCoverAForward(threads: Int) {
      for heads in [1, 2, 12, 48] {
        for tiles in [1, 2, 3, 22] {
          let p = HeadPartition(heads: heads, queryTiles: tiles, threads: threads)
          var seen = [Int](repeating: 0, count: heads * tiles)
          for i in 0..<p.items {
            let (head, part) = p.item(i)
            #expect(!part.queries.isEmpty && part.keys.isEmpty)
            for tile in part.queries { seen[head * tiles + tile] += 1 }
          }
          #expect(seen.allSatisfy { $0 == 1 }, "\(heads) heads of \(tiles) tiles: \(p)")
        }
      }
    }

    @Test(arguments: threads) func partsCoverABackward(threads: Int) {
      for heads in [1, 2, 12, 48] {
        for tiles in [1, 2, 3, 16] {
          let p = Self.backward(heads, tiles, threads)
          var (queries, keys) = (
            [Int](repeating: 0, count: heads * tiles), [Int](repeating: 0, count: heads * tiles)
          )
          for i in 0..<p.items {
            let (head, part) = p.item(i)
            #expect(!part.queries.isEmpty || !part.keys.isEmpty)
            // A part of a head makes one of the two: dq's chains would be cut by a pass over some keys.
            #expect(p.parts.count == 1 || part.queries.isEmpty || part.keys.isEmpty)
            for tile in part.queries { queries[head * tiles + tile] += 1 }
            for tile in part.keys { keys[head * tiles + tile] += 1 }
            let needs = part.needs(of: tiles)
            #expect(needs.queries.contains(part.queries.lowerBound) || part.queries.isEmpty)
            #expect(part.keys.isEmpty || needs.queries == part.keys.lowerBound..<tiles)
            #expect(part.queries.isEmpty || needs.keys == 0..<part.queries.upperBound)
          }
          #expect(
            queries.allSatisfy { $0 == 1 } && keys.allSatisfy { $0 == 1 },
            "\(heads) heads of \(tiles) tiles: \(p)")
        }
      }
    }

    private static func backward(_ heads: Int, _ tiles: Int, _ threads: Int) -> HeadPartition {
      HeadPartition(
        heads: heads, tiles: tiles, queryWork: 3 / 5, keyWork: 4 / 5, threads: threads)
    }

    /// At GPT-2 4×1024 few threads take whole heads, and 192 find work for each.
    @Test func headsAreCutWhereThreadsAreMany() {
      for threads in [1, 2, 3, 7, 16, 24] {
        #expect(HeadPartition(heads: 48, queryTiles: 22, threads: threads).items == 48)
        #expect(Self.backward(48, 16, threads).items == 48)
      }
      #expect(HeadPartition(heads: 48, queryTiles: 22, threads: 192).items == 192)
      #expect(Self.backward(48, 16, 192).items == 192)
      // Of one sequence too.
      #expect(HeadPartition(heads: 12, queryTiles: 22, threads: 24).items == 24)
      #expect(Self.backward(12, 16, 64).items > 48)
    }

    /// Parts of a forward differ in work by less than a quarter.
    @Test(arguments: [2, 3, 4]) func partsOfAForwardAreEven(parts: Int) {
      let p = HeadPartition(heads: 1, queryTiles: 44, threads: parts)
      let work = p.parts.map { $0.queries.reduce(0) { $0 + $1 + 1 } }
      #expect(work.count == parts && work.max() ?? 0 < (work.min() ?? 0) * 5 / 4, "\(work)")
    }

    @Test(arguments: threads, [1, 2, 16]) func columnsAreCovered(threads: Int, mostParts: Int) {
      for C in [1, 15, 16, 17, 63, 64, 65, 128, 200, 768] {
        let blocks = ColumnBlocks(C, mostParts: mostParts, threads: threads)
        var seen = [Int](repeating: 0, count: C * blocks.parts)
        blocks.forEach(on: ThreadTeam(count: 1)) { columns, part in
          #expect(!columns.isEmpty && columns.count <= ColumnBlocks.wide)
          for c in columns { seen[c * blocks.parts + part] += 1 }
        }
        #expect(blocks.parts <= mostParts && seen.allSatisfy { $0 == 1 }, "C \(C)")
      }
    }

    /// Items of C = 768: the sums of 64 columns for few threads, of a vector for many.
    @Test(arguments: [(2, 12), (12, 12), (24, 48), (96, 96), (192, 96)])
    func columnsAreCutWhereThreadsAreMany(threads: Int, items: Int) {
      let blocks = ColumnBlocks(768, mostParts: 2, threads: threads)
      var count = 0
      blocks.forEach(on: ThreadTeam(count: 1)) { _, _ in count += 1 }
      #expect(count == items)
    }
  }
}
