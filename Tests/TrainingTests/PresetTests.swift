import Files
import Machine
import Presets
import Testing
import Transformer

@testable import Recipes
@testable import Training

extension TrainingTests {
  /// The models that the program carries.
  @Suite struct Preset {
    @Test(
      arguments: Presets.all.map(\.name),
      OptimizerRegistry.standard.names)
    func eachResolvesForEachOptimizer(name: String, optimizer: String) throws {
      let bytes = try #require(Presets.all.first { $0.name == name }?.json)
      let json = try JSON(parsing: bytes, name: name)
      for recipe in ["none", "paper"] {
        let configuration = try TrainingConfiguration.resolve(
          preset: json, presetName: name, file: nil,
          flags: .init(["optimizer": .string(optimizer), "recipe": .string(recipe)]))
        #expect(configuration.optimizer == optimizer)
        let model = try GPT2Config(
          huggingFace: json, vocabularySize: configuration.vocabulary, file: name)
        #expect(configuration.context <= model.contextLength)
        // No position of a preset's model is left untrained.
        #expect(configuration.context == min(1024, model.contextLength))
        try configuration.validate()
        #expect(
          configuration.lr > 0 && configuration.lr < (optimizer.hasSuffix("muon") ? 0.1 : 0.01))
      }
    }

    /// Parameters by the formula of GPT-2's paper, written out again here.
    @Test(arguments: [
      ("gpt2", 124_439_808), ("gpt2-medium", 354_823_168), ("gpt2-large", 774_030_080),
      ("gpt2-xl", 1_557_611_200),
    ])
    func theNamesOfHuggingFaceMeanItsModels(name: String, parameters: Int) throws {
      let bytes = try #require(Presets.all.first { $0.name == name }?.json)
      let json = try JSON(parsing: bytes, name: name)
      #expect(ParameterTable(try GPT2Config(huggingFace: json, file: name)).count == parameters)
      #expect(json["scale_attn_by_inverse_layer_idx"] == false)
    }

    /// Liu et al. 2023, table of peak learning rates, and §3.1.
    @Test(arguments: [
      ("30m", 1e-3, 1.2e-3), ("gpt2", 6e-4, 6e-4), ("gpt2-medium", 4e-4, 3e-4),
      ("540m", 4e-4, 3e-4), ("gpt2-large", 3e-4, 2e-4),
    ])
    func thePaperRecipeIsThePapers(name: String, sophia: Double, adamW: Double) throws {
      let bytes = try #require(Presets.all.first { $0.name == name }?.json)
      let json = try JSON(parsing: bytes, name: name)
      for (optimizer, rate, decay) in [
        ("sophia-g", sophia, 0.2), ("sophia-h", sophia, 0.2), ("adamw", adamW, 0.1),
      ] {
        let c = try TrainingConfiguration.resolve(
          preset: json, presetName: name, file: nil,
          flags: .init(["optimizer": .string(optimizer), "recipe": "paper"]))
        #expect(c.lr == rate && c.weightDecay == decay && c.clip == 1 && c.minLRRatio == 0.05)
        #expect(c.sequences == 480 && c.context == 1024 && c.steps == 100_000 && c.warmup == 2000)
      }
    }

    /// All but `nano` begin with sophia-muon, embeddings at a rate of 1 over the width but in `tiny`; the
    /// paper's recipe with Sophia-G.
    @Test func theyBeginWithSophiaMuon() throws {
      for preset in Presets.all {
        let json = try JSON(parsing: preset.json, name: preset.name)
        func resolve(_ flags: KeyValuePairs<String, JSON>) throws -> TrainingConfiguration {
          try TrainingConfiguration.resolve(
            preset: json, presetName: preset.name, file: nil, flags: .init(flags))
        }
        let usual = try resolve([:])
        try usual.validate()
        #expect(usual.optimizer == (preset.name == "nano" ? "sophia-g" : "sophia-muon"))
        if preset.name != "nano" {
          let width = try #require(json["n_embd"]?.doubleValue)
          let rest = preset.name == "tiny" ? 0.008 : 1 / width
          #expect(usual.rates.matrices == 0.02 && abs(usual.rates.embeddings - rest) < 1e-12)
        }
        #expect(try resolve(["recipe": "paper"]).optimizer == "sophia-g")
      }
    }

    /// What a small preset likes better than the paper does not get into the paper's recipe.
    @Test(arguments: ["nano", "tiny", "30m"], ["sophia-g", "sophia-h", "adamw"])
    func thePaperRecipeIsThePapersForSmallOnes(name: String, optimizer: String) throws {
      let bytes = try #require(Presets.all.first { $0.name == name }?.json)
      let json = try JSON(parsing: bytes, name: name)
      func resolve(_ more: [JSONMember]) throws -> TrainingConfiguration {
        let flags: [JSONMember] = .init([
          "optimizer": .string(optimizer), "recipe": "paper", "context": 256,
        ])
        return try TrainingConfiguration.resolve(
          preset: json, presetName: name, file: nil, flags: flags + more)
      }
      let c = try resolve([])
      #expect(c.schedule == "cosine" && c.minLRRatio == 0.05 && c.matrixLRRatio == 1)
      #expect(c.sophiaForm == "paper" && c.lr <= 1.2e-3)
      #expect(c.beta1 == (optimizer == "adamw" ? 0.9 : 0.96))
      #expect(try resolve([JSONMember("sophia-form", "official")]).sophiaForm == "official")
    }
  }
}
