/// The tensors of a GPT-2 model by the names that the code calls them, each with what it is there: an
/// entry of the table, a place in an arena, a packed matrix. `init` is the one list of them: from it come
/// the table and with it arenas, gradients, the optimizer's state and the checkpoint's entries, the views
/// of arenas, and the decoder's weights.
struct ModelTensors<Weight, Vector> {
  /// The tensors of one layer.
  struct Layer {
    let ln1Weight, ln1Bias: Vector
    let attnWeight: Weight
    let attnBias: Vector
    let attnProjWeight: Weight
    let attnProjBias, ln2Weight, ln2Bias: Vector
    let fcWeight: Weight
    let fcBias: Vector
    let fcProjWeight: Weight
    let fcProjBias: Vector
  }

  let wte: Weight
  let wpe: Vector
  let layers: [Layer]
  let lnfWeight, lnfBias: Vector
  private let ownHead: Weight?

  /// What the head multiplies with, (V, C): wte where it is tied.
  var head: Weight { ownHead ?? wte }

  /// Calls `weight` for each matrix that products take, embeddings included, and `vector` for each other
  /// tensor, in the order of the arena.
  init(
    _ config: GPT2Config, weight: (ParameterTable.Entry) -> Weight,
    vector: (ParameterTable.Entry) -> Vector
  ) {
    let (C, F, V, T) = (
      config.width, config.innerWidth, config.vocabularySize, config.contextLength
    )
    // Residual projections are narrower by √(2L) (Radford et al. 2019, §2.3).
    let range = ParameterTable.Initialization.normal(config.initializerRange)
    let residual = ParameterTable.Initialization.normal(
      config.initializerRange / Float(2 * config.layers).squareRoot())
    var offset = 0
    func entry(
      _ name: String, _ shape: [Int], _ initialization: ParameterTable.Initialization,
      matrices: Int = 0, isEmbedding: Bool = false
    ) -> ParameterTable.Entry {
      let count = shape.reduce(1, *)
      defer { offset += count }
      return ParameterTable.Entry(
        name: name, shape: shape, offset: offset, count: count, matrices: matrices,
        initialization: initialization, isEmbedding: isEmbedding)
    }
    wte = weight(entry("transformer.wte.weight", [V, C], range, isEmbedding: true))
    wpe = vector(entry("transformer.wpe.weight", [T, C], range))
    layers = (0..<config.layers).map { l in
      let h = "transformer.h.\(l)"
      return Layer(
        ln1Weight: vector(entry("\(h).ln_1.weight", [C], .ones)),
        ln1Bias: vector(entry("\(h).ln_1.bias", [C], .zeros)),
        attnWeight: weight(entry("\(h).attn.c_attn.weight", [C, 3 * C], range, matrices: 3)),
        attnBias: vector(entry("\(h).attn.c_attn.bias", [3 * C], .zeros)),
        attnProjWeight: weight(entry("\(h).attn.c_proj.weight", [C, C], residual, matrices: 1)),
        attnProjBias: vector(entry("\(h).attn.c_proj.bias", [C], .zeros)),
        ln2Weight: vector(entry("\(h).ln_2.weight", [C], .ones)),
        ln2Bias: vector(entry("\(h).ln_2.bias", [C], .zeros)),
        fcWeight: weight(entry("\(h).mlp.c_fc.weight", [C, F], range, matrices: 1)),
        fcBias: vector(entry("\(h).mlp.c_fc.bias", [F], .zeros)),
        fcProjWeight: weight(entry("\(h).mlp.c_proj.weight", [F, C], residual, matrices: 1)),
        fcProjBias: vector(entry("\(h).mlp.c_proj.bias", [C], .zeros)))
    }
    lnfWeight = vector(entry("transformer.ln_f.weight", [C], .ones))
    lnfBias = vector(entry("transformer.ln_f.bias", [C], .zeros))
    ownHead =
      config.tiesHead ? nil : weight(entry("lm_head.weight", [V, C], range, isEmbedding: true))
  }
}

extension ModelTensors: Sendable where Weight: Sendable, Vector: Sendable {}
extension ModelTensors.Layer: Sendable where Weight: Sendable, Vector: Sendable {}
