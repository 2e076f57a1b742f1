import Testing

@testable import Machine

/// Known answers of Random123 1.14 (kat_vectors, philox4x32 10), and what is built on the words.
@Suite struct PhiloxTests {
  struct KnownAnswer: Sendable {
    let key: [UInt32]
    let counter: [UInt32]
    let words: [UInt32]
  }

  @Test(arguments: [
    KnownAnswer(
      key: [0, 0], counter: [0, 0, 0, 0],
      words: [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
    KnownAnswer(
      key: [.max, .max], counter: [.max, .max, .max, .max],
      words: [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
    KnownAnswer(
      key: [0xa409_3822, 0x299f_31d0],
      counter: [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
      words: [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]),
  ])
  func knownAnswers(known: KnownAnswer) {
    let philox = Philox(seed: UInt64(known.key[0]) | UInt64(known.key[1]) << 32)
    #expect(philox.words(SIMD4(known.counter)) == SIMD4(known.words))
  }

  @Test func coordinatesReachTheirWords() {
    let philox = Philox(seed: 7)
    let index: UInt64 = 0x0123_4567_89ab_cdef
    let words = philox.words(SIMD4(0x89ab_cdef, 0x0123_4567, 5, 3))
    #expect(philox.word(stream: 3, index, 5) == UInt64(words.x) | UInt64(words.y) << 32)
    let all = [
      philox.word(stream: 3, index), philox.word(stream: 4, index),
      philox.word(stream: 3, index + 1), philox.word(stream: 3, index, 1),
      Philox(seed: 8).word(stream: 3, index), Philox(seed: 7 + 1 << 32).word(stream: 3, index),
    ]
    #expect(Set(all).count == all.count)
  }

  @Test func uniformIsInUnitIntervalWithTheRightMoments() {
    let philox = Philox(seed: 1)
    let n = 100_000
    var (sum, squares, low, high) = (0.0, 0.0, 1.0, 0.0)
    for i in 0..<n {
      let u = philox.uniform(stream: 0, UInt64(i))
      sum += u
      squares += u * u
      (low, high) = (min(low, u), max(high, u))
    }
    #expect(low >= 0 && high < 1)
    // Six standard deviations of the means: 6·√(1/12/n) and 6·√(4/45/n).
    #expect(abs(sum / Double(n) - 1.0 / 2) < 0.0055)
    #expect(abs(squares / Double(n) - 1.0 / 3) < 0.0057)
  }

  /// No two uses share a stream, and their numbers, which are in every checkpoint's weights, stay.
  @Test func usesHaveStreamsOfTheirOwn() {
    let owned = RandomStream.allCases.map { $0.number()...$0.number($0.count - 1) }
    for (index, one) in owned.enumerated() {
      for other in owned[(index + 1)...] { #expect(!one.overlaps(other), "\(one), \(other)") }
    }
    let numbers: [UInt32] = [
      0x1000_0000, 0x2000_0000, 0x3000_0000, 0x4000_0000, 0x4441_0001, 0x4441_0002, 0x7374_6F72,
    ]
    #expect(RandomStream.allCases.map { $0.number() } == numbers)
    #expect(RandomStream.weights.number(3) == 0x1000_0003)
    let philox = Philox(seed: 5)
    #expect(philox.word(stream: .labels, 7, 2) == philox.word(stream: 0x2000_0000, 7, 2))
    #expect(philox.uniform(stream: .texts, 7) == philox.uniform(stream: 0x4000_0000, 7))
  }
}
