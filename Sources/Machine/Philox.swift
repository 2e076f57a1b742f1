/// Philox4x32-10, the counter-based generator of Salmon et al. 2011, "Parallel random numbers: as
/// easy as 1, 2, 3". A value is a pure function of (key, counter), so nothing is stored to resume
/// and nothing depends on the order in which threads draw.
public struct Philox: Sendable, Equatable {
  /// The two key words.
  public var key: SIMD2<UInt32>

  /// A generator whose key is `seed`.
  public init(seed: UInt64) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
  }

  /// The four random words of a counter (ten rounds).
  public func words(_ counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
    var (c, k) = (counter, key)
    for round in 0..<10 {
      if round > 0 { k = k &+ SIMD2(0x9E37_79B9, 0xBB67_AE85) }
      let p0 = UInt64(c.x) &* 0xD251_1F53
      let p1 = UInt64(c.z) &* 0xCD9E_8D57
      c = SIMD4(
        UInt32(truncatingIfNeeded: p1 >> 32) ^ c.y ^ k.x, UInt32(truncatingIfNeeded: p1),
        UInt32(truncatingIfNeeded: p0 >> 32) ^ c.w ^ k.y, UInt32(truncatingIfNeeded: p0))
    }
    return c
  }

  /// A 64-bit word for a use of random numbers and an index in it.
  public func word(stream: RandomStream, _ index: UInt64, _ sub: UInt32 = 0) -> UInt64 {
    word(stream: stream.number(), index, sub)
  }

  /// A uniform number in [0, 1) with 53 bits for a use of random numbers and an index in it.
  public func uniform(stream: RandomStream, _ index: UInt64, _ sub: UInt32 = 0) -> Double {
    uniform(stream: stream.number(), index, sub)
  }

  /// A 64-bit word for a stream, by its number, and an index in it.
  public func word(stream: UInt32, _ index: UInt64, _ sub: UInt32 = 0) -> UInt64 {
    let w = words(
      SIMD4(UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32), sub, stream)
    )
    return UInt64(w.x) | UInt64(w.y) << 32
  }

  /// A uniform number in [0, 1) with 53 bits.
  public func uniform(stream: UInt32, _ index: UInt64, _ sub: UInt32 = 0) -> Double {
    Double(word(stream: stream, index, sub) >> 11) * 0x1p-53
  }
}
