import CSupport

/// Loads and stores of the logical vector at any alignment, whole or partial.
enum Lanes {
  /// The 16 floats at `p`, or, where fewer than 16 are left, those and zeros.
  @inline(__always)
  static func load(_ p: UnsafePointer<Float>, _ left: Int) -> SIMD16<Float> {
    left >= 16
      ? UnsafeRawPointer(p).loadUnaligned(as: SIMD16<Float>.self)
      : cs_load_partial(p, Int64(left), 0)
  }

  /// Writes `v` to `p`, of it only the first `left` lanes where fewer than 16 are left.
  @inline(__always)
  static func store(_ p: UnsafeMutablePointer<Float>, _ v: SIMD16<Float>, _ left: Int) {
    if left >= 16 {
      UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMD16<Float>.self)
    } else {
      cs_store_partial(p, v, Int64(left))
    }
  }

  /// `v` with everything below 2⁻¹²⁰ made zero. Moving averages of a vanished gradient would
  /// otherwise decay into subnormal numbers, which cost many CPUs a hundred cycles each; 2⁻¹²⁰ is
  /// far below what any denominator here could still notice. NaN stays NaN.
  @inline(__always)
  static func flushed(_ v: SIMD16<Float>) -> SIMD16<Float> {
    v.replacing(with: 0, where: cs_abs(v) .< 0x1p-120)
  }

  /// θ − η(λθ + u), decay and update in one rounding of θ. - rate: −η.
  @inline(__always)
  static func stepped(
    _ theta: SIMD16<Float>, by update: SIMD16<Float>, rate: Float, lambda: Float
  ) -> SIMD16<Float> {
    cs_fma(SIMD16(repeating: rate), cs_fma(SIMD16(repeating: lambda), theta, update), theta)
  }

  /// −1, 0 or 1; NaN stays NaN.
  @inline(__always)
  static func sign(_ v: SIMD16<Float>) -> SIMD16<Float> {
    v.replacing(with: 1, where: v .> 0).replacing(with: -1, where: v .< 0)
  }

  /// 1 where the mask holds, else 0.
  @inline(__always)
  static func ones(_ mask: SIMDMask<SIMD16<Int32>>) -> SIMD16<Float> {
    SIMD16<Float>().replacing(with: 1, where: mask)
  }
}
