import Machine
import Kernels

/// The activations of a micro-batch, declared once: what the forward keeps for the backward, and
/// the buffers that both reuse layer by layer. LayerNorm's and GELU's outputs are computed again in
/// the backward, so a layer keeps 6·C + F floats a token; or its input alone, C floats, where the
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
    /// Before GELU: (N, F).
    let fc: Pointer

    /// - sharing: a layer whose places it takes but for the input's, or nil.
    init(
      _ layout: inout ArenaLayout, _ config: GPT2Config, N: Int, sharing other: Layer? = nil
    ) {
      let (C, rows) = (config.width, N * config.heads)
      residual = layout.take(N * C)
      ln1Mean = other?.ln1Mean ?? layout.take(N)
      ln1Rstd = other?.ln1Rstd ?? layout.take(N)
      qkv = other?.qkv ?? layout.take(N * 3 * C)
      rowMax = other?.rowMax ?? layout.take(rows)
      rowInverse = other?.rowInverse ?? layout.take(rows)
      att = other?.att ?? layout.take(N * C)
      middle = other?.middle ?? layout.take(N * C)
      ln2Mean = other?.ln2Mean ?? layout.take(N)
      ln2Rstd = other?.ln2Rstd ?? layout.take(N)
      fc = other?.fc ?? layout.take(N * config.innerWidth)
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
  /// LayerNorm's output: (N, C); GELU's output: (N, F); gradients up to 3C or F wide.
  let normed, gelu, wide: Pointer
  /// Gradient of the residual stream, of the loss and of the sampled loss; one more: (N, C).
  let dresidual, dsampled, dnarrow: Pointer
  /// Logits of a chunk of rows: (headRows, Vp).
  let logits: Pointer
  let headRows, Vp: Int
  /// Floats in all.
  let floats: Int
  /// What the pointers point into, kept alive; nil where the layout was only measured.
  private let arena: Arena?

  /// Takes the memory. Throws ``MemoryError``.
  init(_ config: GPT2Config, B: Int, T: Int, recompute: Bool = false) throws(MemoryError) {
    let arena = try Arena(count: Self.bytes(config, B: B, T: T, recompute: recompute) / 4)
    var layout = ArenaLayout(arena, gap: ArenaLayout.apart)
    self.init(&layout, config, N: B * T, recompute: recompute, arena)
  }

  /// The layout, once to measure it and once in an arena.
  private init(
    _ layout: inout ArenaLayout, _ config: GPT2Config, N: Int, recompute: Bool, _ arena: Arena?
  ) {
    let (C, F) = (config.width, config.innerWidth)
    (self.arena, self.recompute) = (arena, recompute)
    headRows = Self.headRows(config, N, recompute: recompute)
    Vp = (config.vocabularySize + Self.column - 1) / Self.column * Self.column
    var layers: [Layer] = []
    for _ in 0..<config.layers {
      layers.append(Layer(&layout, config, N: N, sharing: recompute ? layers.first : nil))
    }
    self.layers = layers
    final = layout.take(N * C)
    (lnfMean, lnfRstd) = (layout.take(N), layout.take(N))
    lnf = layout.take(N * C)
    (normed, gelu) = (layout.take(N * C), layout.take(N * F))
    wide = layout.take(N * max(3 * C, F))
    (dresidual, dsampled) = (layout.take(N * C), layout.take(N * C))
    dnarrow = layout.take(N * C)
    logits = layout.take(headRows * Vp)
    floats = layout.count
  }

  /// Bytes for a micro-batch of B sequences of T tokens.
  static func bytes(_ config: GPT2Config, B: Int, T: Int, recompute: Bool = false) -> Int {
    MemoryLayout<Float>.stride
      * ArenaLayout.floats(gap: ArenaLayout.apart) {
        _ = Activations(&$0, config, N: B * T, recompute: recompute, nil)
      }
  }

  /// Rows of logits that exist at a time: 208 MiB of them, enough rows to pay for packing wte; 128 MiB
  /// where memory counts for more.
  static func headRows(_ config: GPT2Config, _ N: Int, recompute: Bool = false) -> Int {
    let columns = (config.vocabularySize + column - 1) / column * column
    let rows = ((recompute ? 128 : 208) << 20) / (4 * columns)
    return min(N, max(256, min(2048, rows / rowTile * rowTile)))
  }

  /// Rows of logits come in whole multiples of this.
  private static let rowTile = 64
  /// And columns, a vector's floats.
  private static let column = 16
}
