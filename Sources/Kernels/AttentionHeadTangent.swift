internal import CSupport

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

  /// What ``init(_:_:)`` takes of its memory.
  static func floats(_ shape: Attention.Shape) -> Int {
    7 * shape.Tp * shape.Dp + 4 * shape.Tp * shape.D + 4 * 64 * 64 + 2 * 64 * shape.Dp + 5
      * shape.Tp
  }

  init(_ memory: UnsafeMutablePointer<Float>, _ shape: Attention.Shape) {
    self.shape = shape
    var at = memory
    func take(_ count: Int) -> UnsafeMutablePointer<Float> {
      defer { at += count }
      return at
    }
    let (head, page, tile) = (shape.Tp * shape.Dp, shape.Tp * shape.D, 64 * 64)
    (q, qTangent, k, kTangent) = (take(head), take(head), take(head), take(head))
    (dout, doutTangent, dqTangent) = (take(head), take(head), take(head))
    (kPages, kTangentPages, vPages, vTangentPages) = (
      take(page), take(page), take(page), take(page)
    )
    (p, pTangent, ds, dsTangent) = (take(tile), take(tile), take(tile), take(tile))
    (dkTangent, dvTangent) = (take(64 * shape.Dp), take(64 * shape.Dp))
    (maxima, inverses, sigma) = (take(shape.Tp), take(shape.Tp), take(shape.Tp))
    (delta, deltaTangent) = (take(shape.Tp), take(shape.Tp))
  }

  /// - inp, inpTangent: channel 0 of the head's first query, at stride 3C.
  func packQueriesAndKeys(_ inp: UnsafePointer<Float>, _ inpTangent: UnsafePointer<Float>) {
    Attention.packRows(q, inp, shape, scale: shape.scale)
    Attention.packRows(qTangent, inpTangent, shape, scale: shape.scale)
    Attention.packPages(kPages, inp + shape.C, shape)
    Attention.packPages(kTangentPages, inpTangent + shape.C, shape)
  }

  /// The forward's numbers of each row; zero probability past T.
  func statistics(_ max: UnsafePointer<Float>, _ inverse: UnsafePointer<Float>) {
    for t in 0..<shape.Tp {
      let inside = t < shape.T
      (maxima[t], inverses[t]) = (inside ? max[t] : 0, inside ? inverse[t] : 0)
      (sigma[t], delta[t], deltaTangent[t]) = (0, 0, 0)
    }
  }

  /// δ = Σ dout·out and δ' = Σ dout'·out + dout·out'; all at stride C.
  func deltas(
    out: UnsafePointer<Float>, outTangent: UnsafePointer<Float>, dout: UnsafePointer<Float>,
    doutTangent: UnsafePointer<Float>
  ) {
    for t in 0..<shape.T {
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
      p, 64, m: 64, n: 64, k: D, a: q + t * Dp, aRow: Dp, aStep: 1, b: kPages + first * D, ldb: 64,
      accumulate: false)
    Tile.multiply(
      pTangent, 64, m: 64, n: 64, k: D, a: qTangent + t * Dp, aRow: Dp, aStep: 1,
      b: kPages + first * D, ldb: 64, accumulate: false)
    Tile.multiply(
      pTangent, 64, m: 64, n: 64, k: D, a: q + t * Dp, aRow: Dp, aStep: 1,
      b: kTangentPages + first * D, ldb: 64, accumulate: true)
  }

  /// Queries t ..< t + 64 against all keys that they see; outTangent and out at stride C.
  @inline(never)
  func queryTile(_ t: Int, outTangent: UnsafeMutablePointer<Float>, out: UnsafePointer<Float>) {
    let (Dp, sum) = (shape.Dp, dkTangent)
    for first in stride(from: 0, through: t, by: 64) {
      scores(t, first)
      for r in 0..<64 {
        var total = SIMD16<Float>()
        for v in 0..<4 {
          let i = r * 64 + 16 * v
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
        sum, Dp, m: 64, n: Dp, k: 64, a: pTangent, aRow: 64, aStep: 1, b: dout + first * Dp,
        ldb: Dp, accumulate: first > 0)
      Tile.multiply(
        sum, Dp, m: 64, n: Dp, k: 64, a: p, aRow: 64, aStep: 1, b: doutTangent + first * Dp,
        ldb: Dp, accumulate: true)
    }
    for r in 0..<min(64, shape.T - t) {
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
  @inline(never)
  func keyTile(
    _ first: Int, dkTangent dkOut: UnsafeMutablePointer<Float>,
    dvTangent dvOut: UnsafeMutablePointer<Float>
  ) {
    let (D, Dp) = (shape.D, shape.Dp)
    for t in stride(from: first, to: shape.Tp, by: 64) {
      scores(t, first)
      Tile.multiply(
        ds, 64, m: 64, n: 64, k: D, a: dout + t * Dp, aRow: Dp, aStep: 1, b: vPages + first * D,
        ldb: 64, accumulate: false)
      Tile.multiply(
        dsTangent, 64, m: 64, n: 64, k: D, a: doutTangent + t * Dp, aRow: Dp, aStep: 1,
        b: vPages + first * D, ldb: 64, accumulate: false)
      Tile.multiply(
        dsTangent, 64, m: 64, n: 64, k: D, a: dout + t * Dp, aRow: Dp, aStep: 1,
        b: vTangentPages + first * D, ldb: 64, accumulate: true)
      for r in 0..<64 { slopes(r, t, diagonal: t == first) }
      pair(dvTangent, pTangent, dout + t * Dp, p, doutTangent + t * Dp, transposed: true, t > first)
      pair(dkTangent, dsTangent, q + t * Dp, ds, qTangent + t * Dp, transposed: true, t > first)
      pair(
        dqTangent + t * Dp, dsTangent, k + first * Dp, ds, kTangent + first * Dp, transposed: false,
        true)
    }
    for r in 0..<min(64, shape.T - first) {
      Vector.forEach(D) { v, count in
        cs_store_partial(dkOut + r * 3 * shape.C + v, Vector.load(dkTangent + r * Dp + v), count)
        cs_store_partial(dvOut + r * 3 * shape.C + v, Vector.load(dvTangent + r * Dp + v), count)
      }
    }
  }

  /// out (64, Dp) (+)= a·b + c·d, the tiles a and c (64, 64) taken as they are or transposed.
  private func pair(
    _ out: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafePointer<Float>, _ d: UnsafePointer<Float>, transposed: Bool, _ accumulate: Bool
  ) {
    let (row, step) = transposed ? (1, 64) : (64, 1)
    Tile.multiply(
      out, shape.Dp, m: 64, n: shape.Dp, k: 64, a: a, aRow: row, aStep: step, b: b, ldb: shape.Dp,
      accumulate: accumulate)
    Tile.multiply(
      out, shape.Dp, m: 64, n: shape.Dp, k: 64, a: c, aRow: row, aStep: step, b: d, ldb: shape.Dp,
      accumulate: true)
  }

  /// P of row r, vector v of a tile whose scores are in p.
  @inline(__always)
  private func probability(_ r: Int, _ v: Int, _ t: Int, diagonal: Bool) -> SIMD16<Float> {
    let score = Vector.load(p + r * 64 + 16 * v)
    let probability = VectorMath.exp(score - maxima[t + r]) * inverses[t + r]
    guard diagonal else { return probability }
    return probability.replacing(with: 0, where: Lanes.index .> Float(r - 16 * v))
  }

  /// One row: P, P', dS and dS' in place of S, S', dP and dP'.
  @inline(__always)
  private func slopes(_ r: Int, _ t: Int, diagonal: Bool) {
    for v in 0..<4 {
      let i = r * 64 + 16 * v
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
