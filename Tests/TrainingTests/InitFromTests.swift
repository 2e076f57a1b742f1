import Checkpoints
import Files
import Machine
import Recipes
import Testing
import Transformer

@testable import Training

extension TrainingTests {
  /// Runs that start from the weights of another folder.
  @Suite struct InitFrom {
    private let disk = LocalFileSystem()

    private func finished(_ tiny: TinyRun) throws -> FinishedRun {
      try tiny.run(tiny.request("first"))
    }

    private func request(_ tiny: TinyRun, from folder: String) -> TrainingRun.Request {
      tiny.request("second", [JSONMember("init-from", .string(tiny.file(folder)))])
    }

    @Test(arguments: ["first", "first/step-00000012"])
    func weightsAreTakenAndTheOptimizerIsFresh(folder: String) throws {
      let tiny = try TinyRun()
      let first = try finished(tiny)
      let second = try tiny.run(request(tiny, from: folder), stopAt: 0)
      #expect(second.bits["weights"] == first.bits["weights"])
      #expect(second.bits["m"]?.allSatisfy { $0 == 0 } == true)
      #expect(second.bits["h"]?.allSatisfy { $0 == 0 } == true)
      let whole = try tiny.run(tiny.request("second", resume: true))
      #expect(whole.events.steps.map(\.step) == Array(1...12))
      #expect(whole.bits["weights"] != first.bits["weights"])
    }

    /// Sizes come from the folder, not from `--model`.
    @Test func sizesAreTheFolders() throws {
      let tiny = try TinyRun()
      _ = try finished(tiny)
      var other = request(tiny, from: "first")
      other.flags.removeAll { $0.key == "model" }
      let run = try TrainingRun(other, on: ThreadTeam(count: 1)) { _ in }
      #expect(run.model.width == 32 && run.model.layers == 2)
    }

    /// Whoever names another model would train one that they did not ask for.
    @Test func anotherModelIsRefused() throws {
      let tiny = try TinyRun()
      _ = try finished(tiny)
      var other = request(tiny, from: "first")
      other.flags.append(JSONMember("model", "nano"))
      let refused = line { try tiny.run(other) }
      #expect(
        refused.hasPrefix("--model nano has 3 layers of width 128 with 4 heads, the weights of ")
          && refused.hasSuffix(
            "/first/step-00000012 have 2 layers of width 32 with 2 heads: name theirs or, in train, none"
          ),
        "\(refused)")
    }

    /// GPT-2's weights want GPT-2's rates, in sequences that they can read.
    @Test(arguments: [
      (2, 32, 2, 1024, "nano", 256), (6, 256, 4, 1024, "tiny", 512), (5, 384, 6, 1024, "30m", 1024),
      (6, 384, 6, 200, "30m", 200),
    ])
    func defaultsAreOfTheNearestPreset(
      _ layers: Int, _ width: Int, _ heads: Int, _ T: Int, _ name: String, _ context: Int
    ) throws {
      let tiny = try TinyRun()
      let config = GPT2Config(
        vocabularySize: 320, contextLength: T, width: width, layers: layers, heads: heads)
      let table = ParameterTable(config)
      try disk.makeDirectories(tiny.file("folder"))
      try tiny.write(config.huggingFaceConfig(endOfText: nil), to: "folder/config.json")
      let weights = try Arena(count: table.count)
      _ = try withExtendedLifetime(weights) {
        try SafetensorsWriter.write(
          table.tensors(weights), to: tiny.file("folder/model.safetensors"))
      }
      try disk.writeAtomically(
        try tiny.read("data/tokenizer.json"), to: tiny.file("folder/tokenizer.json"))
      var request = TrainingRun.Request(out: tiny.file("run"))
      request.flags = [
        JSONMember("data", .string(tiny.file("data"))),
        JSONMember("init-from", .string(tiny.file("folder"))),
      ]
      let events = Events()
      let run = try TrainingRun(request, on: ThreadTeam(count: 1)) { events.add($0) }
      let preset = try TrainingConfiguration.resolve(
        preset: TrainingRun.preset(name, disk), presetName: name, file: nil,
        flags: [JSONMember("optimizer", .string(run.configuration.optimizer))])
      // What a preset likes better is for weights that know nothing yet.
      #expect(run.configuration.optimizer == "sophia-g")
      #expect(run.configuration.model == name && run.configuration.lr == preset.lr)
      #expect(run.configuration.context == context)
      #expect(run.configuration.batchTokens == preset.batchTokens / context * context)
      #expect(events.notices.contains { $0.contains("preset \(name), the nearest") })
    }

    @Test func aDamagedFolderIsRefused() throws {
      let tiny = try TinyRun()
      _ = try finished(tiny)
      let path = tiny.file("first/step-00000012/model.safetensors")
      var bytes = try tiny.read("first/step-00000012/model.safetensors")
      bytes[bytes.count / 2] ^= 1
      try disk.writeAtomically(bytes, to: path)
      for folder in ["first/step-00000012", "first"] {
        let refused = line { try tiny.run(request(tiny, from: folder)) }
        #expect(refused.contains("\(path): checksum: expected"), "\(refused)")
      }
    }

    @Test func aDamagedNewestIsNamedAndTheOneBeforeUsed() throws {
      let tiny = try TinyRun()
      var first = tiny.request("first")
      first.options.checkpointEvery = 6
      try tiny.run(first)
      try disk.removeFile(tiny.file("first/step-00000012/config.json"))
      let second = try tiny.run(request(tiny, from: "first"), stopAt: 0)
      #expect(second.events.notices.contains { $0.contains("step-00000012") })
    }

    /// The same ids would mean other text.
    @Test func anotherTokenizerIsRefused() throws {
      let tiny = try TinyRun()
      _ = try finished(tiny)
      let other = try TinyRun.makeTokenizer(stories: 3)
      try TinyRun.build(stories: 40, tokenizer: other, output: tiny.file("other"))
      var request = request(tiny, from: "first")
      request.flags.append(JSONMember("data", .string(tiny.file("other"))))
      let refused = line { try tiny.run(request) }
      #expect(refused.contains(tiny.file("other")) && refused.contains("tokenizer"), "\(refused)")
    }

    /// Sophia's labels are drawn as uint16, and so are tokens.
    @Test func aVocabularyLargerThanUInt16IsRefused() throws {
      let tiny = try TinyRun()
      let config = GPT2Config(
        vocabularySize: 65_537, contextLength: 32, width: 4, layers: 1, heads: 1)
      let table = ParameterTable(config)
      let weights = try Arena(count: table.count)
      try disk.makeDirectories(tiny.file("wide"))
      try tiny.write(config.huggingFaceConfig(endOfText: nil), to: "wide/config.json")
      try SafetensorsWriter.write(
        table.tensors(weights), to: tiny.file("wide/model.safetensors"))
      var wide = request(tiny, from: "wide")
      wide.flags.removeAll { $0.key == "model" }
      let refused = line { try tiny.run(wide) }
      #expect(
        refused
          == "the model's vocab_size is 65537, but tokens are uint16: expected at most 65536")
      guard case .object(let members) = TinyRun.modelJSON else { return }
      try tiny.write(.object(members + [JSONMember("vocab_size", 65_537)]), to: "model.json")
      #expect(line { try tiny.run(tiny.request("third")) } == refused)
    }

    @Test func dropoutIsIgnoredWithANotice() throws {
      let tiny = try TinyRun()
      _ = try finished(tiny)
      // A plain Hugging Face folder: no manifest.
      try disk.makeDirectories(tiny.file("plain"))
      for name in ["model.safetensors", "tokenizer.json"] {
        try disk.writeAtomically(
          try tiny.read("first/step-00000012/\(name)"), to: tiny.file("plain/\(name)"))
      }
      let config = try JSON(
        parsing: try tiny.read("first/step-00000012/config.json"), name: "config")
      let members = try #require(config.objectValue).map {
        $0.key == "attn_pdrop" ? JSONMember($0.key, 0.1) : $0
      }
      try tiny.write(.object(members), to: "plain/config.json")
      let run = try tiny.run(request(tiny, from: "plain"), stopAt: 0)
      #expect(run.events.notices.contains { $0.contains("attn_pdrop: ignored") })
    }

    @Test(
      arguments: [
        ("model_type", "llama", "expected \"gpt2\""), ("activation_function", "relu", "gelu_new"),
        ("n_head", 5, "n_head: expected a divisor of n_embd 32"),
        ("vocab_size", 321, "wte.weight"), ("tie_word_embeddings", .bool(false), "lm_head.weight"),
        ("n_inner", 127, "c_fc.weight"),
      ] as [(String, JSON, String)])
    func anotherArchitectureIsRefused(key: String, value: JSON, expected: String) throws {
      let tiny = try TinyRun()
      _ = try finished(tiny)
      try disk.removeFile(tiny.file("first/step-00000012/manifest.json"))
      let name = "first/step-00000012/config.json"
      let members = try #require(try JSON(parsing: try tiny.read(name), name: name).objectValue)
      try tiny.write(
        .object(members.map { $0.key == key ? JSONMember(key, value) : $0 }), to: name)
      let refused = line { try tiny.run(request(tiny, from: "first/step-00000012")) }
      #expect(refused.contains(expected) && refused.contains("step-00000012/"), "\(refused)")
    }
  }
}
