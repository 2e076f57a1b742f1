public import Checkpoints
public import Files
import Kernels

extension GPT2Config {
  /// Reads Hugging Face's `config.json` of a GPT-2 model.
  /// - vocabularySize: stands in where the file has none (our presets for any tokenizer).
  /// - file: the path, for messages.
  /// - Throws: `CheckpointError.invalid` for another architecture, a variant that this model has no
  ///   counterpart for, a missing, mistyped or unreasonable size.
  public init(
    huggingFace json: JSON, vocabularySize: Int? = nil, file: String
  ) throws(CheckpointError) {
    let reader = ConfigReader(json: json, file: file)
    try reader.checkArchitecture()
    let width = try reader.size("n_embd", upTo: 1 << 16)
    let heads = try reader.size("n_head", upTo: 1 << 12)
    guard width % heads == 0 else {
      throw reader.invalid("n_head", "a divisor of n_embd \(width)", "\(heads)")
    }
    let innerWidth =
      json["n_inner"] ?? .null == .null ? 4 * width : try reader.size("n_inner", upTo: 1 << 18)
    let contextKey = json["n_positions"] == nil ? "n_ctx" : "n_positions"
    let V =
      if let vocabularySize, json["vocab_size"] == nil { vocabularySize } else {
        try reader.size("vocab_size", upTo: 1 << 24)
      }
    self.init(
      vocabularySize: V, contextLength: try reader.size(contextKey, upTo: 1 << 20), width: width,
      layers: try reader.size("n_layer", upTo: 1024), heads: heads, innerWidth: innerWidth,
      tiesHead: try reader.flag("tie_word_embeddings", default: true),
      activation: try reader.activation(),
      layerNormEpsilon: Float(try reader.fraction("layer_norm_epsilon", default: 1e-5)),
      scaleByInverseLayer: try reader.flag("scale_attn_by_inverse_layer_idx", default: false),
      initializerRange: Float(try reader.fraction("initializer_range", default: 0.02)))
    try reader.checkTotal(self)
  }

  /// Checks that this is a model that can be trained: GPT-2 but for its sizes. Others of its family are
  /// there to generate and to be evaluated.
  /// - file: the path of its `config.json`, for messages.
  public func requireTrainable(file: String) throws(CheckpointError) {
    let advice = " to train it (others of the family only generate and are evaluated)"
    func check(
      _ key: String, _ isOwn: Bool, _ expected: String, _ found: String
    ) throws(CheckpointError) {
      guard isOwn else {
        throw .invalid(file: file, place: key, expected: expected + advice, found: found)
      }
    }
    try check(
      "activation_function", activation == .geluNew, "\"gelu_new\"", "\"\(activation.rawValue)\"")
    try check(
      "n_inner", innerWidth == 4 * width, "4·n_embd = \(4 * width) or null", "\(innerWidth)")
    try check("tie_word_embeddings", tiesHead, "true", "false")
  }

  /// Hugging Face's `config.json` for this model.
  /// - endOfText: id of the token that begins and ends texts, or nil.
  public func huggingFaceConfig(endOfText: Int?) -> JSON {
    let end: JSON = endOfText.map { .integer($0) } ?? .null
    return huggingFaceConfig(begin: end, end: end)
  }

  /// Hugging Face's `config.json` for this model.
  /// - begin, end: ids of the tokens that begin and end texts, or null.
  public func huggingFaceConfig(begin: JSON, end: JSON) -> JSON {
    [
      "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2",
      "activation_function": .string(activation.rawValue),
      "vocab_size": .integer(vocabularySize), "n_positions": .integer(contextLength),
      "n_ctx": .integer(contextLength), "n_embd": .integer(width), "n_layer": .integer(layers),
      "n_head": .integer(heads), "n_inner": innerWidth == 4 * width ? .null : .integer(innerWidth),
      // The shortest decimal of the Float, so that 1e-5 stays 1e-05.
      "layer_norm_epsilon": .number(Double("\(layerNormEpsilon)") ?? Double(layerNormEpsilon)),
      "initializer_range": .number(Double("\(initializerRange)") ?? 0.02), "resid_pdrop": 0.0,
      "embd_pdrop": 0.0, "attn_pdrop": 0.0,
      "scale_attn_weights": true,
      "scale_attn_by_inverse_layer_idx": .bool(scaleByInverseLayer),
      "reorder_and_upcast_attn": false, "tie_word_embeddings": .bool(tiesHead), "use_cache": true,
      "bos_token_id": begin, "eos_token_id": end, "torch_dtype": "float32",
    ]
  }

  /// The dropout settings of a `config.json` that are not 0.
  static func ignoredDropout(in json: JSON) -> [String] {
    ["resid_pdrop", "embd_pdrop", "attn_pdrop"].filter { (json[$0]?.doubleValue ?? 0) != 0 }
  }
}

/// Typed access to a `config.json`.
private struct ConfigReader {
  let json: JSON
  let file: String

  func invalid(_ key: String, _ expected: String, _ found: String) -> CheckpointError {
    .invalid(file: file, place: key, expected: expected, found: found)
  }

  func text(_ value: JSON?) -> String {
    value.map { String(decoding: $0.serialized().prefix(80), as: UTF8.self) } ?? "nothing"
  }

  func checkArchitecture() throws(CheckpointError) {
    guard json.objectValue != nil else { throw invalid("file", "a JSON object", json.kind) }
    // Files of 2019 name no type: their classes tell, or their sizes alone, which are named so in
    // GPT-2, and then the names of the tensors.
    if let type = json["model_type"], type != .null, type.stringValue != "gpt2" {
      throw invalid("model_type", "\"gpt2\", the only architecture of sophia-rt", text(type))
    }
    let classes = json["architectures"]?.arrayValue ?? []
    guard classes.allSatisfy({ $0.stringValue?.hasPrefix("GPT2") == true }) else {
      throw invalid(
        "architectures", "a class of GPT-2, the only architecture of sophia-rt",
        text(json["architectures"]))
    }
    for (key, expected) in [("scale_attn_weights", true), ("add_cross_attention", false)] {
      if let value = json[key], value != .bool(expected) {
        throw invalid(key, "\(expected)", text(value))
      }
    }
  }

  /// The function of the MLP; PyTorch's name of GPT-2's own is one of it too.
  func activation() throws(CheckpointError) -> Activation {
    guard let value = json["activation_function"], value != "gelu_pytorch_tanh" else {
      return .geluNew
    }
    guard let name = value.stringValue, let activation = Activation(rawValue: name) else {
      throw invalid(
        "activation_function", "\"gelu_new\", \"gelu_pytorch_tanh\", \"gelu\" or \"relu\"",
        text(value))
    }
    return activation
  }

  func size(_ key: String, upTo limit: Int) throws(CheckpointError) -> Int {
    guard let value = json[key]?.intValue, value >= 1, value <= limit else {
      throw invalid(key, "an integer in 1...\(limit)", text(json[key]))
    }
    return value
  }

  func fraction(_ key: String, default standard: Double) throws(CheckpointError) -> Double {
    guard let value = json[key] else { return standard }
    // As the Float that it becomes.
    guard let number = value.doubleValue, Float(number) > 0, Float(number) < 1 else {
      throw invalid(key, "a number between 0 and 1", text(value))
    }
    return number
  }

  func flag(_ key: String, default standard: Bool) throws(CheckpointError) -> Bool {
    guard let value = json[key] else { return standard }
    guard let flag = value.boolValue else { throw invalid(key, "true or false", text(value)) }
    return flag
  }

  /// The largest allowed sizes together would overflow nothing, but no machine holds them.
  func checkTotal(_ config: GPT2Config) throws(CheckpointError) {
    let (C, F) = (config.width, config.innerWidth)
    let rows = config.vocabularySize * (config.tiesHead ? 1 : 2) + config.contextLength
    let parameters = (rows + 2) * C + config.layerWeights + config.layers * (9 * C + F)
    guard parameters <= 1 << 40 else {
      throw invalid("sizes", "at most 2^40 parameters", "\(parameters)")
    }
  }
}
