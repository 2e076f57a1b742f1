internal import CSupport
public import Machine

/// GELU in the tanh form of GPT-2 (Hendrycks and Gimpel 2016, "gelu_new"), elementwise over (n):
/// 0.5·x·(1 + tanh u) with u = √(2/π)·(x + 0.044715·x³), which equals x·σ(2u).
public enum GELU {
  /// - out: (n); - inp: (n).
  public static func forward(
    out: UnsafeMutablePointer<Float>, inp: UnsafePointer<Float>, count: Int, on team: ThreadTeam
  ) {
    Vector.forEach(count, on: team) { i, n in
      cs_store_partial(out + i, value(cs_load_partial(inp + i, n, 0)), n)
    }
  }

  /// In place: `dout` becomes dout · gelu'(inp).
  /// - dout: (n); - inp: (n), the forward's input.
  public static func backward(
    dout: UnsafeMutablePointer<Float>, inp: UnsafePointer<Float>, count: Int, on team: ThreadTeam
  ) {
    Vector.forEach(count, on: team) { i, n in
      let s = slope(cs_load_partial(inp + i, n, 0))
      cs_store_partial(dout + i, cs_load_partial(dout + i, n, 0) * s, n)
    }
  }

  /// The forward's tangent: outTangent = gelu'(inp)·inpTangent. - all: (n).
  public static func tangent(
    outTangent: UnsafeMutablePointer<Float>, inp: UnsafePointer<Float>,
    inpTangent: UnsafePointer<Float>, count: Int, on team: ThreadTeam
  ) {
    Vector.forEach(count, on: team) { i, n in
      let s = slope(cs_load_partial(inp + i, n, 0))
      cs_store_partial(outTangent + i, s * cs_load_partial(inpTangent + i, n, 0), n)
    }
  }

  /// The backward and its tangent, in place: `doutTangent` becomes
  /// doutTangent·gelu'(inp) + dout·gelu''(inp)·inpTangent, `dout` becomes dout·gelu'(inp).
  /// - all: (n).
  public static func backwardTangent(
    dout: UnsafeMutablePointer<Float>, doutTangent: UnsafeMutablePointer<Float>,
    inp: UnsafePointer<Float>, inpTangent: UnsafePointer<Float>, count: Int, on team: ThreadTeam
  ) {
    Vector.forEach(count, on: team) { i, n in
      let x = cs_load_partial(inp + i, n, 0)
      let (s, d) = (slope(x), cs_load_partial(dout + i, n, 0))
      let bend = d * curvature(x) * cs_load_partial(inpTangent + i, n, 0)
      let change = cs_fma(cs_load_partial(doutTangent + i, n, 0), s, bend)
      cs_store_partial(doutTangent + i, change, n)
      cs_store_partial(dout + i, d * s, n)
    }
  }

  private static let twiceRoot: Float = 1.595_769_2  // 2·√(2/π)

  /// 2u, the sigmoid's argument.
  @inline(__always)
  private static func argument(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let cubic = cs_fma(
      x * x, SIMD16(repeating: 0.044_715 * twiceRoot), SIMD16(repeating: twiceRoot))
    return x * cubic
  }

  /// 2u'.
  @inline(__always)
  private static func argumentSlope(_ x: SIMD16<Float>) -> SIMD16<Float> {
    cs_fma(x * x, SIMD16(repeating: 3 * 0.044_715 * twiceRoot), SIMD16(repeating: twiceRoot))
  }

  @inline(__always)
  private static func value(_ x: SIMD16<Float>) -> SIMD16<Float> {
    x * VectorMath.sigmoid(argument(x))
  }

  /// d/dx x·σ(2u) = σ + x·σ·(1 - σ)·2u'.
  @inline(__always)
  private static func slope(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let s = VectorMath.sigmoid(argument(x))
    return cs_fma(x * argumentSlope(x), s * (1 - s), s)
  }

  /// d²/dx² x·σ(a), a = 2u: σ·(1 - σ)·(2a' + x·((1 - 2σ)·a'² + a'')).
  @inline(__always)
  private static func curvature(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let (s, da) = (VectorMath.sigmoid(argument(x)), argumentSlope(x))
    let dda = x * (6 * 0.044_715 * twiceRoot)
    return s * (1 - s) * cs_fma(x, cs_fma((1 - 2 * s) * da, da, dda), 2 * da)
  }
}
