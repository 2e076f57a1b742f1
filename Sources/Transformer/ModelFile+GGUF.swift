public import Checkpoints

extension ModelFile {
  /// The model's sizes as llama.cpp's architecture `gpt2` wants them in a GGUF file's metadata, under
  /// the keys of gguf-py's constants.py; the tokenizer's members have to be added.
  /// - type: how most of the weights are stored
  public func ggufMetadata(_ type: GGUFType) -> [GGUFMember] {
    // llama.h: LLAMA_FTYPE_ALL_F32, MOSTLY_F16, MOSTLY_Q8_0.
    let fileType: UInt32 =
      switch type {
      case .f32: 0
      case .f16: 1
      case .q8_0: 7
      }
    var members = [
      GGUFMember("general.architecture", .string("gpt2")),
      GGUFMember("general.type", .string("model")),
      GGUFMember("general.file_type", .uint32(fileType)),
    ]
    // GGML_QNT_VERSION of ggml.h.
    if type == .q8_0 { members.append(GGUFMember("general.quantization_version", .uint32(2))) }
    let sizes = [
      ("context_length", config.contextLength), ("embedding_length", config.width),
      ("feed_forward_length", config.innerWidth), ("block_count", config.layers),
      ("attention.head_count", config.heads),
    ]
    members += sizes.map { GGUFMember("gpt2.\($0)", .uint32(UInt32($1))) }
    members.append(
      GGUFMember("gpt2.attention.layer_norm_epsilon", .float32(config.layerNormEpsilon)))
    return members
  }

  /// The weights under llama.cpp's names, read when they are written. Its matrices are (out, in), ours
  /// (in, out); its head is the token embedding where there is none. It scales q·k by 1/√D alone, so
  /// 1/(l + 1) of `scale_attn_by_inverse_layer_idx` goes into the queries of layer l.
  /// - type: for matrices and the token embedding, where their rows allow it; f16 instead of q8_0
  ///   where not. Vectors and the position embedding are f32, as in llama.cpp's own files.
  public func ggufTensors(_ type: GGUFType) -> [GGUFTensor] {
    var layers: [String: Int] = [:]
    for (l, layer) in table.tensors.layers.enumerated() {
      (layers[layer.attnWeight.name], layers[layer.attnBias.name]) = (l, l)
    }
    return table.entries.map { entry in
      let name = Self.ggufName(entry)
      if entry == table.tensors.wpe || entry.isEmbedding {
        return GGUFTensor(
          name: name, shape: entry.shape,
          type: entry.isEmbedding ? fitting(type, entry.shape[1]) : .f32
        ) { values throws(CheckpointError) in try read(entry, into: values) }
      }
      // Of a tensor that makes queries.
      let layer = layers[entry.name]
      guard entry.shape.count == 2 else {
        return GGUFTensor(name: name, shape: entry.shape, type: .f32) {
          values throws(CheckpointError) in
          try read(entry, into: values)
          if let layer { scaleQueries(values, of: layer) }
        }
      }
      return GGUFTensor(
        name: name, shape: entry.shape.reversed(), type: fitting(type, entry.shape[0])
      ) { values throws(CheckpointError) in
        try readTransposed(entry, into: values)
        if let layer { scaleQueries(values, of: layer) }
      }
    }
  }

  private func fitting(_ type: GGUFType, _ row: Int) -> GGUFType {
    row % type.blockSize == 0 ? type : .f16
  }

  /// Tensors without layer and suffix: ours and llama.cpp's (gguf-py's constants.py).
  private static let ggufNames = [
    "transformer.wte": "token_embd", "transformer.wpe": "position_embd",
    "ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
    "transformer.ln_f": "output_norm", "lm_head": "output",
  ]

  /// llama.cpp's name of a tensor.
  private static func ggufName(_ entry: ParameterTable.Entry) -> String {
    let suffix = entry.name.hasSuffix(".bias") ? ".bias" : ".weight"
    var (part, block) = (String(entry.name.dropLast(suffix.count)), "")
    let start = "transformer.h."
    if part.hasPrefix(start) {
      let rest = part.dropFirst(start.count)
      let layer = rest.prefix { $0 != "." }
      (part, block) = (String(rest.dropFirst(layer.count + 1)), "blk.\(layer).")
    }
    guard let name = ggufNames[part] else { preconditionFailure("\(entry.name): no name in GGUF") }
    return block + name + suffix
  }

  /// Reads a matrix (in, out) as (out, in).
  private func readTransposed(
    _ entry: ParameterTable.Entry, into values: UnsafeMutableBufferPointer<Float>
  ) throws(CheckpointError) {
    let (inputs, outputs, tile) = (entry.shape[0], entry.shape[1], 16)
    let room = try TensorRoom(count: entry.count)
    defer { withExtendedLifetime(room) {} }
    let stored = room.values
    try read(entry, into: stored)
    // Tiles, so that each line of the cache is used whole.
    for row in stride(from: 0, to: inputs, by: tile) {
      for column in stride(from: 0, to: outputs, by: tile) {
        for i in row..<min(row + tile, inputs) {
          for j in column..<min(column + tile, outputs) {
            values[j * inputs + i] = stored[i * outputs + j]
          }
        }
      }
    }
  }

  /// Multiplies the first third, the queries, of `c_attn` as (out, in) or of its bias.
  private func scaleQueries(_ values: UnsafeMutableBufferPointer<Float>, of layer: Int) {
    guard config.scaleByInverseLayer else { return }
    for index in 0..<(values.count / 3) { values[index] /= Float(layer + 1) }
  }
}
