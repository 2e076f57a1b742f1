internal import CSupport
import Machine

/// One head's operands in a thread's scratch, and the tangents of ``Attention`` tile by tile.
struct HeadTangent {
  let shape: Attention.Shape
  /// Scaled queries, keys, dout (in the forward the values), their tangents, and dq': (Tp, Dp) rows.
  let q, qTangent, k, kTangent, dout, doutTangent, dqTangent: UnsafeMutablePointer<Float>
  /// Keys, values and their tangents, d-major pages.
  let kPages, kTangentPages, vPages, vTangentPages: UnsafeMutablePointer<Float>
  /// Of a tile: P, P' (first S'), dS (first dP), dS' (first dP'): (64 queries, 64 keys).
  let p, pTangent, ds, dsTangent: UnsafeMutablePointer<Float>
  /// dk' (in the forward out') and dv' of a tile: (64, Dp).
  let dkTangent, dvTangent: UnsafeMutablePointer<Float>
  /// The softmax's maximum and 1/sum, σ, δ and δ': (Tp).
  let maxima, inverses, sigma, delta, deltaTangent: UnsafeMutablePointer<Float>

  /// Queries and keys of a tile.
  @inline(__always)
  private var edge: Int { AttentionPage.positions }

  init(_ layout: inout ArenaLayout, _ shape: Attention.Shape) {
    self.shape = shape
    let edge = AttentionPage.positions
    let (head, page, tile) = (shape.Tp * shape.Dp, shape.Tp * shape.D, edge * edge)
    (q, qTangent) = (layout.take(head), layout.take(head))
    (k, kTangent) = (layout.take(head), layout.take(head))
    (dout, doutTangent, dqTangent) = (layout.take(head), layout.take(head), layout.take(head))
    (kPages, kTangentPages) = (layout.take(page), layout.take(page))
    (vPages, vTangentPages) = (layout.take(page), layout.take(page))
    (p, pTangent) = (layout.take(tile), layout.take(tile))
    (ds, dsTangent) = (layout.take(tile), layout.take(tile))
    (dkTangent, dvTangent) = (layout.take(edge * shape.Dp), layout.take(edge * shape.Dp))
    (maxima, inverses) = (layout.take(shape.Tp), layout.take(shape.Tp))
    (sigma, delta) = (layout.take(shape.Tp), layout.take(shape.Tp))
    deltaTangent = layout.take(shape.Tp)
  }

  /// - inp, inpTangent: channel 0 of the head's first query, at stride 3C; - queries: positions;
  ///   keys: pages.
  func packQueriesAndKeys(
    _ inp: UnsafePointer<Float>, _ inpTangent: UnsafePointer<Float>, queries: Range<Int>,
    keys: Range<Int>
  ) {
    Attention.packRows(q, inp, shape, scale: shape.scale, queries)
    Attention.packRows(qTangent, inpTangent, shape, scale: shape.scale, queries)
    Attention.packPages(kPages, inp + shape.C, shape, keys)
    Attention.packPages(kTangentPages, inpTangent + shape.C, shape, keys)
  }

  /// The forward's numbers of some rows; zero probability past T.
  func statistics(
    _ rows: Range<Int>, _ max: UnsafePointer<Float>, _ inverse: UnsafePointer<Float>
  ) {
    for t in rows {
      let inside = t < shape.T
      (maxima[t], inverses[t]) = (inside ? max[t] : 0, inside ? inverse[t] : 0)
      (sigma[t], delta[t], deltaTangent[t]) = (0, 0, 0)
    }
  }

  /// δ = Σ dout·out and δ' = Σ dout'·out + dout·out'; all at stride C.
  func deltas(
    _ rows: Range<Int>, out: UnsafePointer<Float>, outTangent: UnsafePointer<Float>,
    dout: UnsafePointer<Float>,
    doutTangent: UnsafePointer<Float>
  ) {
    for t in rows.clamped(to: 0..<shape.T) {
      var (sum, change) = (SIMD16<Float>(), SIMD16<Float>())
      Vector.forEach(shape.D) { v, count in
        let i = t * shape.C + v
        let (o, dy) = (cs_load_partial(out + i, count, 0), cs_load_partial(dout + i, count, 0))
        sum = cs_fma(o, dy, sum)
        change = cs_fma(o, cs_load_partial(doutTangent + i, count, 0), change)
        change = cs_fma(cs_load_partial(outTangent + i, count, 0), dy, change)
      }
      (delta[t], deltaTangent[t]) = (cs_sum(sum), cs_sum(change))
    }
  }

  /// p = S and pTangent = S' of a tile.
  private func scores(_ t: Int, _ first: Int) {
    let (D, Dp) = (shape.D, shape.Dp)
    Tile.multiply(
      p, edge, m: edge, n: edge, k: D, a: q + t * Dp, aRow: Dp, aStep: 1, b: kPages + first * D,
      ldb: edge,
      accumulate: false)
    Tile.multiply(
      pTangent, edge, m: edge, n: edge, k: D, a: qTangent + t * Dp, aRow: Dp, aStep: 1,
      b: kPages + first * D, ldb: edge, accumulate: false)
    Tile.multiply(
      pTangent, edge, m: edge, n: edge, k: D, a: q + t * Dp, aRow: Dp, aStep: 1,
      b: kTangentPages + first * D, ldb: edge, accumulate: true)
  }

  /// Queries t ..< t + 64 against all keys that they see; outTangent and out at stride C.
  @inline(never)
  func queryTile(_ t: Int, outTangent: UnsafeMutablePointer<Float>, out: UnsafePointer<Float>) {
    let (Dp, sum) = (shape.Dp, dkTangent)
    for first in stride(from: 0, through: t, by: edge) {
      scores(t, first)
      for r in 0..<edge {
        var total = SIMD16<Float>()
        for v in 0..<AttentionPage.vectors {
          let i = r * edge + 16 * v
          let probability = self.probability(r, v, t, diagonal: t == first)
          let weighted = probability * Vector.load(pTangent + i)
          Vector.store(p + i, probability)
          Vector.store(pTangent + i, weighted)
          total += weighted
        }
        sigma[t + r] += cs_sum(total)
      }
      // v and v' lie where the backward has dout and dout'.
      Tile.multiply(
        sum, Dp, m: edge, n: Dp, k: edge, a: pTangent, aRow: edge, aStep: 1, b: dout + first * Dp,
        ldb: Dp, accumulate: first > 0)
      Tile.multiply(
        sum, Dp, m: edge, n: Dp, k: edge, a: p, aRow: edge, aStep: 1, b: doutTangent + first * Dp,
        ldb: Dp, accumulate: true)
    }
    for r in 0..<min(edge, shape.T - t) {
      Vector.forEach(shape.D) { v, count in
        // Σ P·(S' − σ)·v = Σ P·S'·v − σ·out.
        let x = cs_fma(
          SIMD16(repeating: -sigma[t + r]), cs_load_partial(out + r * shape.C + v, count, 0),
          Vector.load(sum + r * Dp + v))
        cs_store_partial(outTangent + r * shape.C + v, x, count)
      }
    }
  }

  /// Keys first ..< first + 64 against all queries that see them; dk', dv' at stride 3C.
  /// - withQueries: adds to dq' too.
  @inline(never)
  func keyTile(
    _ first: Int, dkTangent dkOut: UnsafeMutablePointer<Float>,
    dvTangent dvOut: UnsafeMutablePointer<Float>, withQueries: Bool
  ) {
    let (D, Dp) = (shape.D, shape.Dp)
    for t in stride(from: first, to: shape.Tp, by: edge) {
      slopes(t, first)
      pair(dvTangent, pTangent, dout + t * Dp, p, doutTangent + t * Dp, transposed: true, t > first)
      pair(dkTangent, dsTangent, q + t * Dp, ds, qTangent + t * Dp, transposed: true, t > first)
      if withQueries { addQueries(t, first) }
    }
    for r in 0..<min(edge, shape.T - first) {
      Vector.forEach(D) { v, count in
        cs_store_partial(dkOut + r * 3 * shape.C + v, Vector.load(dkTangent + r * Dp + v), count)
        cs_store_partial(dvOut + r * 3 * shape.C + v, Vector.load(dvTangent + r * Dp + v), count)
      }
    }
  }

  /// Queries t ..< t + 64 against all keys that they see: their dq'.
  @inline(never)
  func backwardQueryTile(_ t: Int) {
    for first in stride(from: 0, through: t, by: edge) {
      slopes(t, first)
      addQueries(t, first)
    }
  }

  /// P, P', dS and dS' of a tile.
  private func slopes(_ t: Int, _ first: Int) {
    let (D, Dp) = (shape.D, shape.Dp)
    scores(t, first)
    Tile.multiply(
      ds, edge, m: edge, n: edge, k: D, a: dout + t * Dp, aRow: Dp, aStep: 1,
      b: vPages + first * D, ldb: edge, accumulate: false)
    Tile.multiply(
      dsTangent, edge, m: edge, n: edge, k: D, a: doutTangent + t * Dp, aRow: Dp, aStep: 1,
      b: vPages + first * D, ldb: edge, accumulate: false)
    Tile.multiply(
      dsTangent, edge, m: edge, n: edge, k: D, a: dout + t * Dp, aRow: Dp, aStep: 1,
      b: vTangentPages + first * D, ldb: edge, accumulate: true)
    for r in 0..<edge { slopes(r, t, diagonal: t == first) }
  }

  /// dq' += dS'·k + dS·k' of a tile.
  private func addQueries(_ t: Int, _ first: Int) {
    let Dp = shape.Dp
    pair(
      dqTangent + t * Dp, dsTangent, k + first * Dp, ds, kTangent + first * Dp, transposed: false,
      true)
  }

  /// out (64, Dp) (+)= a·b + c·d, the tiles a and c (64, 64) taken as they are or transposed.
  private func pair(
    _ out: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafePointer<Float>, _ d: UnsafePointer<Float>, transposed: Bool, _ accumulate: Bool
  ) {
    let (row, step) = transposed ? (1, edge) : (edge, 1)
    Tile.multiply(
      out, shape.Dp, m: edge, n: shape.Dp, k: edge, a: a, aRow: row, aStep: step, b: b,
      ldb: shape.Dp,
      accumulate: accumulate)
    Tile.multiply(
      out, shape.Dp, m: edge, n: shape.Dp, k: edge, a: c, aRow: row, aStep: step, b: d,
      ldb: shape.Dp,
      accumulate: true)
  }

  /// P of row r, vector v of a tile whose scores are in p.
  @inline(__always)
  private func probability(_ r: Int, _ v: Int, _ t: Int, diagonal: Bool) -> SIMD16<Float> {
    let score = Vector.load(p + r * edge + 16 * v)
    let probability = VectorMath.exp(score - maxima[t + r]) * inverses[t + r]
    guard diagonal else { return probability }
    return probability.replacing(with: 0, where: Vector.lanes .> Float(r - 16 * v))
  }

  /// One row: P, P', dS and dS' in place of S, S', dP and dP'.
  @inline(__always)
  private func slopes(_ r: Int, _ t: Int, diagonal: Bool) {
    for v in 0..<AttentionPage.vectors {
      let i = r * edge + 16 * v
      let probability = self.probability(r, v, t, diagonal: diagonal)
      let change = probability * (Vector.load(pTangent + i) - sigma[t + r])
      let excess = Vector.load(ds + i) - delta[t + r]
      let excessTangent = Vector.load(dsTangent + i) - deltaTangent[t + r]
      Vector.store(p + i, probability)
      Vector.store(pTangent + i, change)
      Vector.store(ds + i, probability * excess)
      Vector.store(dsTangent + i, cs_fma(change, excess, probability * excessTangent))
    }
  }
}
