import Testing

@testable import Machine

@Suite struct ArenaTests {
  @Test(arguments: [0, 1, 1023, 1024, 1025, (4 << 20) / 4 - 1, (4 << 20) / 4, 3_000_001])
  func isZeroAlignedAndWritable(count: Int) throws {
    for pages in [Arena.Pages.huge, .sparse] {
      let arena = try Arena(count: count, pages: pages)
      #expect(arena.count == count)
      let large = pages == .huge && count * 4 >= 4 << 20
      #expect(UInt(bitPattern: arena.base) % (large ? 2 << 20 : 4096) == 0)
      #expect(arena.view().buffer.allSatisfy { $0 == 0 })
      for i in 0..<count { arena.base[i] = Float(i) }
      #expect(count == 0 || arena.base[count - 1] == Float(count - 1))
    }
  }

  @Test(arguments: [1, 2, 3, 7])
  func touchMakesEveryPageResident(threads: Int) throws {
    let arena = try Arena(count: 5 * 1024 + 1, pages: .sparse)
    #expect(Residency.pages(of: arena) == 0)
    arena.touch(on: ThreadTeam(count: threads))
    #expect(Residency.pages(of: arena) == 6)
    #expect(arena.view().buffer.allSatisfy { $0 == 0 })
  }

  /// A thread touches its share of the chunks and nothing else.
  @Test func aThreadTouchesItsShare() throws {
    let count = 5 * Arena.chunk + 1024
    let arena = try Arena(count: count, touchedBy: ThreadTeam(count: 3))
    #expect(Residency.pages(of: arena) == count / 1024)
    #expect(Arena.chunk % 1024 == 0)
  }

  @Test func sparsePagesStayAway() throws {
    // 64 GiB, of which three pages are used.
    let arena = try Arena(count: 16 << 30, pages: .sparse)
    for i in [0, 5 << 30, arena.count - 1] { arena.base[i] = 1 }
    let window = 8 << 20
    let first = Residency.pages(UnsafeRawPointer(arena.base), bytes: window)
    let middle = Residency.pages(UnsafeRawPointer(arena.base + 5 << 30), bytes: window)
    #expect(first == 1 && middle == 1)
  }

  @Test func refusesMoreThanThereIs() {
    for count in [1 << 50, Int.max] {
      #expect {
        _ = try Arena(count: count)
      } throws: { error in
        "\(error)".hasPrefix("cannot allocate ") && "\(error)".contains("Cannot allocate memory")
      }
    }
  }

  @Test func viewsAreParts() throws {
    let arena = try Arena(count: 100)
    for i in 0..<100 { arena.base[i] = Float(i) }
    #expect(Array(arena.view(90).buffer) == (90..<100).map(Float.init))
    #expect(Array(arena.view(10, count: 3).buffer) == [10, 11, 12])
    #expect(arena.view(100).count == 0)
  }

  @Test func viewsOutsideTrap() async {
    await #expect(processExitsWith: .failure) { _ = try Arena(count: 4).view(2, count: 3) }
    await #expect(processExitsWith: .failure) { _ = try Arena(count: 4).view(5) }
    await #expect(processExitsWith: .failure) { _ = try Arena(count: 4).view(1, count: Int.max) }
  }
}
