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
    /// Pages, the tiles of keys.
    var pages: Int { (T + AttentionPage.positions - 1) / AttentionPage.positions }
    /// T in whole pages.
    var Tp: Int { pages * AttentionPage.positions }
  }

  /// Buffers of each thread: one head's operands in tile order.
  public final class Scratch: @unchecked Sendable {
    let threads: ThreadScratch
    /// Bytes of the buffers.
    public var bytes: Int { MemoryLayout<Float>.stride * threads.arena.count }

    /// Room for heads of `D` channels over `T` positions on `threads` threads. Throws
    /// ``MemoryError``. - tangents: for those of forward and backward, instead of the two themselves.
    public init(T: Int, D: Int, threads: Int, tangents: Bool = false) throws(MemoryError) {
      self.threads = try ThreadScratch(threads: threads) { Self.lay(&$0, T, D, tangents) }
    }

    /// Bytes that a scratch of these sizes takes.
    public static func bytes(T: Int, D: Int, threads: Int, tangents: Bool = false) -> Int {
      ThreadScratch.bytes(threads: threads) { lay(&$0, T, D, tangents) }
    }

    /// What the larger of a forward and a backward takes.
    private static func lay(_ layout: inout ArenaLayout, _ T: Int, _ D: Int, _ tangents: Bool) {
      let shape = Shape(B: 1, T: T, H: 1, D: D, scale: 1)
      if tangents {
        _ = HeadTangent(&layout, shape)
      } else {
        let forward = ArenaLayout.floats { _ = HeadForward(&$0, shape) }
        _ = layout.take(max(forward, ArenaLayout.floats { _ = HeadBackward(&$0, shape) }))
      }
    }
  }

  /// - out: (B, T, C); - rowMax, rowInverse: (B, H, T), kept for the backward;
  /// - qkv: (B, T, 3C), queries, keys and values of all heads side by side.
  public static func forward(
    out: UnsafeMutablePointer<Float>, rowMax: UnsafeMutablePointer<Float>,
    rowInverse: UnsafeMutablePointer<Float>, qkv: UnsafePointer<Float>, shape: Shape,
    on team: ThreadTeam, scratch: Scratch
  ) {
    let (T, H, D, C, block) = (shape.T, shape.H, shape.D, shape.C, AttentionRows.block)
    let partition = HeadPartition(
      heads: shape.B * H, queryTiles: (T + block - 1) / block, threads: team.count)
    eachPart(partition, team, scratch) { item, part, memory in
      let (b, h) = (item / H, item % H)
      let rows = part.queries.lowerBound * block..<min(T, part.queries.upperBound * block)
      HeadForward(&memory, shape).run(
        rows, out: out + b * T * C + h * D, rowMax: rowMax + item * T,
        rowInverse: rowInverse + item * T, qkv: qkv + b * T * 3 * C + h * D)
    }
  }

  /// Rows of queries against cached pages: prefill and decode.
  /// - out, q: row r at stride `outStride`, `qStride`; q is one head's query, not yet scaled.
  /// - ahead: how far from each number of a page lies the one that is asked for meanwhile, such as the
  ///   next head's; 0 is none.
  /// - scratch: the calling thread's, of what ``layCachedRows(_:D:)`` takes.
  public static func cached(
    out: UnsafeMutablePointer<Float>, outStride: Int, q: UnsafePointer<Float>, qStride: Int,
    rows: Int, firstPosition: Int, D: Int, scale: Float,
    keyPages: (Int) -> UnsafePointer<Float>, valuePages: (Int) -> UnsafePointer<Float>,
    ahead: Int = 0, scratch: inout ArenaLayout
  ) {
    blocks(
      out, outStride, q, qStride, rows, firstPosition, D, scale, keyPages, valuePages, ahead,
      &scratch)
  }

  /// The same with pages of bfloat16 numbers.
  public static func cached(
    out: UnsafeMutablePointer<Float>, outStride: Int, q: UnsafePointer<Float>, qStride: Int,
    rows: Int, firstPosition: Int, D: Int, scale: Float,
    keyPages: (Int) -> UnsafePointer<UInt16>, valuePages: (Int) -> UnsafePointer<UInt16>,
    ahead: Int = 0, scratch: inout ArenaLayout
  ) {
    blocks(
      out, outStride, q, qStride, rows, firstPosition, D, scale, keyPages, valuePages, ahead,
      &scratch)
  }

  @inline(__always)
  private static func blocks<Element: TileElement>(
    _ out: UnsafeMutablePointer<Float>, _ outStride: Int, _ q: UnsafePointer<Float>,
    _ qStride: Int, _ rows: Int, _ firstPosition: Int, _ D: Int, _ scale: Float,
    _ keyPages: (Int) -> UnsafePointer<Element>, _ valuePages: (Int) -> UnsafePointer<Element>,
    _ ahead: Int, _ scratch: inout ArenaLayout
  ) {
    let Dp = AttentionPage.paddedHeadSize(D)
    let buffers = CachedRows(&scratch, D)
    for first in stride(from: 0, to: rows, by: AttentionRows.block) {
      let count = min(AttentionRows.block, rows - first)
      for r in 0..<count {
        Vector.forEach(D) { at, n in
          let x = cs_load_partial(q + (first + r) * qStride + at, n, 0) * scale
          Vector.store(buffers.q + r * Dp + at, x)
        }
      }
      AttentionRows.run(
        out: out + first * outStride, outStride: outStride, rowMax: nil, rowInverse: nil,
        q: buffers.q, qStride: Dp, rows: count, firstPosition: firstPosition + first, D: D,
        keyPages: keyPages, valuePages: valuePages, ahead: ahead, buffers: buffers.rows)
    }
  }

  /// Takes the scratch that ``cached`` needs on each thread.
  public static func layCachedRows(_ layout: inout ArenaLayout, D: Int) {
    _ = CachedRows(&layout, D)
  }

  private struct CachedRows {
    /// Scaled queries, (block, Dp).
    let q: UnsafeMutablePointer<Float>
    let rows: AttentionRows.Buffers

    @inline(__always)
    init(_ layout: inout ArenaLayout, _ D: Int) {
      q = layout.take(AttentionRows.block * AttentionPage.paddedHeadSize(D))
      rows = AttentionRows.Buffers(&layout, D)
    }
  }

  /// Parts of heads are shared out; each has its own part of every output.
  static func eachPart(
    _ partition: HeadPartition, _ team: ThreadTeam, _ scratch: Scratch,
    _ body: (_ head: Int, _ part: HeadPartition.Part, _ memory: inout ArenaLayout) -> Void
  ) {
    team.forEach(partition.items) { item, thread in
      var memory = scratch.threads.layout(of: thread)
      let (head, part) = partition.item(item)
      body(head, part, &memory)
    }
  }

  /// Tiles as positions, which may reach past T in the last page.
  static func positions(_ tiles: Range<Int>) -> Range<Int> {
    tiles.lowerBound * AttentionPage.positions..<tiles.upperBound * AttentionPage.positions
  }

  /// Some rows of (T, D) at stride 3C → rows of Dp floats times `scale`; what lies past D or T is zero.
  static func packRows(
    _ to: UnsafeMutablePointer<Float>, _ from: UnsafePointer<Float>, _ shape: Shape, scale: Float,
    stride: Int? = nil, _ rows: Range<Int>
  ) {
    let (D, Dp, step) = (shape.D, shape.Dp, stride ?? 3 * shape.C)
    for t in rows.clamped(to: 0..<shape.T) {
      Vector.forEach(D) { at, count in
        Vector.store(to + t * Dp + at, cs_load_partial(from + t * step + at, count, 0) * scale)
      }
    }
    clear(to, Dp, rows.clamped(to: shape.T..<shape.Tp))
  }

  /// Some rows of `to` (Tp, Dp) become zero.
  static func clear(_ to: UnsafeMutablePointer<Float>, _ Dp: Int, _ rows: Range<Int>) {
    (to + rows.lowerBound * Dp).update(repeating: 0, count: rows.count * Dp)
  }

  /// Some pages of (T, D) at stride 3C → d-major pages; the last page's padding is zero.
  static func packPages(
    _ to: UnsafeMutablePointer<Float>, _ from: UnsafePointer<Float>, _ shape: Shape,
    stride: Int? = nil, _ pages: Range<Int>
  ) {
    let (D, step, width) = (shape.D, stride ?? 3 * shape.C, AttentionPage.positions)
    for first in pages.lazy.map({ $0 * width }) {
      Packing.pack(
        Matrix(UnsafeMutablePointer(mutating: from + first * step), ld: step), width: width,
        valid: min(width, shape.T - first), depth: D, into: to + first * D)
    }
  }
}

/// One head's operands in a thread's scratch.
private struct HeadForward {
  let shape: Attention.Shape
  /// Scaled queries and values: (Tp, Dp) rows.
  let q, v: UnsafeMutablePointer<Float>
  /// Keys, d-major pages.
  let kPages: UnsafeMutablePointer<Float>
  let rows: AttentionRows.Buffers

  init(_ layout: inout ArenaLayout, _ shape: Attention.Shape) {
    self.shape = shape
    (q, v) = (layout.take(shape.Tp * shape.Dp), layout.take(shape.Tp * shape.Dp))
    kPages = layout.take(shape.Tp * shape.D)
    rows = AttentionRows.Buffers(&layout, shape.D)
  }

  /// The rows of some positions. - out, qkv: channel 0 of the head's first row, at strides C and 3C;
  /// - rowMax, rowInverse: (T).
  func run(
    _ positions: Range<Int>, out: UnsafeMutablePointer<Float>,
    rowMax: UnsafeMutablePointer<Float>, rowInverse: UnsafeMutablePointer<Float>,
    qkv: UnsafePointer<Float>
  ) {
    let (D, C, Dp, width) = (shape.D, shape.C, shape.Dp, AttentionPage.positions)
    let seen = 0..<(positions.upperBound + width - 1) / width
    Attention.packRows(q, qkv, shape, scale: shape.scale, positions)
    Attention.packPages(kPages, qkv + C, shape, seen)
    Attention.packRows(v, qkv + 2 * C, shape, scale: 1, Attention.positions(seen))
    for t in stride(from: positions.lowerBound, to: positions.upperBound, by: AttentionRows.block) {
      AttentionRows.run(
        out: out + t * C, outStride: C, rowMax: rowMax + t, rowInverse: rowInverse + t,
        q: q + t * Dp, qStride: Dp, rows: min(AttentionRows.block, positions.upperBound - t),
        firstPosition: t, D: D, keyPages: { UnsafePointer(kPages + $0 * width * D) },
        valuePages: { UnsafePointer(v + $0 * width * Dp) }, ahead: 0, buffers: rows)
    }
  }
}
