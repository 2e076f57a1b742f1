import Machine

/// The order in which an epoch visits its windows: a pseudorandom permutation of `0 ..< count` that
/// is a pure function of (seed, epoch, index), so nothing is stored or shuffled and resuming is
/// O(1).
///
/// A balanced Feistel network over the smallest power of four that holds `count`, its round
/// function a Philox word; values outside the range are walked on until they fall inside (cycle
/// walking, Black and Rogaway 2002, "Ciphers with arbitrary finite domains"). The domain is less
/// than four times the range, or 4 where the range is 1, so a walk takes a few steps.
public struct WindowOrder: Sendable, Equatable {
  /// Number of windows, at least 1.
  public let count: Int
  /// Key of the permutations.
  public let seed: UInt64
  private let philox: Philox
  private let halfBits: Int
  private let stream: RandomStream
  private static let rounds: UInt32 = 6

  /// The order of `count` windows (1 ..< 2^62) under `seed`.
  public init(count: Int, seed: UInt64) {
    self.init(count: count, seed: seed, stream: .windowOrder)
  }

  init(count: Int, seed: UInt64, stream: RandomStream) {
    precondition(count >= 1 && count < 1 << 62, "WindowOrder: count \(count) outside 1..<2^62")
    self.count = count
    self.seed = seed
    self.stream = stream
    philox = Philox(seed: seed)
    let bits = max(1, Int.bitWidth - (count - 1).leadingZeroBitCount)
    halfBits = (bits + 1) / 2
  }

  /// The window at position `index` (in 0 ..< count) of an epoch (0 ..< 2^32).
  public func window(epoch: Int, index: Int) -> Int {
    precondition(index >= 0 && index < count, "WindowOrder: index \(index) outside 0..<\(count)")
    precondition(epoch >= 0 && epoch < 1 << 32, "WindowOrder: epoch \(epoch) outside 0..<2^32")
    var value = UInt64(index)
    repeat { value = encipher(value, epoch: UInt32(epoch)) } while value >= UInt64(count)
    return Int(value)
  }

  /// One pass of the network over `2 * halfBits` bits: a bijection, whatever the round function is.
  private func encipher(_ value: UInt64, epoch: UInt32) -> UInt64 {
    let mask = (UInt64(1) << halfBits) - 1
    let number = stream.number()
    var (left, right) = (value >> halfBits, value & mask)
    for round in 0..<Self.rounds {
      let counter = SIMD4(UInt32(right), epoch, round, number)
      (left, right) = (right, left ^ (UInt64(philox.words(counter).x) & mask))
    }
    return left << halfBits | right
  }
}
