internal import CSupport

/// Elementary functions on the logical vector: our own polynomials, so that the bits depend on no
/// math library and no CPU. FMAs are written where they are meant.
public enum VectorMath {
  /// e^x for 16 lanes, at most 2 ulp for x in [-87.3, 88]; 0 below, e^88 above; NaN stays NaN.
  ///
  /// x = n·ln 2 + r by Cody and Waite's two-part ln 2, then the minimax polynomial of degree 6 of
  /// Cephes' `expf` on |r| ≤ ln 2 / 2.
  @inline(__always)
  static func exp(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let smallest: Float = -87.3
    // The constant comes first: cs_min and cs_max return their second operand for NaN.
    let clamped = cs_max(SIMD16(repeating: smallest), cs_min(SIMD16(repeating: 88), x))
    let n = cs_round(clamped * 1.442_695_04)
    var r = cs_fma(n, SIMD16(repeating: -0.693_359_375), clamped)
    r = cs_fma(n, SIMD16(repeating: 2.121_944_4e-4), r)
    var p = SIMD16<Float>(repeating: 1.987_569_2e-4)
    p = cs_fma(p, r, SIMD16(repeating: 1.398_199_95e-3))
    p = cs_fma(p, r, SIMD16(repeating: 8.333_452e-3))
    p = cs_fma(p, r, SIMD16(repeating: 4.166_579_6e-2))
    p = cs_fma(p, r, SIMD16(repeating: 0.166_666_65))
    p = cs_fma(p, r, SIMD16(repeating: 0.5))
    p = cs_fma(p, r * r, r + 1)
    let value = p * cs_exp2i(n)
    return value.replacing(with: 0, where: x .< smallest)
  }

  /// 1 / (1 + e^-x).
  @inline(__always)
  static func sigmoid(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let one = SIMD16<Float>(repeating: 1)
    return one / (one + exp(-x))
  }

  /// ln x of a positive finite Double, about 1e-15 relative: x = 2^e·f, f in [√½, √2), and
  /// ln f = 2 atanh((f - 1) / (f + 1)) by its series. Additions and products only.
  public static func log(_ x: Double) -> Double {
    var e = Double(x.exponent)
    var f = x.significand
    if f > 1.414_213_562_373_095_1 {
      f *= 0.5
      e += 1
    }
    let s = (f - 1) / (f + 1)
    let s2 = s * s
    var series = 0.0
    for n in stride(from: 23, through: 1, by: -2) { series = series * s2 + 1 / Double(n) }
    return e * 0.693_147_180_559_945_3 + 2 * s * series
  }
}
