import Machine
import Kernels

/// The activations of a micro-batch, declared once: what the forward keeps for the backward, and
/// the buffers that both reuse layer by layer. LayerNorm's and GELU's outputs are computed again in
/// the backward, so a layer keeps 10·C floats a token; or its input alone, C floats, where the
/// backward recomputes whole layers.
struct Activations {
  typealias Pointer = UnsafeMutablePointer<Float>

  /// What a layer keeps; N = B·T tokens.
  struct Layer {
    /// Input of the layer, the residual stream: (N, C).
    let residual: Pointer
    let ln1Mean, ln1Rstd: Pointer
    /// (N, 3C).
    let qkv: Pointer
    /// Softmax statistics: (B, H, T).
    let rowMax, rowInverse: Pointer
    /// Attention's output before its projection: (N, C).
    let att: Pointer
    /// The residual stream after attention: (N, C).
    let middle: Pointer
    let ln2Mean, ln2Rstd: Pointer
    /// Before GELU: (N, 4C).
    let fc: Pointer

    /// The same places but for the input.
    func with(residual: Pointer) -> Layer {
      Layer(
        residual: residual, ln1Mean: ln1Mean, ln1Rstd: ln1Rstd, qkv: qkv, rowMax: rowMax,
        rowInverse: rowInverse, att: att, middle: middle, ln2Mean: ln2Mean, ln2Rstd: ln2Rstd,
        fc: fc)
    }
  }

  let layers: [Layer]
  /// Whether all layers but for their inputs lie in one place, which holds one of them at a time.
  let recompute: Bool
  /// Output of the last layer: (N, C).
  let final: Pointer
  let lnfMean, lnfRstd: Pointer
  /// Input of the head: (N, C).
  let lnf: Pointer
  /// LayerNorm's output: (N, C); GELU's output and gradients up to 4C wide: (N, 4C) twice.
  let normed, gelu, wide: Pointer
  /// Gradient of the residual stream, of the loss and of the sampled loss; one more: (N, C).
  let dresidual, dsampled, dnarrow: Pointer
  /// Logits of a chunk of rows: (headRows, Vp).
  let logits: Pointer
  let headRows, Vp: Int
  let arena: Arena

  /// Lays everything out. Throws ``MemoryError``.
  init(_ config: GPT2Config, B: Int, T: Int, recompute: Bool = false) throws(MemoryError) {
    arena = try Arena(count: Self.floats(config, B, T, recompute))
    self.recompute = recompute
    var layout = Layout(base: arena.base)
    let parts = Self.lay(&layout, config, B, T, recompute)
    layers = parts.layers
    (final, lnfMean, lnfRstd, lnf) = (parts.take[0], parts.take[1], parts.take[2], parts.take[3])
    (normed, gelu, wide) = (parts.take[4], parts.take[5], parts.take[6])
    (dresidual, dsampled, dnarrow) = (parts.take[7], parts.take[8], parts.take[9])
    logits = parts.take[10]
    (headRows, Vp) = (
      Self.headRows(config, B * T, recompute: recompute), Self.paddedVocabulary(config)
    )
  }

  /// Bytes for a micro-batch of B sequences of T tokens.
  static func bytes(_ config: GPT2Config, B: Int, T: Int, recompute: Bool = false) -> Int {
    4 * floats(config, B, T, recompute)
  }

  /// Lays everything out from an address that is never used.
  private static func floats(_ config: GPT2Config, _ B: Int, _ T: Int, _ recompute: Bool) -> Int {
    let nowhere = Pointer.allocate(capacity: 1)
    defer { nowhere.deallocate() }
    var layout = Layout(base: nowhere)
    _ = lay(&layout, config, B, T, recompute)
    return layout.count
  }

  /// Rows of logits that exist at a time: 208 MiB of them, enough rows to pay for packing wte; 128 MiB
  /// where memory counts for more.
  static func headRows(_ config: GPT2Config, _ N: Int, recompute: Bool = false) -> Int {
    let rows = ((recompute ? 128 : 208) << 20) / (4 * paddedVocabulary(config))
    return min(N, max(256, min(2048, rows / 64 * 64)))
  }

  static func paddedVocabulary(_ config: GPT2Config) -> Int {
    (config.vocabularySize + 15) / 16 * 16
  }

  private static func lay(
    _ layout: inout Layout, _ config: GPT2Config, _ B: Int, _ T: Int, _ recompute: Bool
  ) -> (layers: [Layer], take: [Pointer]) {
    let (N, C, rows) = (B * T, config.width, B * T * config.heads)
    var layers: [Layer] = []
    for _ in 0..<config.layers {
      let residual = layout.take(N * C)
      if recompute, let first = layers.first {
        layers.append(first.with(residual: residual))
      } else {
        layers.append(
          Layer(
            residual: residual, ln1Mean: layout.take(N), ln1Rstd: layout.take(N),
            qkv: layout.take(N * 3 * C), rowMax: layout.take(rows), rowInverse: layout.take(rows),
            att: layout.take(N * C), middle: layout.take(N * C), ln2Mean: layout.take(N),
            ln2Rstd: layout.take(N), fc: layout.take(N * 4 * C)))
      }
    }
    let sizes = [
      N * C, N, N, N * C, N * C, N * 4 * C, N * 4 * C, N * C, N * C, N * C,
      headRows(config, N, recompute: recompute) * paddedVocabulary(config),
    ]
    return (layers, sizes.map { layout.take($0) })
  }

  /// Hands out addresses one after another, each on a cache line and none at a power-of-two
  /// distance from the next.
  private struct Layout {
    let base: Pointer
    var count = 0

    mutating func take(_ floats: Int) -> Pointer {
      let at = count
      count += (floats + 15) / 16 * 16 + 16 * 5
      return base + at
    }
  }
}
