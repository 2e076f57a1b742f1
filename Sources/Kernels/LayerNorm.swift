internal import CSupport
public import Machine

/// Layer normalisation over the last dimension (Ba et al. 2016): out = (x - mean)·rstd·weight +
/// bias with rstd = 1/√(variance + ε), the variance without Bessel's correction.
public enum LayerNorm {
  /// - out: (N, C); - mean, rstd: (N), kept for the backward; - inp: (N, C); - weight, bias: (C).
  public static func forward(
    out: UnsafeMutablePointer<Float>, mean: UnsafeMutablePointer<Float>,
    rstd: UnsafeMutablePointer<Float>, inp: UnsafePointer<Float>, weight: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, N: Int, C: Int, epsilon: Float, on team: ThreadTeam
  ) {
    team.parallelFor(N, grain: 16) { rows in
      for n in rows {
        let x = inp + n * C
        let m = sum(C) { at, count in cs_load_partial(x + at, count, 0) } / Float(C)
        let variance =
          sum(C) { at, count in
            let d = cs_load_partial(x + at, count, m) - m
            return d * d
          } / Float(C)
        let r = 1 / (variance + epsilon).squareRoot()
        (mean[n], rstd[n]) = (m, r)
        normalise(out + n * C, x, m, r, weight, bias, C)
      }
    }
  }

  /// The forward again from the stored mean and rstd: the same bits.
  public static func recompute(
    out: UnsafeMutablePointer<Float>, mean: UnsafePointer<Float>, rstd: UnsafePointer<Float>,
    inp: UnsafePointer<Float>, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>, N: Int,
    C: Int, on team: ThreadTeam
  ) {
    team.parallelFor(N, grain: 16) { rows in
      for n in rows {
        normalise(out + n * C, inp + n * C, mean[n], rstd[n], weight, bias, C)
      }
    }
  }

  /// - dinp: (N, C), `accumulate` adds to what is there (the residual stream's gradient), else
  ///   overwritten; - dweight, dbias: (C), one chain over rows in order that starts at the old value
  ///   (`continuing`) or at zero; - dout: (N, C); the rest as in the forward.
  public static func backward(
    dinp: UnsafeMutablePointer<Float>, accumulate: Bool, dweight: UnsafeMutablePointer<Float>,
    dbias: UnsafeMutablePointer<Float>, continuing: Bool, dout: UnsafePointer<Float>,
    inp: UnsafePointer<Float>, mean: UnsafePointer<Float>, rstd: UnsafePointer<Float>,
    weight: UnsafePointer<Float>, N: Int, C: Int, on team: ThreadTeam
  ) {
    // x̂ = (x - mean)·rstd; dx̂ = dout·weight; dx = rstd·(dx̂ - avg(dx̂) - x̂·avg(dx̂·x̂)).
    team.parallelFor(N, grain: 16) { rows in
      for n in rows {
        let (x, dy, dx) = (inp + n * C, dout + n * C, dinp + n * C)
        let (m, r) = (mean[n], rstd[n])
        let average =
          sum(C) { at, count in
            cs_load_partial(dy + at, count, 0) * cs_load_partial(weight + at, count, 0)
          } / Float(C)
        let averageTimesX =
          sum(C) { at, count in
            let normal = (cs_load_partial(x + at, count, m) - m) * r
            return cs_load_partial(dy + at, count, 0) * cs_load_partial(weight + at, count, 0)
              * normal
          } / Float(C)
        Vector.forEach(C) { at, count in
          let normal = (cs_load_partial(x + at, count, m) - m) * r
          let dNormal =
            cs_load_partial(dy + at, count, 0) * cs_load_partial(weight + at, count, 0)
          let d = cs_fma(-normal, SIMD16(repeating: averageTimesX), dNormal - average) * r
          let old = accumulate ? cs_load_partial(dx + at, count, 0) : SIMD16()
          cs_store_partial(dx + at, old + d, count)
        }
      }
    }
    parameters(dweight, dbias, continuing, dout, inp, mean, rstd, N, C, team)
  }

  /// Columns are shared out; where there are too few for the team, dweight and dbias go apart.
  private static func parameters(
    _ dweight: UnsafeMutablePointer<Float>, _ dbias: UnsafeMutablePointer<Float>,
    _ continuing: Bool, _ dout: UnsafePointer<Float>, _ inp: UnsafePointer<Float>,
    _ mean: UnsafePointer<Float>, _ rstd: UnsafePointer<Float>, _ N: Int, _ C: Int,
    _ team: ThreadTeam
  ) {
    let blocks = ColumnBlocks(C, mostParts: 2, threads: team.count)
    blocks.forEach(on: team) { block, part in
      if part == 1 { return ColumnSum.add(dbias, continuing, dout, N, C, block) }
      let dbias = blocks.parts == 1 ? dbias : nil
      ColumnBlocks.visit(block) { at in
        columns(
          InlineArray<4, SIMD16<Float>>.self, 16, dweight + at, dbias.map { $0 + at }, continuing,
          dout + at, inp + at, mean, rstd, N, C)
      } vector: { at, count in
        columns(
          InlineArray<1, SIMD16<Float>>.self, count, dweight + at, dbias.map { $0 + at },
          continuing,
          dout + at, inp + at, mean, rstd, N, C)
      }
    }
  }

  /// `vectors` neighbouring vectors of columns, `count` floats of each. - dbias: nil: left out.
  @inline(__always)
  private static func columns<let vectors: Int>(
    _: InlineArray<vectors, SIMD16<Float>>.Type, _ count: Int64,
    _ dweight: UnsafeMutablePointer<Float>, _ dbias: UnsafeMutablePointer<Float>?,
    _ continuing: Bool, _ dout: UnsafePointer<Float>, _ inp: UnsafePointer<Float>,
    _ mean: UnsafePointer<Float>, _ rstd: UnsafePointer<Float>, _ N: Int, _ C: Int
  ) {
    var dw = InlineArray<vectors, SIMD16<Float>>(repeating: SIMD16())
    var db = dw
    if continuing {
      for v in 0..<vectors {
        dw[v] = cs_load_partial(dweight + 16 * v, count, 0)
        if let dbias { db[v] = cs_load_partial(dbias + 16 * v, count, 0) }
      }
    }
    for n in 0..<N {
      for v in 0..<vectors {
        let at = n * C + 16 * v
        let dy = cs_load_partial(dout + at, count, 0)
        let normal = (cs_load_partial(inp + at, count, mean[n]) - mean[n]) * rstd[n]
        dw[v] = cs_fma(dy, normal, dw[v])
        db[v] += dy
      }
    }
    for v in 0..<vectors {
      cs_store_partial(dweight + 16 * v, dw[v], count)
      if let dbias { cs_store_partial(dbias + 16 * v, db[v], count) }
    }
  }

  @inline(__always)
  private static func normalise(
    _ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ m: Float, _ r: Float,
    _ weight: UnsafePointer<Float>, _ bias: UnsafePointer<Float>, _ C: Int
  ) {
    Vector.forEach(C) { at, count in
      let normal = (cs_load_partial(x + at, count, m) - m) * r
      let y = cs_fma(
        normal, cs_load_partial(weight + at, count, 0), cs_load_partial(bias + at, count, 0))
      cs_store_partial(out + at, y, count)
    }
  }

  /// Sum over C of vectors, one accumulator of 16 lanes, then the fixed tree.
  @inline(__always)
  static func sum(_ C: Int, _ term: (_ at: Int, _ count: Int64) -> SIMD16<Float>) -> Float {
    var total = SIMD16<Float>()
    Vector.forEach(C) { at, count in total += term(at, count) }
    return cs_sum(total)
  }
}
