internal import CSupport
public import Machine

/// How forward and backward of ``LayerNorm`` change with their arguments: the tangents of a
/// Hessian-vector product (Pearlmutter 1994). With x̂ = (x − mean)·rstd and a prime for a tangent,
/// rstd' = −rstd²·avg(x̂·x') and x̂' = rstd·(x' − avg(x') − x̂·avg(x̂·x')).
extension LayerNorm {
  /// The forward's tangent: out' = x̂'·weight + x̂·weight' + bias'.
  /// - outTangent: (N, C); - inp, inpTangent: (N, C); - mean, rstd: (N), of the forward;
  /// - weight, weightTangent, biasTangent: (C).
  public static func tangent(
    outTangent: UnsafeMutablePointer<Float>, inp: UnsafePointer<Float>,
    inpTangent: UnsafePointer<Float>, mean: UnsafePointer<Float>, rstd: UnsafePointer<Float>,
    weight: UnsafePointer<Float>, weightTangent: UnsafePointer<Float>,
    biasTangent: UnsafePointer<Float>, N: Int, C: Int, on team: ThreadTeam
  ) {
    team.parallelFor(N, grain: 16) { rows in
      for n in rows {
        let row = TangentRow(inp + n * C, inpTangent + n * C, mean[n], rstd[n], C)
        Vector.forEach(C) { at, count in
          let normal = row.normal(at, count)
          let shift = cs_fma(
            normal, cs_load_partial(weightTangent + at, count, 0),
            cs_load_partial(biasTangent + at, count, 0))
          let y = cs_fma(
            row.normalTangent(at, count, normal), cs_load_partial(weight + at, count, 0), shift)
          cs_store_partial(outTangent + n * C + at, y, count)
        }
      }
    }
  }

  /// The backward's input gradient and its tangent, and the tangents of the parameters' gradients:
  /// with d = dout·weight and dx = rstd·(d − avg(d) − x̂·avg(d·x̂)),
  /// dx' = rstd·(d' − avg(d') − x̂'·avg(d·x̂) − x̂·avg(d'·x̂ + d·x̂')) + dx·rstd'/rstd.
  /// - dinp, dinpTangent: (N, C), `accumulate` adds to what is there, else overwritten;
  /// - dweightTangent, dbiasTangent: (C), a chain over rows that starts at the old value
  ///   (`continuing`) or at zero; - scratch: (N, C), becomes x̂'; - dout, doutTangent: (N, C); the
  ///   rest as in the forward.
  public static func backwardTangent(
    dinp: UnsafeMutablePointer<Float>, dinpTangent: UnsafeMutablePointer<Float>, accumulate: Bool,
    dweightTangent: UnsafeMutablePointer<Float>, dbiasTangent: UnsafeMutablePointer<Float>,
    continuing: Bool, scratch: UnsafeMutablePointer<Float>, dout: UnsafePointer<Float>,
    doutTangent: UnsafePointer<Float>, inp: UnsafePointer<Float>,
    inpTangent: UnsafePointer<Float>, mean: UnsafePointer<Float>, rstd: UnsafePointer<Float>,
    weight: UnsafePointer<Float>, weightTangent: UnsafePointer<Float>, N: Int, C: Int,
    on team: ThreadTeam
  ) {
    team.parallelFor(N, grain: 16) { rows in
      for n in rows {
        let row = TangentRow(inp + n * C, inpTangent + n * C, mean[n], rstd[n], C)
        let change = scratch + n * C
        Vector.forEach(C) { at, count in
          let normal = row.normal(at, count)
          cs_store_partial(change + at, row.normalTangent(at, count, normal), count)
        }
        let slopes = Slopes(dout + n * C, doutTangent + n * C, weight, weightTangent)
        inputs(dinp + n * C, dinpTangent + n * C, accumulate, row, change, slopes, C)
      }
    }
    let blocks = ColumnBlocks(C, mostParts: 2, threads: team.count)
    blocks.forEach(on: team) { block, part in
      if part == 1 { return ColumnSum.add(dbiasTangent, continuing, doutTangent, N, C, block) }
      Vector.forEach(block.count) { v, count in
        let at = block.lowerBound + v
        var dw = continuing ? cs_load_partial(dweightTangent + at, count, 0) : SIMD16()
        for n in 0..<N {
          let i = n * C + at
          let normal = (cs_load_partial(inp + i, count, 0) - mean[n]) * rstd[n]
          dw = cs_fma(cs_load_partial(doutTangent + i, count, 0), normal, dw)
          dw = cs_fma(
            cs_load_partial(dout + i, count, 0), cs_load_partial(scratch + i, count, 0), dw)
        }
        cs_store_partial(dweightTangent + at, dw, count)
      }
      if blocks.parts == 1 {
        ColumnSum.add(dbiasTangent, continuing, doutTangent, N, C, block)
      }
    }
  }

  /// dx and dx' of one row.
  @inline(__always)
  private static func inputs(
    _ dx: UnsafeMutablePointer<Float>, _ dxTangent: UnsafeMutablePointer<Float>,
    _ accumulate: Bool, _ row: TangentRow, _ change: UnsafePointer<Float>, _ slopes: Slopes,
    _ C: Int
  ) {
    let average = sum(C) { at, count in slopes.value(at, count) } / Float(C)
    let averageTangent = sum(C) { at, count in slopes.tangent(at, count) } / Float(C)
    let product =
      sum(C) { at, count in slopes.value(at, count) * row.normal(at, count) } / Float(C)
    let productTangent =
      sum(C) { at, count in
        cs_fma(
          slopes.tangent(at, count), row.normal(at, count),
          slopes.value(at, count) * cs_load_partial(change + at, count, 0))
      } / Float(C)
    // rstd' / rstd.
    let growth = -row.rstd * row.averageTimesNormal
    Vector.forEach(C) { at, count in
      let (normal, normalTangent) = (row.normal(at, count), cs_load_partial(change + at, count, 0))
      let d =
        cs_fma(-normal, SIMD16(repeating: product), slopes.value(at, count) - average) * row.rstd
      let level = cs_fma(
        -normal, SIMD16(repeating: productTangent), slopes.tangent(at, count) - averageTangent)
      let dTangent = cs_fma(
        d, SIMD16(repeating: growth),
        cs_fma(-normalTangent, SIMD16(repeating: product), level) * row.rstd)
      let old = accumulate ? cs_load_partial(dx + at, count, 0) : SIMD16()
      let oldTangent = accumulate ? cs_load_partial(dxTangent + at, count, 0) : SIMD16()
      cs_store_partial(dx + at, old + d, count)
      cs_store_partial(dxTangent + at, oldTangent + dTangent, count)
    }
  }
}

/// A row of LayerNorm's input x and its tangent x'. Lanes past a row's end are zero.
private struct TangentRow {
  let x, xTangent: UnsafePointer<Float>
  let mean, rstd: Float
  /// avg(x') and avg(x̂·x').
  let average, averageTimesNormal: Float

  @inline(__always)
  init(
    _ x: UnsafePointer<Float>, _ xTangent: UnsafePointer<Float>, _ mean: Float, _ rstd: Float,
    _ C: Int
  ) {
    (self.x, self.xTangent, self.mean, self.rstd) = (x, xTangent, mean, rstd)
    average = LayerNorm.sum(C) { at, count in cs_load_partial(xTangent + at, count, 0) } / Float(C)
    averageTimesNormal =
      LayerNorm.sum(C) { at, count in
        (cs_load_partial(x + at, count, mean) - mean) * rstd
          * cs_load_partial(xTangent + at, count, 0)
      } / Float(C)
  }

  /// x̂.
  @inline(__always)
  func normal(_ at: Int, _ count: Int64) -> SIMD16<Float> {
    (cs_load_partial(x + at, count, mean) - mean) * rstd
  }

  /// x̂'.
  @inline(__always)
  func normalTangent(_ at: Int, _ count: Int64, _ normal: SIMD16<Float>) -> SIMD16<Float> {
    cs_fma(
      -normal, SIMD16(repeating: averageTimesNormal),
      cs_load_partial(xTangent + at, count, average) - average) * rstd
  }
}

/// d = dout·weight of a row, and d' = dout'·weight + dout·weight'.
private struct Slopes {
  let dout, doutTangent, weight, weightTangent: UnsafePointer<Float>

  @inline(__always)
  init(
    _ dout: UnsafePointer<Float>, _ doutTangent: UnsafePointer<Float>,
    _ weight: UnsafePointer<Float>, _ weightTangent: UnsafePointer<Float>
  ) {
    (self.dout, self.doutTangent) = (dout, doutTangent)
    (self.weight, self.weightTangent) = (weight, weightTangent)
  }

  @inline(__always)
  func value(_ at: Int, _ count: Int64) -> SIMD16<Float> {
    cs_load_partial(dout + at, count, 0) * cs_load_partial(weight + at, count, 0)
  }

  @inline(__always)
  func tangent(_ at: Int, _ count: Int64) -> SIMD16<Float> {
    cs_fma(
      cs_load_partial(doutTangent + at, count, 0), cs_load_partial(weight + at, count, 0),
      cs_load_partial(dout + at, count, 0) * cs_load_partial(weightTangent + at, count, 0))
  }
}
