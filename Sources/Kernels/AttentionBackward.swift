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
    // Of five products a tile, dq needs three and dk and dv four.
    let partition = HeadPartition(
      heads: shape.B * H, tiles: shape.pages, queryWork: 3 / 5, keyWork: 4 / 5, threads: team.count)
    eachPart(partition, team, scratch) { item, part, memory in
      let (row, channel) = (item / H * T, item % H * D)
      let head = HeadBackward(&memory, shape)
      head.pack(
        part, qkv: qkv + row * 3 * C + channel, dout: dout + row * C + channel,
        out: out + row * C + channel, max: rowMax + item * T, inverse: rowInverse + item * T)
      let d = dqkv + row * 3 * C + channel
      for key in part.keys {
        let first = key * AttentionPage.positions
        head.keyTile(
          first, dk: d + C + first * 3 * C, dv: d + 2 * C + first * 3 * C,
          withQueries: !part.queries.isEmpty)
      }
      if part.keys.isEmpty { for t in part.queries { head.queryTile(t * AttentionPage.positions) } }
      for t in positions(part.queries).clamped(to: 0..<T) {
        Vector.forEach(D) { at, count in
          let x = Vector.load(head.dq + t * shape.Dp + at) * shape.scale
          cs_store_partial(d + t * 3 * C + at, x, count)
        }
      }
    }
  }
}

/// One head's operands in a thread's scratch.
struct HeadBackward {
  let shape: Attention.Shape
  /// Scaled queries, keys, dout, dq: (Tp, Dp) rows.
  let q, k, dout, dq: UnsafeMutablePointer<Float>
  /// Keys and values, d-major pages.
  let kPages, vPages: UnsafeMutablePointer<Float>
  /// P and dS of a tile, (``edge`` queries, ``edge`` keys).
  let p, ds: UnsafeMutablePointer<Float>
  /// dk and dv of a key tile, (``edge``, Dp).
  let dk, dv: UnsafeMutablePointer<Float>
  /// The softmax's maximum and 1/sum, and δ: (Tp).
  let maxima, inverses, delta: UnsafeMutablePointer<Float>

  /// Queries and keys of a tile.
  @inline(__always)
  private var edge: Int { AttentionPage.positions }

  init(_ layout: inout ArenaLayout, _ shape: Attention.Shape) {
    self.shape = shape
    let (head, page) = (shape.Tp * shape.Dp, shape.Tp * shape.D)
    let edge = AttentionPage.positions
    (q, k, dout) = (layout.take(head), layout.take(head), layout.take(head))
    dq = layout.take(head)
    (kPages, vPages) = (layout.take(page), layout.take(page))
    (p, ds) = (layout.take(edge * edge), layout.take(edge * edge))
    (dk, dv) = (layout.take(edge * shape.Dp), layout.take(edge * shape.Dp))
    (maxima, inverses) = (layout.take(shape.Tp), layout.take(shape.Tp))
    delta = layout.take(shape.Tp)
  }

  /// Brings what a part needs of the head. - qkv: channel 0 of the head's first query, at stride 3C;
  /// - dout, out: at stride C; - max, inverse: (T).
  func pack(
    _ part: HeadPartition.Part, qkv: UnsafePointer<Float>, dout from: UnsafePointer<Float>,
    out: UnsafePointer<Float>, max: UnsafePointer<Float>, inverse: UnsafePointer<Float>
  ) {
    let (keys, queries) = part.needs(of: shape.pages)
    let rows = Attention.positions(queries)
    Attention.packRows(q, qkv, shape, scale: shape.scale, rows)
    if !part.queries.isEmpty {
      Attention.packRows(k, qkv + shape.C, shape, scale: 1, Attention.positions(keys))
      Attention.clear(dq, shape.Dp, Attention.positions(part.queries))
    }
    Attention.packPages(kPages, qkv + shape.C, shape, keys)
    Attention.packPages(vPages, qkv + 2 * shape.C, shape, keys)
    Attention.packRows(dout, from, shape, scale: 1, stride: shape.C, rows)
    statistics(rows, out: out, dout: from, max: max, inverse: inverse)
  }

  /// The numbers of some rows: softmax statistics (zero probability past T) and δ.
  private func statistics(
    _ rows: Range<Int>, out: UnsafePointer<Float>, dout: UnsafePointer<Float>,
    max: UnsafePointer<Float>,
    inverse: UnsafePointer<Float>
  ) {
    for t in rows {
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
  }

  /// Queries t ..< t + 64 against all keys that they see: their dq.
  @inline(never)
  func queryTile(_ t: Int) {
    for first in stride(from: 0, through: t, by: edge) {
      slopes(t, first)
      addQueries(t, first)
    }
  }

  /// Keys first ..< first + 64 against all queries that see them; dk, dv at stride 3C.
  /// - withQueries: adds to dq too.
  @inline(never)
  func keyTile(
    _ first: Int, dk dkOut: UnsafeMutablePointer<Float>, dv dvOut: UnsafeMutablePointer<Float>,
    withQueries: Bool
  ) {
    let (D, Dp) = (shape.D, shape.Dp)
    for t in stride(from: first, to: shape.Tp, by: edge) {
      slopes(t, first)
      Tile.multiply(
        dv, Dp, m: edge, n: Dp, k: edge, a: p, aRow: 1, aStep: edge, b: dout + t * Dp, ldb: Dp,
        accumulate: t > first)
      Tile.multiply(
        dk, Dp, m: edge, n: Dp, k: edge, a: ds, aRow: 1, aStep: edge, b: q + t * Dp, ldb: Dp,
        accumulate: t > first)
      if withQueries { addQueries(t, first) }
    }
    for r in 0..<min(edge, shape.T - first) {
      Vector.forEach(D) { at, count in
        cs_store_partial(dkOut + r * 3 * shape.C + at, Vector.load(dk + r * Dp + at), count)
        cs_store_partial(dvOut + r * 3 * shape.C + at, Vector.load(dv + r * Dp + at), count)
      }
    }
  }

  /// P and dS of a tile.
  private func slopes(_ t: Int, _ first: Int) {
    let (D, Dp) = (shape.D, shape.Dp)
    Tile.multiply(
      p, edge, m: edge, n: edge, k: D, a: q + t * Dp, aRow: Dp, aStep: 1, b: kPages + first * D,
      ldb: edge, accumulate: false)
    Tile.multiply(
      ds, edge, m: edge, n: edge, k: D, a: dout + t * Dp, aRow: Dp, aStep: 1,
      b: vPages + first * D, ldb: edge, accumulate: false)
    for r in 0..<edge { probabilities(r, t + r, diagonal: t == first) }
  }

  /// dq += dS·k of a tile.
  private func addQueries(_ t: Int, _ first: Int) {
    let Dp = shape.Dp
    Tile.multiply(
      dq + t * Dp, Dp, m: edge, n: Dp, k: edge, a: ds, aRow: edge, aStep: 1, b: k + first * Dp,
      ldb: Dp, accumulate: true)
  }

  /// One row: scores → P in place, dP → dS in place.
  @inline(__always)
  private func probabilities(_ r: Int, _ t: Int, diagonal: Bool) {
    let (top, inverse, d) = (maxima[t], inverses[t], delta[t])
    for v in 0..<AttentionPage.vectors {
      let i = r * edge + 16 * v
      var probability = VectorMath.exp(Vector.load(p + i) - top) * inverse
      if diagonal {
        let hidden = Vector.lanes .> Float(r - 16 * v)
        probability = probability.replacing(with: 0, where: hidden)
      }
      Vector.store(p + i, probability)
      let slope = probability * (Vector.load(ds + i) - d)
      Vector.store(ds + i, slope)
    }
  }
}
