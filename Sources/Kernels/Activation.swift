internal import CSupport
public import Machine

/// The function between the two products of a layer's MLP, elementwise, by its name in Hugging Face's
/// `config.json`. Training has GPT-2's own alone, ``GELU``.
public enum Activation: String, Sendable, CaseIterable {
  /// GPT-2's: GELU in its tanh form.
  case geluNew = "gelu_new"
  /// GELU itself (Hendrycks and Gimpel 2016): x·Φ(x), Φ the normal distribution function.
  case gelu
  /// max(x, 0).
  case relu

  /// - out: (n), may be `inp`; - inp: (n).
  public func forward(
    out: UnsafeMutablePointer<Float>, inp: UnsafePointer<Float>, count: Int, on team: ThreadTeam
  ) {
    switch self {
    case .geluNew: GELU.forward(out: out, inp: inp, count: count, on: team)
    case .gelu:
      Vector.forEach(count, on: team) { i, n in
        cs_store_partial(out + i, Self.gelu(cs_load_partial(inp + i, n, 0)), n)
      }
    case .relu:
      Vector.forEach(count, on: team) { i, n in
        cs_store_partial(out + i, Self.relu(cs_load_partial(inp + i, n, 0)), n)
      }
    }
  }

  /// NaN stays NaN: cs_max returns its second operand for it.
  @inline(__always)
  private static func relu(_ x: SIMD16<Float>) -> SIMD16<Float> {
    cs_max(SIMD16(repeating: 0), x)
  }

  /// x·Φ(x) = max(x, 0) - |x|·½·erfc(z), z = |x|/√2.
  ///
  /// erfc(z) = t·p(t)·e^(-z²) with t = 1/(1 + 0.45·z), the form of Abramowitz and Stegun's 7.1.26. p
  /// was fitted for the smallest relative error over z in [0, 9.4], which is 3e-7; beyond, e^(-z²) is 0.
  @inline(__always)
  private static func gelu(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let one = SIMD16<Float>(repeating: 1)
    let size = cs_max(-x, x)
    let z = size * 0.707_106_78
    let t = one / cs_fma(z, SIMD16(repeating: 0.45), one)
    var p = SIMD16<Float>(repeating: 0.066_196_91)
    p = cs_fma(p, t, SIMD16(repeating: -0.237_361_09))
    p = cs_fma(p, t, SIMD16(repeating: 0.203_611_34))
    p = cs_fma(p, t, SIMD16(repeating: 0.045_311_775))
    p = cs_fma(p, t, SIMD16(repeating: 0.185_882_81))
    p = cs_fma(p, t, SIMD16(repeating: 0.228_947_62))
    p = cs_fma(p, t, SIMD16(repeating: 0.253_492_33))
    p = cs_fma(p, t, SIMD16(repeating: 0.253_918_59))
    return relu(x) - size * (0.5 * t * p * VectorMath.exp(-(z * z)))
  }
}
