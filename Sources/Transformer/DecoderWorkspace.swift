import Kernels
import Machine

/// The activations of a block of rows, and the kernels' buffers.
final class DecoderWorkspace {
  typealias Pointer = UnsafeMutablePointer<Float>

  /// Rows of a block, R.
  let rows: Int
  /// The residual stream before and after attention, LayerNorm's output, attention's: (R, C).
  let residual, middle, normed, att: Pointer
  /// (R, 3C), (R, 4C).
  let qkv, fc: Pointer
  /// LayerNorm's statistics, which nobody reads: (R).
  let mean, rstd: Pointer
  let gemm: GEMM.Scratch
  private let arena: Arena
  private let attention: Arena
  private let attentionStride: Int

  init(
    _ config: GPT2Config, _ precision: WeightPrecision, rows: Int, threads: Int
  ) throws(MemoryError) {
    self.rows = rows
    let C = config.width
    arena = try Arena(count: Self.floats(config, rows))
    var next = arena.base
    func take(_ count: Int) -> Pointer {
      defer { next += Self.spaced(count) }
      return next
    }
    (residual, middle) = (take(rows * C), take(rows * C))
    (normed, att) = (take(rows * C), take(rows * C))
    (qkv, fc) = (take(rows * 3 * C), take(rows * 4 * C))
    (mean, rstd) = (take(rows), take(rows))
    gemm = try GEMM.Scratch(
      threads: threads,
      activations: precision.isQuantized ? QuantizedActivations(rows: rows, depth: 4 * C) : nil)
    attentionStride = Self.attentionFloats(config)
    attention = try Arena(count: attentionStride * threads)
  }

  /// A thread's buffer for ``Attention/cached``.
  func attention(_ thread: Int) -> Pointer { attention.base + thread * attentionStride }

  static func bytes(
    _ config: GPT2Config, _ precision: WeightPrecision, rows: Int, threads: Int
  ) -> Int {
    MemoryLayout<Float>.stride * (floats(config, rows) + attentionFloats(config) * threads)
      + GEMM.Scratch.bytes(threads: threads)
      + (precision.isQuantized
        ? QuantizedActivations.bytes(rows: rows, depth: 4 * config.width) : 0)
  }

  private static func floats(_ config: GPT2Config, _ rows: Int) -> Int {
    let C = config.width
    return 4 * spaced(rows * C) + spaced(rows * 3 * C) + spaced(rows * 4 * C) + 2 * spaced(rows)
  }

  /// Whole cache lines, and no two buffers at a power-of-two distance.
  private static func spaced(_ count: Int) -> Int { (count + 15) / 16 * 16 + 16 * 5 }

  private static func attentionFloats(_ config: GPT2Config) -> Int {
    spaced(Attention.rowScratchCount(D: config.headSize))
  }
}
