internal import CSupport
public import Machine

/// GELU in the tanh form of GPT-2 (Hendrycks and Gimpel 2016, "gelu_new"), elementwise over (n):
/// 0.5·x·(1 + tanh u) with u = √(2/π)·(x + 0.044715·x³), which equals x·σ(2u).
public enum GELU {
  private static let grain = 1 << 14

  /// - out: (n); - inp: (n).
  public static func forward(
    out: UnsafeMutablePointer<Float>, inp: UnsafePointer<Float>, count: Int, on team: ThreadTeam
  ) {
    team.parallelFor((count + grain - 1) / grain) { chunks in
      for chunk in chunks {
        let range = chunk * grain..<min(count, (chunk + 1) * grain)
        var i = range.lowerBound
        while i + 16 <= range.upperBound {
          Vector.store(out + i, value(Vector.load(inp + i)))
          i += 16
        }
        let rest = Int64(range.upperBound - i)
        if rest > 0 { cs_store_partial(out + i, value(cs_load_partial(inp + i, rest, 0)), rest) }
      }
    }
  }

  /// In place: `dout` becomes dout · gelu'(inp).
  /// - dout: (n); - inp: (n), the forward's input.
  public static func backward(
    dout: UnsafeMutablePointer<Float>, inp: UnsafePointer<Float>, count: Int, on team: ThreadTeam
  ) {
    team.parallelFor((count + grain - 1) / grain) { chunks in
      for chunk in chunks {
        let range = chunk * grain..<min(count, (chunk + 1) * grain)
        var i = range.lowerBound
        while i + 16 <= range.upperBound {
          Vector.store(dout + i, Vector.load(dout + i) * slope(Vector.load(inp + i)))
          i += 16
        }
        let rest = Int64(range.upperBound - i)
        if rest > 0 {
          let s = slope(cs_load_partial(inp + i, rest, 0))
          cs_store_partial(dout + i, cs_load_partial(dout + i, rest, 0) * s, rest)
        }
      }
    }
  }

  /// The forward's tangent: outTangent = gelu'(inp)·inpTangent. - all: (n).
  public static func tangent(
    outTangent: UnsafeMutablePointer<Float>, inp: UnsafePointer<Float>,
    inpTangent: UnsafePointer<Float>, count: Int, on team: ThreadTeam
  ) {
    team.parallelFor((count + grain - 1) / grain) { chunks in
      for chunk in chunks {
        let first = chunk * grain
        Vector.forEach(min(grain, count - first)) { at, n in
          let i = first + at
          let s = slope(cs_load_partial(inp + i, n, 0))
          cs_store_partial(outTangent + i, s * cs_load_partial(inpTangent + i, n, 0), n)
        }
      }
    }
  }

  /// The backward and its tangent, in place: `doutTangent` becomes
  /// doutTangent·gelu'(inp) + dout·gelu''(inp)·inpTangent, `dout` becomes dout·gelu'(inp).
  /// - all: (n).
  public static func backwardTangent(
    dout: UnsafeMutablePointer<Float>, doutTangent: UnsafeMutablePointer<Float>,
    inp: UnsafePointer<Float>, inpTangent: UnsafePointer<Float>, count: Int, on team: ThreadTeam
  ) {
    team.parallelFor((count + grain - 1) / grain) { chunks in
      for chunk in chunks {
        let first = chunk * grain
        Vector.forEach(min(grain, count - first)) { at, n in
          let i = first + at
          let x = cs_load_partial(inp + i, n, 0)
          let (s, d) = (slope(x), cs_load_partial(dout + i, n, 0))
          let bend = d * curvature(x) * cs_load_partial(inpTangent + i, n, 0)
          let change = cs_fma(cs_load_partial(doutTangent + i, n, 0), s, bend)
          cs_store_partial(doutTangent + i, change, n)
          cs_store_partial(dout + i, d * s, n)
        }
      }
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

  @inline(__always)
  private static func value(_ x: SIMD16<Float>) -> SIMD16<Float> {
    x * VectorMath.sigmoid(argument(x))
  }

  /// d/dx x·σ(2u) = σ + x·σ·(1 - σ)·2u'.
  @inline(__always)
  private static func slope(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let s = VectorMath.sigmoid(argument(x))
    let du = cs_fma(
      x * x, SIMD16(repeating: 3 * 0.044_715 * twiceRoot), SIMD16(repeating: twiceRoot))
    return cs_fma(x * du, s * (1 - s), s)
  }

  /// d²/dx² x·σ(a), a = 2u: σ·(1 - σ)·(2a' + x·((1 - 2σ)·a'² + a'')).
  @inline(__always)
  private static func curvature(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let s = VectorMath.sigmoid(argument(x))
    let da = cs_fma(
      x * x, SIMD16(repeating: 3 * 0.044_715 * twiceRoot), SIMD16(repeating: twiceRoot))
    let dda = x * (6 * 0.044_715 * twiceRoot)
    return s * (1 - s) * cs_fma(x, cs_fma((1 - 2 * s) * da, da, dda), 2 * da)
  }
}
