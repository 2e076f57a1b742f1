import Kernels
import Machine

/// The activations of a block of rows, and the kernels' buffers.
final class DecoderWorkspace {
  struct Buffers {
    /// The residual stream before and after attention, LayerNorm's output, attention's: (R, C).
    let residual, middle, normed, att: UnsafeMutablePointer<Float>
    /// (R, 3C), (R, F).
    let qkv, fc: UnsafeMutablePointer<Float>
    /// LayerNorm's statistics, which nobody reads: (R).
    let mean, rstd: UnsafeMutablePointer<Float>

    init(_ layout: inout ArenaLayout, _ config: GPT2Config, _ rows: Int) {
      let C = config.width
      (residual, middle) = (layout.take(rows * C), layout.take(rows * C))
      (normed, att) = (layout.take(rows * C), layout.take(rows * C))
      (qkv, fc) = (layout.take(rows * 3 * C), layout.take(rows * config.innerWidth))
      (mean, rstd) = (layout.take(rows), layout.take(rows))
    }
  }

  /// Rows of a block, R.
  let rows: Int
  let buffers: Buffers
  let gemm: GEMM.Scratch
  /// Each thread's buffers for ``Attention/cached``.
  let attention: ThreadScratch
  private let arena: Arena

  init(
    _ config: GPT2Config, _ precision: WeightPrecision, rows: Int, threads: Int
  ) throws(MemoryError) {
    self.rows = rows
    arena = try Arena(count: Self.floats(config, rows))
    var layout = ArenaLayout(arena, gap: ArenaLayout.apart)
    buffers = Buffers(&layout, config, rows)
    gemm = try GEMM.Scratch(
      threads: threads,
      activations: precision.isQuantized
        ? QuantizedActivations(rows: rows, depth: Self.depth(config)) : nil)
    attention = try ThreadScratch(threads: threads) {
      Attention.layCachedRows(&$0, D: config.headSize)
    }
  }

  static func bytes(
    _ config: GPT2Config, _ precision: WeightPrecision, rows: Int, threads: Int
  ) -> Int {
    MemoryLayout<Float>.stride * floats(config, rows)
      + ThreadScratch.bytes(threads: threads) {
        Attention.layCachedRows(&$0, D: config.headSize)
      }
      + GEMM.Scratch.bytes(threads: threads)
      + (precision.isQuantized
        ? QuantizedActivations.bytes(rows: rows, depth: depth(config)) : 0)
  }

  private static func floats(_ config: GPT2Config, _ rows: Int) -> Int {
    ArenaLayout.floats(gap: ArenaLayout.apart) { _ = Buffers(&$0, config, rows) }
  }

  /// The most columns of a product's left operand.
  private static func depth(_ config: GPT2Config) -> Int { max(config.width, config.innerWidth) }
}
