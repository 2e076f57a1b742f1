internal import CSupport
public import Machine

/// Causal multi-head self-attention (Vaswani et al. 2017) in tiles: no (T, T) matrix exists; the
/// forward keeps each row's maximum and 1/sum, the backward computes the probabilities again.
public enum Attention {
  /// B sequences of T positions, H heads of D channels; `scale` multiplies q·k.
  public struct Shape: Sendable {
    /// Sequences.
    public let B: Int
    /// Positions.
    public let T: Int
    /// Heads.
    public let H: Int
    /// Channels of a head.
    public let D: Int
    /// Multiplies the scores: 1/√D, divided by layer + 1 where the model says so.
    public let scale: Float

    /// Memberwise.
    public init(B: Int, T: Int, H: Int, D: Int, scale: Float) {
      (self.B, self.T, self.H, self.D, self.scale) = (B, T, H, D, scale)
    }

    var C: Int { H * D }
    var Dp: Int { AttentionPage.paddedHeadSize(D) }
    /// T in whole pages.
    var Tp: Int { (T + 63) / 64 * 64 }
  }

  /// Buffers of each thread: one head's operands in tile order.
  public final class Scratch: @unchecked Sendable {
    let arena: Arena
    let stride: Int

    /// Room for heads of `D` channels over `T` positions on `threads` threads. Throws
    /// ``MemoryError``. - tangents: for those of forward and backward, instead of the two themselves.
    public init(T: Int, D: Int, threads: Int, tangents: Bool = false) throws(MemoryError) {
      stride = Self.floats(T, D, tangents)
      arena = try Arena(count: stride * threads)
    }

    /// Bytes that a scratch of these sizes takes.
    public static func bytes(T: Int, D: Int, threads: Int, tangents: Bool = false) -> Int {
      4 * floats(T, D, tangents) * threads
    }

    private static func floats(_ T: Int, _ D: Int, _ tangents: Bool) -> Int {
      let shape = Shape(B: 1, T: T, H: 1, D: D, scale: 1)
      if tangents { return HeadTangent.floats(shape) + 16 * 33 }
      let head = shape.Tp * shape.Dp
      // q, k, v and dout as rows, k and v as d-major pages, dq; two 64 × 64 tiles; dk, dv of a tile;
      // three numbers a row; the rows' own scratch.
      return 5 * head + 2 * shape.Tp * D + 2 * 64 * 64 + 2 * 64 * shape.Dp + 3 * shape.Tp
        + AttentionRows.scratchCount(D) + 16 * 33
    }
  }

  /// - out: (B, T, C); - rowMax, rowInverse: (B, H, T), kept for the backward;
  /// - qkv: (B, T, 3C), queries, keys and values of all heads side by side.
  public static func forward(
    out: UnsafeMutablePointer<Float>, rowMax: UnsafeMutablePointer<Float>,
    rowInverse: UnsafeMutablePointer<Float>, qkv: UnsafePointer<Float>, shape: Shape,
    on team: ThreadTeam, scratch: Scratch
  ) {
    let (T, H, D, C, Dp) = (shape.T, shape.H, shape.D, shape.C, shape.Dp)
    eachHead(shape, team, scratch) { item, memory in
      let (b, h) = (item / H, item % H)
      let inp = qkv + b * T * 3 * C + h * D
      let q = memory
      let v = q + shape.Tp * Dp
      let k = v + shape.Tp * Dp
      let rest = k + shape.Tp * D
      packRows(q, inp, shape, scale: shape.scale)
      packPages(k, inp + C, shape)
      packRows(v, inp + 2 * C, shape, scale: 1)
      for t in stride(from: 0, to: T, by: AttentionRows.block) {
        let rows = min(AttentionRows.block, T - t)
        AttentionRows.run(
          out: out + (b * T + t) * C + h * D, outStride: C, rowMax: rowMax + item * T + t,
          rowInverse: rowInverse + item * T + t, q: q + t * Dp, qStride: Dp, rows: rows,
          firstPosition: t, D: D, keyPages: { UnsafePointer(k + $0 * 64 * D) },
          valuePages: { UnsafePointer(v + $0 * 64 * Dp) }, ahead: 0, scratch: rest)
      }
    }
  }

  /// Rows of queries against cached pages: prefill and decode.
  /// - out, q: row r at stride `outStride`, `qStride`; q is one head's query, not yet scaled.
  /// - ahead: how far from each number of a page lies the one that is asked for meanwhile, such as the
  ///   next head's; 0 is none.
  /// - scratch: ``rowScratchCount(D:)`` floats of the calling thread.
  public static func cached(
    out: UnsafeMutablePointer<Float>, outStride: Int, q: UnsafePointer<Float>, qStride: Int,
    rows: Int, firstPosition: Int, D: Int, scale: Float,
    keyPages: (Int) -> UnsafePointer<Float>, valuePages: (Int) -> UnsafePointer<Float>,
    ahead: Int = 0, scratch: UnsafeMutablePointer<Float>
  ) {
    blocks(
      out, outStride, q, qStride, rows, firstPosition, D, scale, keyPages, valuePages, ahead,
      scratch)
  }

  /// The same with pages of bfloat16 numbers.
  public static func cached(
    out: UnsafeMutablePointer<Float>, outStride: Int, q: UnsafePointer<Float>, qStride: Int,
    rows: Int, firstPosition: Int, D: Int, scale: Float,
    keyPages: (Int) -> UnsafePointer<UInt16>, valuePages: (Int) -> UnsafePointer<UInt16>,
    ahead: Int = 0, scratch: UnsafeMutablePointer<Float>
  ) {
    blocks(
      out, outStride, q, qStride, rows, firstPosition, D, scale, keyPages, valuePages, ahead,
      scratch)
  }

  @inline(__always)
  private static func blocks<Element: TileElement>(
    _ out: UnsafeMutablePointer<Float>, _ outStride: Int, _ q: UnsafePointer<Float>,
    _ qStride: Int, _ rows: Int, _ firstPosition: Int, _ D: Int, _ scale: Float,
    _ keyPages: (Int) -> UnsafePointer<Element>, _ valuePages: (Int) -> UnsafePointer<Element>,
    _ ahead: Int, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let Dp = AttentionPage.paddedHeadSize(D)
    for first in stride(from: 0, to: rows, by: AttentionRows.block) {
      let count = min(AttentionRows.block, rows - first)
      for r in 0..<count {
        Vector.forEach(D) { at, n in
          let x = cs_load_partial(q + (first + r) * qStride + at, n, 0) * scale
          Vector.store(scratch + r * Dp + at, x)
        }
      }
      AttentionRows.run(
        out: out + first * outStride, outStride: outStride, rowMax: nil, rowInverse: nil,
        q: scratch, qStride: Dp, rows: count, firstPosition: firstPosition + first, D: D,
        keyPages: keyPages, valuePages: valuePages, ahead: ahead,
        scratch: scratch + AttentionRows.block * Dp)
    }
  }

  /// Floats of scratch that ``cached`` needs on each thread.
  public static func rowScratchCount(D: Int) -> Int {
    AttentionRows.block * AttentionPage.paddedHeadSize(D) + AttentionRows.scratchCount(D)
  }

  /// Heads are shared out; each has its own part of every output.
  static func eachHead(
    _ shape: Shape, _ team: ThreadTeam, _ scratch: Scratch,
    _ body: (_ item: Int, _ memory: UnsafeMutablePointer<Float>) -> Void
  ) {
    team.forEach(shape.B * shape.H) { item, thread in
      body(item, scratch.arena.base + thread * scratch.stride)
    }
  }

  /// (T, D) at stride 3C → rows of Dp floats times `scale`; the padding of rows and columns is zero.
  static func packRows(
    _ to: UnsafeMutablePointer<Float>, _ from: UnsafePointer<Float>, _ shape: Shape, scale: Float,
    stride: Int? = nil
  ) {
    let (D, Dp, step) = (shape.D, shape.Dp, stride ?? 3 * shape.C)
    for t in 0..<shape.T {
      Vector.forEach(D) { at, count in
        Vector.store(to + t * Dp + at, cs_load_partial(from + t * step + at, count, 0) * scale)
      }
    }
    for i in (shape.T * Dp)..<(shape.Tp * Dp) { to[i] = 0 }
  }

  /// (T, D) at stride 3C → d-major pages of 64 positions; the last page's padding is zero.
  static func packPages(
    _ to: UnsafeMutablePointer<Float>, _ from: UnsafePointer<Float>, _ shape: Shape,
    stride: Int? = nil
  ) {
    let (D, step) = (shape.D, stride ?? 3 * shape.C)
    for first in Swift.stride(from: 0, to: shape.T, by: 64) {
      Packing.pack(
        Matrix(UnsafeMutablePointer(mutating: from + first * step), ld: step), width: 64,
        valid: min(64, shape.T - first), depth: D, into: to + first * D)
    }
  }
}
