import Checkpoints
import Files
import ReferenceKernels
import Testing
import Transformer

extension PipelineTests {
  /// `sophia-rt export`: what an independent reader finds in the file, against the checkpoint.
  /// (`make interop` has llama.cpp itself read such files.)
  @Suite struct Export {
    private let place: Workplace

    init() throws {
      place = try Workplace()
      try place.makeData()
    }

    /// The names of llama.cpp's architecture gpt2, and which of the matrices have their rows as
    /// columns here.
    private static let names = [
      "ln_1.weight": "attn_norm.weight", "ln_1.bias": "attn_norm.bias",
      "attn.c_attn.weight": "attn_qkv.weight", "attn.c_attn.bias": "attn_qkv.bias",
      "attn.c_proj.weight": "attn_output.weight", "attn.c_proj.bias": "attn_output.bias",
      "ln_2.weight": "ffn_norm.weight", "ln_2.bias": "ffn_norm.bias",
      "mlp.c_fc.weight": "ffn_up.weight", "mlp.c_fc.bias": "ffn_up.bias",
      "mlp.c_proj.weight": "ffn_down.weight", "mlp.c_proj.bias": "ffn_down.bias",
    ]

    @Test(arguments: [false, true])
    func everyTensorIsThere(inverseLayer: Bool) throws {
      try train(width: 32, layers: 3, inverseLayer: inverseLayer)
      let expected = try weights(layers: 3, inverseLayer: inverseLayer)
      for (type, number, error) in [("f32", 0, 0), ("f16", 1, 0x1p-11), ("q8_0", 8, 0.0045)] {
        try place.succeed(
          "export", "--checkpoint", "run", "--format", "gguf", "--type", type, "--out",
          "\(type).gguf")
        let file = try GGUFReader(place.read("\(type).gguf"))
        #expect(Set(file.tensors.map(\.name)) == Set(expected.keys))
        #expect(file.tensors.count == expected.count)
        for (name, tensor) in file.tensors {
          let (dimensions, values) = try #require(expected[name])
          #expect(tensor.dimensions == dimensions, "\(name)")
          let isPrecise = dimensions.count == 1 || name == "position_embd.weight"
          #expect(tensor.type == (isPrecise ? 0 : number), "\(name)")
          let largest = values.reduce(0) { max($0, abs($1)) }
          let worst = zip(tensor.values, values).map { abs($0 - $1) }.max() ?? 1
          #expect(worst <= (isPrecise ? 0 : error * largest), "\(name): \(worst) of \(largest)")
        }
      }
    }

    @Test func sizesAndTokenizer() throws {
      try place.write(
        "{\"model_type\":\"gpt2\",\"n_embd\":40,\"n_layer\":1,\"n_head\":2,\"n_positions\":64,"
          + "\"layer_norm_epsilon\":0.001,\"vocab_size\":303}", to: "m.json")
      try #require(try place.program.run(Workplace.train("run")).code == 0)
      try place.succeed(
        "export", "--checkpoint", "run", "--format", "gguf", "--type", "q8_0", "--out", "m.gguf")
      let file = try GGUFReader(place.read("m.gguf"))
      for (key, value) in [
        ("general.architecture", .text(Array("gpt2".utf8))), ("general.file_type", .integer(7)),
        ("general.quantization_version", .integer(2)), ("gpt2.context_length", .integer(64)),
        ("gpt2.embedding_length", .integer(40)), ("gpt2.feed_forward_length", .integer(160)),
        ("gpt2.block_count", .integer(1)), ("gpt2.attention.head_count", .integer(2)),
        ("gpt2.attention.layer_norm_epsilon", .number(Double(Float(0.001)))),
        ("tokenizer.ggml.model", .text(Array("gpt2".utf8))),
        ("tokenizer.ggml.pre", .text(Array("gpt-2".utf8))),
        ("tokenizer.ggml.add_bos_token", .flag(false)),
      ] as [(String, GGUFReader.Value)] {
        #expect(file[key] == value, "\(key)")
      }
      // Rows of 40 are no blocks of 32; those of 160 are.
      #expect(file.tensor("token_embd.weight")?.type == 1)
      #expect(file.tensor("blk.0.attn_qkv.weight")?.type == 1)
      #expect(file.tensor("blk.0.ffn_down.weight")?.type == 8)

      let json = try place.json("data/tokenizer.json")
      var tokens = [[UInt8]](repeating: [], count: 303)
      for member in try #require(json["model"]?["vocab"]?.objectValue) {
        tokens[try #require(member.value.intValue)] = Array(member.key.utf8)
      }
      for id in 300..<303 { tokens[id] = Array("[PAD\(id)]".utf8) }
      #expect(file["tokenizer.ggml.tokens"] == .texts(tokens))
      let merges = try #require(json["model"]?["merges"]?.arrayValue).compactMap(\.stringValue)
      #expect(merges.count == 43)
      #expect(file["tokenizer.ggml.merges"] == .texts(merges.map { Array($0.utf8) }))
      let special = try #require(json["added_tokens"]?.arrayValue?.first)
      #expect(special["content"] == "<|endoftext|>")
      let end = try #require(special["id"]?.intValue)
      #expect(file["tokenizer.ggml.bos_token_id"] == .integer(end))
      #expect(file["tokenizer.ggml.eos_token_id"] == .integer(end))
      #expect(
        file["tokenizer.ggml.token_type"]
          == .integers((0..<303).map { $0 == end ? 3 : $0 < 300 ? 1 : 5 }))
    }

    @Test func mistakesAreOneLine() throws {
      try train(width: 32, layers: 1, inverseLayer: false)
      let words = ["export", "--checkpoint", "run", "--format", "gguf", "--out"]
      try place.write("mine", to: "m.gguf")
      #expect(
        try place.fail(words + ["m.gguf"])
          == "m.gguf: exists already; give --overwrite to replace it")
      #expect(try place.read("m.gguf") == Array("mine".utf8))
      try #require(try place.program.run(words + ["m.gguf", "--overwrite"]).code == 0)
      _ = try GGUFReader(place.read("m.gguf"))
      #expect(try place.fail(words + ["no/m.gguf"]).contains("No such file or directory"))
      #expect(try place.fail(words + ["n.gguf", "--type", "q4_0"]).contains("'q4_0' is invalid"))
      let other = ["export", "--checkpoint", "run", "--format", "onnx", "--out", "n.gguf"]
      #expect(try place.fail(other).contains("'onnx' is invalid"))
      // A folder whose tokenizer is lost.
      let names = try LocalFileSystem().list(place.file("run")).filter { $0.hasPrefix("step-") }
      let newest = "run/\(try #require(names.last))"
      try LocalFileSystem().makeDirectories(place.file("bare"))
      for name in ["config.json", "model.safetensors"] {
        try place.write(try place.read("\(newest)/\(name)"), to: "bare/\(name)")
      }
      let bare = ["export", "--checkpoint", "bare", "--format", "gguf", "--out", "n.gguf"]
      #expect(try place.fail(bare).hasPrefix("bare: no tokenizer here"))
      #expect(try LocalFileSystem().list(place.path).allSatisfy { !$0.hasPrefix("n.gguf") })
    }

    private func train(width: Int, layers: Int, inverseLayer: Bool) throws {
      try place.write(
        "{\"model_type\":\"gpt2\",\"n_embd\":\(width),\"n_layer\":\(layers),\"n_head\":2,"
          + "\"n_positions\":64,\"scale_attn_by_inverse_layer_idx\":\(inverseLayer)}", to: "m.json")
      try #require(try place.program.run(Workplace.train("run")).code == 0)
    }

    /// Of each tensor of the newest checkpoint its name, dimensions and numbers in GGUF.
    private func weights(
      layers: Int, inverseLayer: Bool
    ) throws -> [String: (dimensions: [Int], values: [Double])] {
      let checkpoint = try CheckpointDirectory.open(place.file("run")).checkpoint
      let file = try checkpoint.tensors(of: "model.safetensors")
      var found: [String: (dimensions: [Int], values: [Double])] = [:]
      func add(_ name: String, as new: String, layer: Int? = nil) throws {
        let entry = try #require(file["transformer." + name])
        var values = try file.floats(entry)
        let columns = entry.shape[entry.shape.count - 1]
        if inverseLayer, let layer, name.contains("c_attn") {
          for i in values.indices where i % columns < columns / 3 { values[i] /= Float(layer + 1) }
        }
        guard layer != nil, entry.shape.count == 2 else {
          found[new] = (entry.shape.reversed(), values.map(Double.init))
          return
        }
        let rows = entry.shape[0]
        let transposed = values.indices.map { values[$0 % rows * columns + $0 / rows] }
        found[new] = (entry.shape, transposed.map(Double.init))
      }
      try add("wte.weight", as: "token_embd.weight")
      try add("wpe.weight", as: "position_embd.weight")
      for part in ["weight", "bias"] { try add("ln_f.\(part)", as: "output_norm.\(part)") }
      for layer in 0..<layers {
        for (ours, theirs) in Self.names {
          try add("h.\(layer).\(ours)", as: "blk.\(layer).\(theirs)", layer: layer)
        }
      }
      return found
    }
  }
}
