import Testing

@testable import Kernels

extension KernelsTests {
  /// Every tile of C has one item, blocks fit the buffers, and many cores are kept busy.
  @Suite struct GEMMPartitionTests {
    private static let table = [
      Blocking(MR: 12, NV: 2, MC: 96, KC: 768, NC: 3072),
      Blocking(MR: 6, NV: 1, MC: 144, KC: 384, NC: 3072),
    ]

    @Test(arguments: [1, 2, 3, 7, 16, 64, 192]) func itemsCoverTheBlock(threads: Int) {
      for t in Self.table {
        for M in [1, 5, 12, 13, 96, 97, 640, 4096, 50_257] {
          for (panels, triangle) in [1, 2, 24, 72, 96, 192].flatMap({ [($0, false), ($0, true)] }) {
            let p = GEMMPartition(
              M: M, panels: panels, triangle: triangle, threads: threads, blocking: t)
            var seen = [Int](repeating: 0, count: p.tiles * panels)
            for item in 0..<p.items {
              let (tiles, range) = (p.tiles(of: item), p.panels(of: item))
              #expect(!tiles.isEmpty && !range.isEmpty && tiles.count * t.MR <= t.MC)
              for tile in tiles { for panel in range { seen[tile * panels + panel] += 1 } }
            }
            #expect(p.tiles == (M + t.MR - 1) / t.MR)
            #expect(seen.allSatisfy { $0 == 1 }, "M \(M), \(panels) panels: \(p)")
          }
        }
      }
    }

    /// Of a triangle the work of a row of tiles grows with its number, and threads are busy as well.
    @Test(arguments: [2, 4, 16]) func threadsAreBusyWithATriangle(threads: Int) {
      for t in Self.table {
        for N in [768, 1600] {
          let p = GEMMPartition(
            M: N, panels: N / t.NR, triangle: true, threads: threads, blocking: t)
          var load = [Int](repeating: 0, count: threads)
          for item in 0..<p.items {
            let least = load.indices.min { load[$0] < load[$1] } ?? 0
            load[least] += p.tiles(of: item).reduce(0) { $0 + $1 + 1 }
          }
          let share =
            Double(load.reduce(0, +)) / Double(threads * (load.max() ?? 1))
          #expect(share > 0.87, "\(threads) threads, \(N) rows: \(share) \(p)")
        }
      }
    }

    /// The share of the team's time that is work, if threads take items as they become free and all
    /// are as fast: what is lost is at most an eighth at the shapes of GPT-2.
    @Test(arguments: [2, 4, 16, 64, 96, 192]) func manyThreadsAreBusy(threads: Int) {
      let t = Self.table[0]
      for (M, panels) in [(4096, 24), (4096, 72), (4096, 96), (640, 96), (3072, 24), (768, 96)] {
        let p = GEMMPartition(M: M, panels: panels, threads: threads, blocking: t)
        var load = [Int](repeating: 0, count: threads)
        for item in 0..<p.items {
          let least = load.indices.min { load[$0] < load[$1] } ?? 0
          load[least] += p.tiles(of: item).count * p.panels(of: item).count
        }
        let share =
          Double(p.tiles * panels) / Double(threads * (load.max() ?? 1))
        #expect(share > 0.87, "\(threads) threads, \(M) rows, \(panels) panels: \(share) \(p)")
      }
    }
  }
}
