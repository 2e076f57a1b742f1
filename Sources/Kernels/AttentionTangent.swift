internal import CSupport
public import Machine

/// How forward and backward of ``Attention`` change with their arguments, in the same tiles: the
/// tangents of a Hessian-vector product (Pearlmutter 1994). Probabilities are computed again from the
/// forward's statistics, so memory stays linear in T. With S = scale·q·kᵀ, P = softmax(S) and a prime
/// for a tangent, S' = scale·(q'·kᵀ + q·k'ᵀ) and P' = P∘(S' − σ), σ = Σ P·S' a row, which is the
/// tangent of ln Σ e^S.
extension Attention {
  /// The forward's tangent: out' = P'·v + P·v'.
  /// - outTangent: (B, T, C); - sigma: (B, H, T), kept for the backward; - out: (B, T, C), rowMax and
  ///   rowInverse: (B, H, T), of the forward; - qkv, qkvTangent: (B, T, 3C);
  /// - scratch: one with room for tangents.
  public static func tangent(
    outTangent: UnsafeMutablePointer<Float>, sigma: UnsafeMutablePointer<Float>,
    out: UnsafePointer<Float>, rowMax: UnsafePointer<Float>, rowInverse: UnsafePointer<Float>,
    qkv: UnsafePointer<Float>, qkvTangent: UnsafePointer<Float>, shape: Shape,
    on team: ThreadTeam, scratch: Scratch
  ) {
    let (T, H, C) = (shape.T, shape.H, shape.C)
    let partition = HeadPartition(
      heads: shape.B * H, queryTiles: shape.pages, threads: team.count)
    eachPart(partition, team, scratch) { item, part, memory in
      let head = HeadTangent(&memory, shape)
      let (row, channel) = (item / H * T, item % H * shape.D)
      let (inp, inpTangent) = (qkv + row * 3 * C + channel, qkvTangent + row * 3 * C + channel)
      let (rows, keys) = (positions(part.queries), 0..<part.queries.upperBound)
      head.packQueriesAndKeys(inp, inpTangent, queries: rows, keys: keys)
      // The forward multiplies probabilities with values as rows.
      packRows(head.dout, inp + 2 * C, shape, scale: 1, positions(keys))
      packRows(head.doutTangent, inpTangent + 2 * C, shape, scale: 1, positions(keys))
      head.statistics(rows, rowMax + item * T, rowInverse + item * T)
      for t in part.queries.lazy.map({ $0 * AttentionPage.positions }) {
        head.queryTile(
          t, outTangent: outTangent + (row + t) * C + channel, out: out + (row + t) * C + channel)
      }
      for t in rows.clamped(to: 0..<T) { sigma[item * T + t] = head.sigma[t] }
    }
  }

  /// The tangent of ``backward(dqkv:dout:out:rowMax:rowInverse:qkv:shape:on:scratch:)``: with
  /// dP = dout·vᵀ, δ = Σ dout·out and dS = P∘(dP − δ), dv' = P'ᵀ·dout + Pᵀ·dout',
  /// dS' = P'∘(dP − δ) + P∘(dP' − δ'), dq' = scale·(dS'·k + dS·k'), dk' = scale·(dS'ᵀ·q + dSᵀ·q').
  /// - dqkvTangent: (B, T, 3C), overwritten; - dout, doutTangent, out, outTangent: (B, T, C);
  /// - sigma: (B, H, T), of ``tangent(outTangent:sigma:out:rowMax:rowInverse:qkv:qkvTangent:shape:on:scratch:)``;
  ///   the rest as there.
  public static func backwardTangent(
    dqkvTangent: UnsafeMutablePointer<Float>, dout: UnsafePointer<Float>,
    doutTangent: UnsafePointer<Float>, out: UnsafePointer<Float>,
    outTangent: UnsafePointer<Float>, rowMax: UnsafePointer<Float>,
    rowInverse: UnsafePointer<Float>, sigma: UnsafePointer<Float>, qkv: UnsafePointer<Float>,
    qkvTangent: UnsafePointer<Float>, shape: Shape, on team: ThreadTeam, scratch: Scratch
  ) {
    let (T, H, D, C, Dp) = (shape.T, shape.H, shape.D, shape.C, shape.Dp)
    // Of twelve products a tile, dq' needs eight and dk' and dv' ten.
    let partition = HeadPartition(
      heads: shape.B * H, tiles: shape.pages, queryWork: 8 / 12, keyWork: 10 / 12,
      threads: team.count)
    eachPart(partition, team, scratch) { item, part, memory in
      let head = HeadTangent(&memory, shape)
      let (row, channel) = (item / H * T, item % H * D)
      let (inp, inpTangent) = (qkv + row * 3 * C + channel, qkvTangent + row * 3 * C + channel)
      let at = row * C + channel
      let (keys, queries) = part.needs(of: shape.pages)
      let rows = positions(queries)
      head.packQueriesAndKeys(inp, inpTangent, queries: rows, keys: keys)
      if !part.queries.isEmpty {
        packRows(head.k, inp + C, shape, scale: 1, positions(keys))
        packRows(head.kTangent, inpTangent + C, shape, scale: 1, positions(keys))
        clear(head.dqTangent, Dp, positions(part.queries))
      }
      packPages(head.vPages, inp + 2 * C, shape, keys)
      packPages(head.vTangentPages, inpTangent + 2 * C, shape, keys)
      packRows(head.dout, dout + at, shape, scale: 1, stride: C, rows)
      packRows(head.doutTangent, doutTangent + at, shape, scale: 1, stride: C, rows)
      head.statistics(rows, rowMax + item * T, rowInverse + item * T)
      for t in rows.clamped(to: 0..<T) { head.sigma[t] = sigma[item * T + t] }
      head.deltas(
        rows, out: out + at, outTangent: outTangent + at, dout: dout + at,
        doutTangent: doutTangent + at)
      let d = dqkvTangent + row * 3 * C + channel
      for first in part.keys.lazy.map({ $0 * AttentionPage.positions }) {
        head.keyTile(
          first, dkTangent: d + C + first * 3 * C, dvTangent: d + 2 * C + first * 3 * C,
          withQueries: !part.queries.isEmpty)
      }
      if part.keys.isEmpty {
        for t in part.queries { head.backwardQueryTile(t * AttentionPage.positions) }
      }
      for t in positions(part.queries).clamped(to: 0..<T) {
        Vector.forEach(D) { v, count in
          let x = Vector.load(head.dqTangent + t * Dp + v) * shape.scale
          cs_store_partial(d + t * 3 * C + v, x, count)
        }
      }
    }
  }
}
