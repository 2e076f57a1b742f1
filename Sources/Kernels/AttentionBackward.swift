internal import CSupport
public import Machine

extension Attention {
  /// The gradient of ``forward(out:rowMax:rowInverse:qkv:shape:on:scratch:)``.
  ///
  /// With P = softmax(S), S = scale·q·kᵀ: dv = Pᵀ·dout, dP = dout·vᵀ, dS = P∘(dP - δ) with
  /// δ = Σ dout·out, dq = scale·dS·k, dk = scale·dSᵀ·q (Dao et al. 2022, algorithm 4). Chains run
  /// over positions in order.
  /// - dqkv: (B, T, 3C), overwritten; - dout, out: (B, T, C); the rest as in the forward.
  public static func backward(
    dqkv: UnsafeMutablePointer<Float>, dout: UnsafePointer<Float>, out: UnsafePointer<Float>,
    rowMax: UnsafePointer<Float>, rowInverse: UnsafePointer<Float>, qkv: UnsafePointer<Float>,
    shape: Shape, on team: ThreadTeam, scratch: Scratch
  ) {
    let (T, H, D, C) = (shape.T, shape.H, shape.D, shape.C)
    eachHead(shape, team, scratch) { item, memory in
      let (b, h) = (item / H, item % H)
      let inp = qkv + b * T * 3 * C + h * D
      let head = HeadBackward(memory, shape)
      packRows(head.q, inp, shape, scale: shape.scale)
      packRows(head.k, inp + C, shape, scale: 1)
      packPages(head.kPages, inp + C, shape)
      packPages(head.vPages, inp + 2 * C, shape)
      packRows(head.dout, dout + b * T * C + h * D, shape, scale: 1, stride: C)
      head.rows(
        out: out + b * T * C + h * D, dout: dout + b * T * C + h * D, max: rowMax + item * T,
        inverse: rowInverse + item * T)
      let d = dqkv + b * T * 3 * C + h * D
      for first in stride(from: 0, to: T, by: 64) {
        head.keyTile(first, dk: d + C + first * 3 * C, dv: d + 2 * C + first * 3 * C)
      }
      for t in 0..<T {
        Vector.forEach(D) { at, count in
          let x = Vector.load(head.dq + t * shape.Dp + at) * shape.scale
          cs_store_partial(d + t * 3 * C + at, x, count)
        }
      }
    }
  }
}

/// One head's operands in a thread's scratch.
private struct HeadBackward {
  let shape: Attention.Shape
  /// Scaled queries, keys, dout, dq: (Tp, Dp) rows.
  let q, k, dout, dq: UnsafeMutablePointer<Float>
  /// Keys and values, d-major pages.
  let kPages, vPages: UnsafeMutablePointer<Float>
  /// P and dS of a tile, (64 queries, 64 keys).
  let p, ds: UnsafeMutablePointer<Float>
  /// dk and dv of a key tile, (64, Dp).
  let dk, dv: UnsafeMutablePointer<Float>
  /// The softmax's maximum and 1/sum, and δ: (Tp).
  let maxima, inverses, delta: UnsafeMutablePointer<Float>

  init(_ memory: UnsafeMutablePointer<Float>, _ shape: Attention.Shape) {
    self.shape = shape
    var at = memory
    func take(_ count: Int) -> UnsafeMutablePointer<Float> {
      defer { at += count }
      return at
    }
    let head = shape.Tp * shape.Dp
    (q, k, dout, dq) = (take(head), take(head), take(head), take(head))
    (kPages, vPages) = (take(shape.Tp * shape.D), take(shape.Tp * shape.D))
    (p, ds) = (take(64 * 64), take(64 * 64))
    (dk, dv) = (take(64 * shape.Dp), take(64 * shape.Dp))
    (maxima, inverses, delta) = (take(shape.Tp), take(shape.Tp), take(shape.Tp))
  }

  /// The numbers of each row: softmax statistics (zero probability past T) and δ; clears dq.
  func rows(
    out: UnsafePointer<Float>, dout: UnsafePointer<Float>, max: UnsafePointer<Float>,
    inverse: UnsafePointer<Float>
  ) {
    for t in 0..<shape.Tp {
      let inside = t < shape.T
      maxima[t] = inside ? max[t] : 0
      inverses[t] = inside ? inverse[t] : 0
      var sum = SIMD16<Float>()
      if inside {
        Vector.forEach(shape.D) { at, count in
          sum = cs_fma(
            cs_load_partial(out + t * shape.C + at, count, 0),
            cs_load_partial(dout + t * shape.C + at, count, 0), sum)
        }
      }
      delta[t] = cs_sum(sum)
    }
    for i in 0..<(shape.Tp * shape.Dp) { dq[i] = 0 }
  }

  /// Keys first ..< first + 64 against all queries that see them; dk, dv at stride 3C.
  @inline(never)
  func keyTile(
    _ first: Int, dk dkOut: UnsafeMutablePointer<Float>, dv dvOut: UnsafeMutablePointer<Float>
  ) {
    let (D, Dp) = (shape.D, shape.Dp)
    for t in stride(from: first, to: shape.Tp, by: 64) {
      Tile.multiply(
        p, 64, m: 64, n: 64, k: D, a: q + t * Dp, aRow: Dp, aStep: 1, b: kPages + first * D,
        ldb: 64, accumulate: false)
      Tile.multiply(
        ds, 64, m: 64, n: 64, k: D, a: dout + t * Dp, aRow: Dp, aStep: 1, b: vPages + first * D,
        ldb: 64, accumulate: false)
      for r in 0..<64 { probabilities(r, t + r, diagonal: t == first) }
      Tile.multiply(
        dv, Dp, m: 64, n: Dp, k: 64, a: p, aRow: 1, aStep: 64, b: dout + t * Dp, ldb: Dp,
        accumulate: t > first)
      Tile.multiply(
        dk, Dp, m: 64, n: Dp, k: 64, a: ds, aRow: 1, aStep: 64, b: q + t * Dp, ldb: Dp,
        accumulate: t > first)
      Tile.multiply(
        dq + t * Dp, Dp, m: 64, n: Dp, k: 64, a: ds, aRow: 64, aStep: 1, b: k + first * Dp, ldb: Dp,
        accumulate: true)
    }
    for r in 0..<min(64, shape.T - first) {
      Vector.forEach(D) { at, count in
        cs_store_partial(dkOut + r * 3 * shape.C + at, Vector.load(dk + r * Dp + at), count)
        cs_store_partial(dvOut + r * 3 * shape.C + at, Vector.load(dv + r * Dp + at), count)
      }
    }
  }

  /// One row: scores → P in place, dP → dS in place.
  @inline(__always)
  private func probabilities(_ r: Int, _ t: Int, diagonal: Bool) {
    let (top, inverse, d) = (maxima[t], inverses[t], delta[t])
    for v in 0..<4 {
      var probability = VectorMath.exp(Vector.load(p + r * 64 + 16 * v) - top) * inverse
      if diagonal {
        let hidden = Lanes.index .> Float(r - 16 * v)
        probability = probability.replacing(with: 0, where: hidden)
      }
      Vector.store(p + r * 64 + 16 * v, probability)
      let slope = probability * (Vector.load(ds + r * 64 + 16 * v) - d)
      Vector.store(ds + r * 64 + 16 * v, slope)
    }
  }
}
