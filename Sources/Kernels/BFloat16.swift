internal import CSupport

/// bfloat16: the upper 16 bits of a float.
enum BFloat16 {
  /// The nearest ones, ties to even; NaN stays NaN.
  @inline(__always)
  static func rounded(_ x: SIMD16<Float>) -> SIMD16<UInt16> {
    let bits = unsafeBitCast(x, to: SIMD16<UInt32>.self)
    let tie = (bits &>> 16) & 1
    var upper = (bits &+ 0x7FFF &+ tie) &>> 16
    upper.replace(with: 0x7FC0, where: x .!= x)
    return SIMD16<UInt16>(truncatingIfNeeded: upper)
  }

  /// The nearest one, ties to even; NaN stays NaN.
  @inline(__always)
  static func rounded(_ x: Float) -> UInt16 {
    let bits = x.bitPattern
    return x == x ? UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ bits >> 16 & 1) >> 16) : 0x7FC0
  }

  /// `count` numbers, a multiple of 16, as floats.
  @inline(__always)
  static func widen(
    _ halves: UnsafePointer<UInt16>, count: Int, into floats: UnsafeMutablePointer<Float>
  ) {
    for i in stride(from: 0, to: count, by: 16) {
      Vector.store(floats + i, cs_load_bf16(halves + i))
    }
  }

  @inline(__always)
  static func value(_ half: UInt16) -> Float { Float(bitPattern: UInt32(half) << 16) }
}
