import Checkpoints
import Files
import Machine
import Testing

@testable import Transformer

extension PipelineTests {
  /// The same weights in every arrangement in which GPT-2 folders come, and those that are refused.
  @Suite struct ForeignFolders {
    private let place: Workplace
    private let config: JSON
    /// What `transformers` wrote: names with `transformer.`, no head.
    private let stored: [Stored]
    private let weights: [UInt32]

    private struct Stored {
      var name: String
      var shape: [Int]
      var values: [Float]
    }

    init() throws {
      place = try Workplace()
      let folder = parentDirectory(of: #filePath) + "/Fixtures/lm_head_f32"
      let checkpoint = try CheckpointDirectory(path: folder)
      config = try checkpoint.json(of: "config.json")
      let file = try checkpoint.tensors(of: "model.safetensors")
      stored = try file.entries.map {
        Stored(name: $0.name, shape: $0.shape, values: try file.floats($0))
      }
      weights = try Self.bits(ModelFile(checkpoint))
    }

    @Test func arrangementsOfTheSameWeights() throws {
      let wte = try #require(stored.first { $0.name == "transformer.wte.weight" })
      let head = Stored(name: "lm_head.weight", shape: wte.shape, values: wte.values)
      let mask = Stored(
        name: "transformer.h.0.attn.bias", shape: [1, 1, 2, 2], values: [1, 0, 1, 1])
      let past = Stored(name: "transformer.h.1.attn.masked_bias", shape: [], values: [-1e4])
      let arrangements: [(String, [Stored])] = [
        ("as it is", stored), ("no prefix", stored.map(unprefixed)),
        ("an equal head", stored + [head]),
        ("an equal head, no prefix", stored.map(unprefixed) + [head]),
        ("the head alone", stored.filter { $0.name != wte.name } + [head]),
        (
          "the head alone, no prefix",
          stored.filter { $0.name != wte.name }.map(unprefixed) + [head]
        ),
        ("masks", stored + [mask, past]),
        ("masks, no prefix", (stored + [mask, past]).map(unprefixed)),
        ("torch.compile", (stored + [head]).map { prefixed("_orig_mod.", $0) }),
        ("DataParallel", stored.map { prefixed("module.", unprefixed($0)) }),
        (
          "two wrappers, the head alone",
          (stored.filter { $0.name != wte.name } + [head]).map { prefixed("module._orig_mod.", $0) }
        ),
        ("a value head", stored + [Stored(name: "v_head.summary.weight", shape: [1], values: [1])]),
      ]
      for (name, tensors) in arrangements {
        let whole = try folder("whole")
        try write(tensors, to: "whole/model.safetensors")
        #expect(try Self.bits(ModelFile(whole)) == weights, "\(name)")
        for count in [1, 2, 7, tensors.count] {
          let shards = try folder("shards")
          try write(tensors, inShards: count, to: "shards")
          #expect(try Self.bits(ModelFile(shards)) == weights, "\(name) in \(count) shards")
        }
      }
    }

    @Test func whatIsNoSuchModelIsNamed() throws {
      let wte = try #require(stored.first { $0.name == "transformer.wte.weight" })
      var other = Stored(name: "lm_head.weight", shape: wte.shape, values: wte.values)
      other.values[500] += 1
      let short = Stored(
        name: "lm_head.weight", shape: [60, 15], values: Array(wte.values[..<900]))
      var wide = stored
      let ln = try #require(stored.firstIndex { $0.name == "transformer.ln_f.bias" })
      (wide[ln].shape, wide[ln].values) = ([16], wide[ln].values + [0])
      let ln15 = [Float](repeating: 0, count: 15)
      let mixed = stored.map { $0.name.contains("h.1.mlp.c_fc.bias") ? unprefixed($0) : $0 }
      for (tensors, expected) in [
        (
          stored + [other],
          "tensor lm_head.weight: expected the values of transformer.wte.weight, as config.json does "
            + "not say \"tie_word_embeddings\": false, found \(other.values[500]) instead of "
            + "\(wte.values[500]) at element 500"
        ),
        (
          stored + [short],
          "tensor lm_head.weight: expected shape [61, 15], tied to wte, found [60, 15]"
        ),
        (wide, "tensor transformer.ln_f.bias: expected shape [15] as config.json says, found [16]"),
        (mixed, "tensors: expected transformer.h.1.mlp.c_fc.bias [60], found no such tensor"),
        (
          stored + [Stored(name: "transformer.h.7.ln_1.bias", shape: [15], values: ln15)],
          "tensor transformer.h.7.ln_1.bias: expected a tensor of GPT-2, found an unknown"
        ),
        (
          stored + [Stored(name: "base.lora_A.weight", shape: [15], values: ln15)],
          "tensor base.lora_A.weight: expected a tensor of GPT-2, found an unknown"
        ),
        (
          stored + [unprefixed(wte)],
          "tensor wte.weight: expected a tensor of GPT-2, found an unknown"
        ),
        (
          stored.filter { $0.name != wte.name },
          "tensors: expected transformer.wte.weight [61, 15], found no such tensor"
        ),
      ] as [([Stored], String)] {
        let folder = try folder("f")
        try write(tensors, to: "f/model.safetensors")
        let error = try #require(throws: CheckpointError.self) { try ModelFile(folder) }
        #expect(error.description.contains(expected), "\(error)")
      }
    }

    /// The heads of other tasks stand beside the language model, and are named.
    @Test func headsOfOtherTasksAreLeftOut() throws {
      let heads = ["v_head.summary.weight", "score.weight", "multiple_choice_head.summary.bias"]
      let tensors = heads.map { Stored(name: $0, shape: [2], values: [1, 2]) }
      let whole = try folder("whole")
      try write(stored + tensors, to: "whole/model.safetensors")
      let file = try ModelFile(whole)
      #expect(try Self.bits(file) == weights && Set(file.leftOut) == Set(heads))
      #expect(file.notice?.hasPrefix("\(whole.path)/model.safetensors: left out ") == true)
      try write(stored, to: "whole/model.safetensors")
      #expect(try ModelFile(whole).notice == nil)
    }

    /// Heads of their own and other activations are read, and not trained.
    @Test func othersOfTheFamilyOnlyGenerate() throws {
      let wte = try #require(stored.first { $0.name == "transformer.wte.weight" })
      let values = wte.values.map { 2 * $0 + 1 }
      let head = Stored(name: "module.lm_head.weight", shape: wte.shape, values: values)
      let changed = ["tie_word_embeddings", "activation_function"]
      let members = (config.objectValue ?? []).filter { !changed.contains($0.key) }
      func write(_ more: [JSONMember]) throws -> ModelFile {
        let folder = try folder("f")
        try self.write(
          stored.map { prefixed("module.", $0) } + [head], to: "f/model.safetensors")
        try place.write(JSON.object(members + more).serialized(), to: "f/config.json")
        return try ModelFile(folder)
      }
      let untied = try write([JSONMember("tie_word_embeddings", false)])
      #expect(try Self.bits(untied) == weights + values.map(\.bitPattern))
      for (key, value) in [
        ("activation_function", "relu"), ("activation_function", "gelu"),
        ("tie_word_embeddings", false),
      ] as [(String, JSON)] {
        let untie = JSONMember("tie_word_embeddings", false)
        _ = try write(key == "tie_word_embeddings" ? [untie] : [untie, JSONMember(key, value)])
        let line = try place.fail("train", "--out", "r", "--init-from", "f")
        #expect(line.hasPrefix("f/config.json: \(key): expected") && line.contains("to train it"))
      }
    }

    /// Those of 2019 name no type.
    @Test func configurationsWithoutAType() throws {
      let members = (config.objectValue ?? []).filter {
        !["model_type", "architectures"].contains($0.key)
      }
      for (more, isRead) in [
        ([], true), ([JSONMember("architectures", ["GPT2LMHeadModel"])], true),
        ([JSONMember("architectures", ["GPTNeoForCausalLM"])], false),
      ] {
        let folder = try folder("f")
        try write(stored, to: "f/model.safetensors")
        try place.write(JSON.object(members + more).serialized(), to: "f/config.json")
        if isRead {
          #expect(try Self.bits(ModelFile(folder)) == weights)
        } else {
          let error = try #require(throws: CheckpointError.self) { try ModelFile(folder) }
          #expect(error.description.contains("architectures: expected a class of GPT-2"))
        }
      }
    }

    /// Another architecture is named before anything is said of its weights.
    @Test func otherModelsAreRefusedInOneLine() throws {
      for (key, value, expected) in [
        (
          "model_type", "\"llama\"",
          "expected \"gpt2\", the only architecture of sophia-rt, found \"llama\""
        ),
        (
          "scale_attn_weights", "false", "scale_attn_weights: expected true, found false"
        ),
        (
          "activation_function", "\"silu\"",
          "\"gelu\" or \"relu\", found \"silu\""
        ),
      ] {
        _ = try folder("f")
        let members = (config.objectValue ?? []).filter { $0.key != key }
        let text = JSON.object(
          members + [JSONMember(key, try JSON(parsing: Array(value.utf8), name: "v"))])
        try place.write(text.serialized(), to: "f/config.json")
        try place.write("no pickle", to: "f/pytorch_model.bin")
        let line = try place.fail("generate", "--checkpoint", "f", "--prompt", "a")
        #expect(line.hasPrefix("f/config.json: ") && line.contains(expected), "\(line)")
      }
    }

    @Test func picklesAreRefused() throws {
      _ = try folder("f")
      try place.write("a pickle", to: "f/pytorch_model.bin")
      let line = try place.fail("generate", "--checkpoint", "f", "--prompt", "a")
      #expect(line.hasPrefix("f/pytorch_model.bin: expected safetensors, found a PyTorch pickle"))
      #expect(line.contains("M.from_pretrained('f').save_pretrained('OUT')"), "\(line)")
      try LocalFileSystem().makeDirectories(place.file("out"))
      try place.write("a pickle", to: "out/ckpt.pt")
      for path in ["out", "out/ckpt.pt"] {
        let line = try place.fail("train", "--out", "r", "--init-from", path)
        #expect(line.contains("python3 scripts/convert_nanogpt.py out/ckpt.pt OUT"), "\(line)")
      }
    }

    /// An empty folder but for the configuration.
    private func folder(_ name: String) throws -> CheckpointDirectory {
      let (disk, path) = (LocalFileSystem(), place.file(name))
      if disk.exists(path) { try disk.removeTree(path) }
      try disk.makeDirectories(path)
      try place.write(config.serialized(), to: "\(name)/config.json")
      return try CheckpointDirectory(path: path)
    }

    private func prefixed(_ prefix: String, _ tensor: Stored) -> Stored {
      var tensor = tensor
      tensor.name = prefix + tensor.name
      return tensor
    }

    private func unprefixed(_ tensor: Stored) -> Stored {
      var tensor = tensor
      tensor.name = tensor.name.replacing("transformer.", with: "")
      return tensor
    }

    /// Every `count`-th tensor into the same shard.
    private func write(_ tensors: [Stored], inShards count: Int, to folder: String) throws {
      var map: [JSONMember] = []
      for shard in 0..<count {
        let part = tensors.indices.filter { $0 % count == shard }.map { tensors[$0] }
        let name = "model-0000\(shard)-of-0000\(count).safetensors"
        try write(part, to: "\(folder)/\(name)")
        map += part.map { JSONMember($0.name, .string(name)) }
      }
      let index: JSON = ["metadata": ["total_size": 1], "weight_map": .object(map)]
      try place.write(index.serialized(), to: "\(folder)/model.safetensors.index.json")
    }

    private func write(_ tensors: [Stored], to name: String) throws {
      if LocalFileSystem().exists(place.file(name)) {
        try LocalFileSystem().removeFile(place.file(name))
      }
      let arena = try Arena(count: tensors.reduce(0) { $0 + $1.values.count })
      var (named, at) = ([NamedTensor](), 0)
      for tensor in tensors {
        let view = arena.view(at, count: tensor.values.count)
        _ = view.buffer.update(from: tensor.values)
        named.append(
          NamedTensor(
            name: tensor.name, shape: tensor.shape, values: UnsafeBufferPointer(view.buffer)))
        at += tensor.values.count
      }
      try SafetensorsWriter.write(named, to: place.file(name))
      withExtendedLifetime(arena) {}
    }

    private static func bits(_ file: ModelFile) throws -> [UInt32] {
      let arena = try Arena(count: file.table.count)
      try file.read(into: arena)
      return arena.view(0, count: file.table.count).buffer.map(\.bitPattern)
    }
  }
}
