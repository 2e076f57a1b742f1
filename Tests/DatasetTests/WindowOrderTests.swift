import Testing

@testable import Dataset

@Suite struct WindowOrderTests {
  private static let sizes =
    [1, 2, 3, 5, 6, 7, 10, 11, 99, 100, 1000, 4999]
    + [4, 8, 16, 32, 64, 128, 256, 1024, 4096].flatMap { [$0 - 1, $0, $0 + 1] }

  @Test("An epoch visits every window once", arguments: sizes)
  func bijection(count: Int) {
    for seed in [0, 1, UInt64.max] {
      let order = WindowOrder(count: count, seed: seed)
      for epoch in [0, 1, 1 << 31] {
        var visits = [Int](repeating: 0, count: count)
        for index in 0..<count { visits[order.window(epoch: epoch, index: index)] += 1 }
        #expect(visits.allSatisfy { $0 == 1 }, "count \(count), seed \(seed), epoch \(epoch)")
      }
    }
  }

  @Test func epochsAndSeedsDiffer() {
    func epoch(_ epoch: Int, seed: UInt64) -> [Int] {
      let order = WindowOrder(count: 100, seed: seed)
      return (0..<100).map { order.window(epoch: epoch, index: $0) }
    }
    #expect(epoch(0, seed: 1) != epoch(1, seed: 1))
    #expect(epoch(0, seed: 1) != epoch(0, seed: 2))
    #expect(epoch(0, seed: 1) != Array(0..<100))
    #expect(epoch(3, seed: 7) == epoch(3, seed: 7))
  }

  @Test("The first window is uniform over epochs: within 5 standard deviations")
  func uniform() {
    let (count, epochs) = (10, 20_000)
    let order = WindowOrder(count: count, seed: 3)
    var seen = [Int](repeating: 0, count: count)
    for epoch in 0..<epochs { seen[order.window(epoch: epoch, index: 0)] += 1 }
    let (mean, sigma) = (2000.0, (2000.0 * 0.9).squareRoot())
    for n in seen { #expect(abs(Double(n) - mean) < 5 * sigma) }
  }

  @Test("Neighbours do not stay neighbours")
  func scattered() {
    let order = WindowOrder(count: 1000, seed: 5)
    let windows = (0..<1000).map { order.window(epoch: 0, index: $0) }
    let close = zip(windows, windows.dropFirst()).count { abs($0 - $1) == 1 }
    #expect(close < 12)
  }

  @Test("A checkpoint resumes to the same data in every later version")
  func golden() {
    let order = WindowOrder(count: 1000, seed: 42)
    #expect(
      (0..<8).map { order.window(epoch: 0, index: $0) } == [433, 368, 219, 181, 763, 87, 261, 642])
    #expect((0..<4).map { order.window(epoch: 7, index: 996 + $0) } == [685, 835, 664, 654])
  }

  @Test func hugeCounts() {
    for count in [1 << 40 + 1, 1 << 61, 1 << 62 - 1] {
      let order = WindowOrder(count: count, seed: 9)
      for index in [0, 1, count / 2, count - 1] {
        #expect((0..<count).contains(order.window(epoch: 0, index: index)))
      }
    }
  }
}
