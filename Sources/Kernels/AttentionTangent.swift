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
    eachHead(shape, team, scratch) { item, memory in
      let head = HeadTangent(memory, shape)
      let (row, channel) = (item / H * T, item % H * shape.D)
      let (inp, inpTangent) = (qkv + row * 3 * C + channel, qkvTangent + row * 3 * C + channel)
      head.packQueriesAndKeys(inp, inpTangent)
      // The forward multiplies probabilities with values as rows.
      packRows(head.dout, inp + 2 * C, shape, scale: 1)
      packRows(head.doutTangent, inpTangent + 2 * C, shape, scale: 1)
      head.statistics(rowMax + item * T, rowInverse + item * T)
      for t in stride(from: 0, to: T, by: 64) {
        head.queryTile(
          t, outTangent: outTangent + (row + t) * C + channel, out: out + (row + t) * C + channel)
      }
      for t in 0..<T { sigma[item * T + t] = head.sigma[t] }
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
    eachHead(shape, team, scratch) { item, memory in
      let head = HeadTangent(memory, shape)
      let (row, channel) = (item / H * T, item % H * D)
      let (inp, inpTangent) = (qkv + row * 3 * C + channel, qkvTangent + row * 3 * C + channel)
      let at = row * C + channel
      head.packQueriesAndKeys(inp, inpTangent)
      packRows(head.k, inp + C, shape, scale: 1)
      packRows(head.kTangent, inpTangent + C, shape, scale: 1)
      packPages(head.vPages, inp + 2 * C, shape)
      packPages(head.vTangentPages, inpTangent + 2 * C, shape)
      packRows(head.dout, dout + at, shape, scale: 1, stride: C)
      packRows(head.doutTangent, doutTangent + at, shape, scale: 1, stride: C)
      head.statistics(rowMax + item * T, rowInverse + item * T)
      for t in 0..<T { head.sigma[t] = sigma[item * T + t] }
      head.deltas(
        out: out + at, outTangent: outTangent + at, dout: dout + at, doutTangent: doutTangent + at)
      for i in 0..<(shape.Tp * Dp) { head.dqTangent[i] = 0 }
      let d = dqkvTangent + row * 3 * C + channel
      for first in stride(from: 0, to: T, by: 64) {
        head.keyTile(
          first, dkTangent: d + C + first * 3 * C, dvTangent: d + 2 * C + first * 3 * C)
      }
      for t in 0..<T {
        Vector.forEach(D) { v, count in
          let x = Vector.load(head.dqTangent + t * Dp + v) * shape.scale
          cs_store_partial(d + t * 3 * C + v, x, count)
        }
      }
    }
  }
}
