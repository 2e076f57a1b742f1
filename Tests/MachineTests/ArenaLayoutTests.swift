import Testing

@testable import Machine

@Suite struct ArenaLayoutTests {
  private static func lay(_ layout: inout ArenaLayout, _ sizes: [Int]) -> [TensorView] {
    sizes.map { TensorView(base: layout.take($0), count: $0) }
  }

  /// What was measured is what is taken; each buffer begins a cache line, and none overlap.
  @Test(arguments: [0, ArenaLayout.apart]) func buffersLieApart(gap: Int) throws {
    let sizes = [1, 0, 15, 16, 17, 4096, 3]
    let count = ArenaLayout.floats(gap: gap) { _ = Self.lay(&$0, sizes) }
    let arena = try Arena(count: count)
    var layout = ArenaLayout(arena, gap: gap)
    let views = Self.lay(&layout, sizes)
    #expect(layout.count == count)
    var next = arena.base
    for view in views {
      #expect(view.base >= next && UInt(bitPattern: view.base) % 64 == 0)
      next = view.base + view.count + gap
    }
    #expect(next <= arena.base + count)
  }

  /// One float more than was measured traps instead of running into what lies behind.
  @Test func aLargerLayoutTraps() async {
    await #expect(processExitsWith: .failure) {
      let arena = try Arena(count: ArenaLayout.floats { _ = $0.take(64) })
      var layout = ArenaLayout(arena)
      _ = layout.take(65)
    }
    await #expect(processExitsWith: .failure) {
      let scratch = try ThreadScratch(threads: 3) { _ = $0.take(64) }
      var layout = scratch.layout(of: 1)
      (_, _) = (layout.take(64), layout.take(1))
    }
    await #expect(processExitsWith: .failure) {
      _ = try ThreadScratch(threads: 3) { _ = $0.take(64) }.layout(of: 3)
    }
  }

  @Test func threadsDoNotShareLines() throws {
    let sizes = [100, 28]
    let scratch = try ThreadScratch(threads: 5) { _ = Self.lay(&$0, sizes) }
    #expect(
      ThreadScratch.bytes(threads: 5) { _ = Self.lay(&$0, sizes) } == 4 * scratch.arena.count)
    var next = scratch.arena.base
    for thread in 0..<5 {
      var layout = scratch.layout(of: thread)
      for view in Self.lay(&layout, sizes) {
        #expect(view.base >= next && UInt(bitPattern: view.base) % 64 == 0)
        next = view.base + view.count
      }
    }
    #expect(next <= scratch.arena.base + scratch.arena.count)
  }

  /// Shares are contiguous, cover everything and are even to within one.
  @Test(arguments: [1, 2, 3, 7, 24, 192]) func sharesCoverEverything(threads: Int) {
    let team = ThreadTeam(count: threads)
    for n in [0, 1, 5, 24, 191, 7595] {
      var next = 0
      for thread in 0..<threads {
        let share = team.share(of: n, thread: thread)
        #expect(share.lowerBound == next && (n / threads...n / threads + 1).contains(share.count))
        next = share.upperBound
      }
      #expect(next == n)
    }
  }
}
