public import Kernels

/// The sizes of a GPT-2 model (Radford et al. 2019), under the field's names; the Hugging Face key
/// of each stands beside it.
public struct GPT2Config: Sendable, Equatable {
  /// V, `vocab_size`.
  public var vocabularySize: Int
  /// Largest T, `n_positions`.
  public var contextLength: Int
  /// C, `n_embd`.
  public var width: Int
  /// L, `n_layer`.
  public var layers: Int
  /// H, `n_head`.
  public var heads: Int
  /// F, channels between the two products of a layer's MLP, `n_inner`: 4·C in GPT-2.
  public var innerWidth: Int
  /// Whether the head multiplies with the token embedding, `tie_word_embeddings`, as GPT-2's does; else
  /// with a matrix of its own, `lm_head.weight`.
  public var tiesHead: Bool
  /// `activation_function` of the MLP: `gelu_new` in GPT-2.
  public var activation: Activation
  /// `layer_norm_epsilon`.
  public var layerNormEpsilon: Float
  /// `scale_attn_by_inverse_layer_idx`: scores of layer l are divided by l + 1 on top of √D.
  public var scaleByInverseLayer: Bool
  /// `initializer_range`: standard deviation of fresh weights; 0.02 in GPT-2, more in `nano`.
  public var initializerRange: Float

  /// Memberwise; sizes must be positive and `width` a multiple of `heads`.
  /// - innerWidth: 4·`width` if nil.
  public init(
    vocabularySize: Int, contextLength: Int, width: Int, layers: Int, heads: Int,
    innerWidth: Int? = nil, tiesHead: Bool = true, activation: Activation = .geluNew,
    layerNormEpsilon: Float = 1e-5, scaleByInverseLayer: Bool = false,
    initializerRange: Float = 0.02
  ) {
    precondition(
      vocabularySize > 0 && contextLength > 0 && width > 0 && layers > 0 && heads > 0
        && width % heads == 0 && (innerWidth ?? 1) > 0,
      "GPT2Config: V \(vocabularySize) T \(contextLength) C \(width) L \(layers) H \(heads) F "
        + "\(innerWidth ?? 4 * width)")
    self.vocabularySize = vocabularySize
    self.contextLength = contextLength
    self.width = width
    self.layers = layers
    self.heads = heads
    self.innerWidth = innerWidth ?? 4 * width
    self.tiesHead = tiesHead
    self.activation = activation
    self.layerNormEpsilon = layerNormEpsilon
    self.scaleByInverseLayer = scaleByInverseLayer
    self.initializerRange = initializerRange
  }

  /// D, channels of a head.
  public var headSize: Int { width / heads }

  /// Weights of the layers' matrices, 4·C² + 2·C·F in each of L: 12·C² in GPT-2.
  public var layerWeights: Int { layers * width * (4 * width + 2 * innerWidth) }

  /// What multiplies q·k in layer `layer` (from 0).
  public func attentionScale(layer: Int) -> Float {
    let scale = 1 / Float(headSize).squareRoot()
    return scaleByInverseLayer ? scale / Float(layer + 1) : scale
  }

  /// Floating-point operations of training on one token at context T: 6 for each weight of a
  /// matrix (the head's too, no embedding look-up) and the causal half of attention.
  public func trainingFlopsPerToken(T: Int) -> Double {
    let matrices = layerWeights + vocabularySize * width
    // Scores and their use: 2·2·C·(T + 1)/2 forward, twice that backward.
    let attention = 6 * layers * width * (T + 1)
    return 6 * Double(matrices) + Double(attention)
  }
}
