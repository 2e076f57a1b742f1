import Files
import Machine
import Optimizers
import Testing
import Transformer

@testable import Recipes
@testable import Training

extension TrainingTests {
  /// The keys of a configuration and the layers of defaults.
  @Suite struct Configuration {
    /// A value for a key that is not its default.
    private func other(_ field: SettingRow) throws -> JSON {
      switch field.initial {
      case .integer(let value): return .integer(value + 2)
      case .bool(let value): return .bool(!value)
      case .number(let value): return .number(value == 0 ? 0.3 : value * 0.7)
      case .string(let value):
        let choices = [
          "optimizer": "adamw", "sophia-form": "official", "schedule": "constant",
          "probe": "rademacher", "auto-rho": "0.1:0.5",
        ]
        if field.key == "recipe" { return .string("paper") }
        return .string(choices[field.key] ?? value + "other/ü \"quoted\"")
      default: throw TrainingError.configuration("\(field.key): a value of no known kind")
      }
    }

    @Test func everyKeyRoundTripsThroughJSON() throws {
      var changed = TrainingConfiguration()
      for field in TrainingSettings.standard.rows {
        let before = changed
        try changed.apply([JSONMember(field.key, try other(field))], from: "test")
        #expect(changed != before, "\(field.key) sets nothing")
        let text = changed.json.serialized(pretty: true)
        let members = try #require(try JSON(parsing: text, name: "test").objectValue)
        #expect(members.count == TrainingSettings.standard.rows.count)
        var again = TrainingConfiguration()
        try again.apply(members, from: "test")
        #expect(again == changed, "\(field.key)")
      }
    }

    /// A flag is said to change nothing exactly where the bits stay as they are.
    @Test(arguments: OptimizerRegistry.standard.names)
    func whatIsSaidToChangeNothingChangesNothing(
      optimizer: String
    ) throws {
      let tiny = try TinyRun()
      // Coordinates are clipped and others are not; a refresh has sequences for two groups.
      let base = [JSONMember]([
        "optimizer": .string(optimizer), "gamma": 20, "epsilon": 1e-5,
        "curvature-share": 0.5,
      ])
      let plain = try tiny.run(tiny.request("plain", base))
      let changes = [JSONMember]([
        "sophia-form": "nesterov", "gamma": 2, "auto-rho": "0:0.01", "bias-correct-h": true,
        "curvature-interval": 3, "curvature-share": 1, "curvature-groups": 2, "probe": "rademacher",
        "momentum": 0.8, "adamw-lr": 0.01, "sophia-lr": 0.01, "epsilon": 0.001, "beta1": 0.7,
        "beta2": 0.8, "min-lr-ratio": 0.5, "stories": 5, "vocabulary": 300,
      ])
      for change in changes {
        let kept = base.filter { $0.key != change.key }
        let run = try tiny.run(tiny.request(change.key, kept + [change]))
        let said = run.events.notices.contains { $0.hasPrefix("--\(change.key) changes nothing") }
        #expect(said == (run.bits["weights"] == plain.bits["weights"]), "\(change.key)")
      }
      let constant = try tiny.run(
        tiny.request("constant", base + [JSONMember("schedule", "constant"), changes[14]]))
      #expect(
        constant.events.notices.contains("--min-lr-ratio changes nothing with --schedule constant"))
    }

    @Test(arguments: [
      ("stepz", "steps"), ("learning-rate", "min-lr-ratio"), ("batch_tokens", "batch-tokens"),
      ("", "lr"), ("Optimizer", "optimizer"),
    ])
    func anUnknownKeyNamesTheNearest(key: String, nearest: String) {
      var configuration = TrainingConfiguration()
      let line = line { try configuration.apply([JSONMember(key, 1)], from: "a.json") }
      #expect(line == "a.json: unknown key \"\(key)\"; did you mean \"\(nearest)\"?")
    }

    @Test(
      arguments: [
        ("steps", .integer(0)), ("steps", .number(1.5)), ("steps", .string("10")), ("context", 0),
        ("vocabulary", 65_537), ("lr", .number(-1)), ("lr", .number(.nan)), ("lr", .null),
        ("beta1", .number(1.5)), ("optimizer", "adam"), ("sophia-form", ""), ("schedule", "linear"),
        ("bias-correct-h", "yes"), ("bias-correct-h", 1), ("curvature-interval", 0),
        ("curvature-share", .number(1.01)), ("seed", .integer(-1)),
        ("auto-rho", "0.5:0.1"), ("auto-rho", 0.5), ("model", 3), ("warmup", .bool(true)),
        ("recipe", "papers"),
      ] as [(String, JSON)])
    func aValueOutOfRangeNamesKeyExpectedAndFound(key: String, value: JSON) throws {
      var configuration = TrainingConfiguration()
      let line = line { try configuration.apply([JSONMember(key, value)], from: "a.json") }
      let field = try #require(TrainingSettings.standard.rows.first { $0.key == key })
      let isNaN = value.doubleValue?.isNaN == true
      let found = isNaN ? "nan" : String(decoding: value.serialized(), as: UTF8.self)
      #expect(line == "a.json: \(key): expected \(field.expected), found \(found)")
      #expect(configuration == TrainingConfiguration())
    }

    /// A number that the optimizer refuses is called by its flag, not by its symbol in a formula.
    @Test(
      arguments: [
        ("gamma", .number(0), "sophia-g"), ("epsilon", .number(0), "sophia-g"),
        ("beta1", .number(1), "adamw"), ("beta2", .number(1), "sophia-g"),
        ("beta2", .number(1), "lion"), ("momentum", .number(1), "muon"), ("lr", .number(0), "muon"),
        ("adamw-lr", .number(1000), "muon"), ("warmup", 13, "adamw"),
        ("sophia-lr", .number(1000), "sophia-muon"), ("gamma", .number(0), "sophia-muon"),
        ("lr", .number(0), "sophia-muon"), ("sophia-form", "v1", "sophia-muon"),
        ("batch-tokens", 100, "adamw"), ("matrix-lr-ratio", 0.5, "muon"),
        ("matrix-lr-ratio", 2, "sophia-muon"),
      ] as [(String, JSON, String)])
    func whatTheOptimizerRefusesNamesTheFlag(key: String, value: JSON, optimizer: String) throws {
      var configuration = TrainingConfiguration()
      try configuration.apply(
        .init(["context": 16, "batch-tokens": 64, "steps": 12, "warmup": 1, "lr": 1e-4]),
        from: "test")
      try configuration.apply(
        [JSONMember("optimizer", .string(optimizer)), JSONMember(key, value)], from: "test")
      let line = line { try configuration.validate() }
      #expect(line.hasPrefix("--\(key) ") && !line.contains("rho"), "\(line)")
    }

    /// defaults ← optimizer ← preset ← the preset's object for the optimizer ← recipe ← the preset's
    /// objects for the recipe ← file ← flags: each layer is laid on all before it.
    @Test func layersAreResolvedInOrder() throws {
      let preset: JSON = [
        "training": [
          "lr": 0.1, "steps": 70, "weight-decay": 0.7, "context": 128,
          "adamw": ["lr": 0.2, "beta2": 0.97], "sophia-g": ["lr": 0.9],
          "paper": ["clip": 0.5, "adamw": ["lr": 0.3]],
        ]
      ]
      func resolve(
        _ recipe: Bool, _ file: [JSONMember]?, _ flags: KeyValuePairs<String, JSON>
      ) throws -> TrainingConfiguration {
        try TrainingConfiguration.resolve(
          preset: preset, presetName: "p",
          file: file.map { ($0, "f.json") },
          flags: .init(flags) + (recipe ? [JSONMember("recipe", "paper")] : []))
      }
      let sophia = try resolve(false, nil, [:])
      #expect(sophia.lr == 0.9 && sophia.beta2 == 0.99 && sophia.steps == 70)
      #expect(sophia.weightDecay == 0.7 && sophia.context == 128)

      let adamW = try resolve(false, nil, ["optimizer": "adamw"])
      #expect(adamW.lr == 0.2 && adamW.beta2 == 0.97 && adamW.beta1 == 0.9)
      #expect(adamW.epsilon == 1e-8 && adamW.weightDecay == 0.7)

      let paper = try resolve(true, nil, ["optimizer": "adamw"])
      #expect(paper.lr == 0.3 && paper.steps == 100_000 && paper.context == 1024)
      #expect(paper.clip == 0.5 && paper.minLRRatio == 0.05 && paper.warmup == 2000)
      #expect(paper.beta2 == 0.95 && paper.weightDecay == 0.1)

      let file = [JSONMember("optimizer", "adamw"), JSONMember("lr", 0.4), JSONMember("steps", 9)]
      let both = try resolve(true, file, ["steps": 8])
      #expect(both.lr == 0.4 && both.steps == 8 && both.optimizer == "adamw" && both.beta1 == 0.9)
      #expect(both.batchTokens == 480 * 1024)
    }

    /// A default context is the model's; what is said is left to be refused.
    @Test func aDefaultContextFitsTheModel() throws {
      func resolve(
        _ positions: Int, _ flags: KeyValuePairs<String, JSON>, file: [JSONMember]? = nil
      ) throws -> TrainingConfiguration {
        try TrainingConfiguration.resolve(
          preset: ["n_positions": .integer(positions)], presetName: "p",
          file: file.map { ($0, "f.json") }, flags: .init(flags))
      }
      let short = try resolve(100, [:])
      #expect(short.context == 100 && short.batchTokens == 4000)
      #expect(try resolve(512, [:]).context == 512)
      let long = try resolve(4000, [:])
      #expect(long.context == 1024 && long.batchTokens == 4096)
      let preset = try TrainingConfiguration.resolve(
        preset: ["n_positions": 512, "training": ["context": 128]], presetName: "p", file: nil,
        flags: [])
      #expect(preset.context == 128 && preset.batchTokens == 4096)
      let paper = try resolve(512, ["recipe": "paper"])
      #expect(paper.context == 512 && paper.batchTokens == 480 * 1024)
      #expect(try resolve(100, ["context": 200]).context == 200)
      #expect(try resolve(100, [:], file: [JSONMember("context", 300)]).context == 300)
      let batch = try resolve(100, ["batch-tokens": 700])
      #expect(batch.context == 100 && batch.batchTokens == 700)
    }

    /// β1 and ε of the authors' code come with its form, whatever names the form.
    @Test(arguments: [false, true], [false, true])
    func theOfficialFormBringsItsNumbers(inFile: Bool, recipe: Bool) throws {
      let form = [JSONMember("sophia-form", "official")]
      let configuration = try TrainingConfiguration.resolve(
        preset: [:], presetName: "p", file: inFile ? (form, "f.json") : nil,
        flags: (inFile ? [] : form) + (recipe ? [JSONMember("recipe", "paper")] : []))
      #expect(configuration.sophiaForm == "official")
      #expect(configuration.beta1 == 0.965 && configuration.epsilon == 1e-15)
      #expect(configuration.sophia.form == .official && configuration.sophia.rho == 0.05)
    }

    /// A preset's form is that of its optimizer alone, and flags win over it.
    @Test func aPresetsFormIsItsOptimizers() throws {
      func form(_ flags: KeyValuePairs<String, JSON>) throws -> String {
        try TrainingConfiguration.resolve(
          preset: ["training": ["sophia-g": ["sophia-form": "nesterov"]]], presetName: "p",
          file: nil, flags: .init(flags)
        ).sophiaForm
      }
      #expect(try form([:]) == "nesterov")
      #expect(try form(["optimizer": "sophia-g", "sophia-form": "v1"]) == "v1")
      for other in ["adamw", "sophia-h", "sophia-muon", "muon"] {
        #expect(try form(["optimizer": .string(other)]) == "paper")
      }
    }

    /// A preset's optimizer is used where none is said, with its own numbers; the paper's recipe is Sophia-G's.
    @Test func aPresetMayLikeAnOptimizer() throws {
      let training: JSON = [
        "optimizer": "sophia-muon", "sophia-muon": ["sophia-lr": 3, "beta1": 0.7],
        "adamw": ["lr": 0.5, "beta1": 0.6], "sophia-g": ["lr": 0.25, "sophia-form": "nesterov"],
      ]
      func resolve(
        _ flags: KeyValuePairs<String, JSON>, file: [JSONMember]? = nil
      ) throws -> TrainingConfiguration {
        try TrainingConfiguration.resolve(
          preset: ["training": training], presetName: "p", file: file.map { ($0, "f.json") },
          flags: .init(flags))
      }
      let liked = try resolve([:])
      #expect(liked.optimizer == "sophia-muon" && liked.sophiaForm == "paper")
      #expect(liked.lr == 0.02 && liked.sophiaLR == 3 && liked.beta1 == 0.7)
      #expect(liked.rates.matrices == 0.02 && liked.rates.embeddings == 3)
      for said in [
        try resolve(["optimizer": "adamw"]),
        try resolve([:], file: [JSONMember("optimizer", "adamw")]),
      ] {
        #expect(said.optimizer == "adamw" && said.lr == 0.5 && said.beta1 == 0.6)
      }
      let own = try resolve(["optimizer": "sophia-g", "matrix-lr-ratio": 0.5])
      #expect(own.lr == 0.25 && own.sophiaForm == "nesterov" && own.sophiaLR == 0.002)
      #expect(own.rates.matrices == 0.125 && own.rates.embeddings == 0.25)
      let paper = try resolve(["recipe": "paper"])
      #expect(paper.optimizer == "sophia-g" && paper.sophiaForm == "paper" && paper.beta1 == 0.96)
      #expect(try resolve(["init-from": "folder"]).optimizer == "sophia-g")
      #expect(try resolve(["init-from": "f", "optimizer": "adamw"]).optimizer == "adamw")
      for key in ["adamw", "paper"] {
        let message = #expect(throws: ConfigurationError.self) {
          try TrainingConfiguration.resolve(
            preset: ["training": .object([JSONMember(key, ["optimizer": "lion"])])],
            presetName: "p", file: nil, flags: [])
        }
        #expect("\(try #require(message))".contains("p: training: \(key): \"optimizer\""))
      }
    }

    /// What Muon leaves to AdamW has a rate of its own, whatever AdamW's for everything is.
    @Test func muonHasARateForTheRest() throws {
      func resolve(
        _ training: JSON, _ flags: KeyValuePairs<String, JSON> = [:]
      ) throws -> TrainingConfiguration {
        try TrainingConfiguration.resolve(
          preset: ["training": training], presetName: "p", file: nil,
          flags: .init(flags) + [JSONMember("optimizer", "muon")])
      }
      let usual = try resolve(["adamw": ["lr": 0.002, "beta2": 0.9]])
      #expect(
        usual.lr == 0.02 && usual.adamWLR == 1.0 / 128
          && MuonRecipe().hyperparameters(usual).restRate == 50.0 / 128)
      let wide = try TrainingConfiguration.resolve(
        preset: ["n_embd": 1024], presetName: "p", file: nil, flags: .init(["optimizer": "muon"]))
      #expect(wide.adamWLR == 1.0 / 1024)
      #expect(usual.beta2 == 0.95 && usual.momentum == 0.95 && usual.weightDecay == 0.01)
      #expect(MuonRecipe().rest(usual) == .adamW(usual.adamW) && usual.adamW.epsilon == 1e-10)
      let own = try resolve(["adamw": ["lr": 0.002], "muon": ["lr": 0.01, "adamw-lr": 0.004]])
      #expect(own.lr == 0.01 && own.adamWLR == 0.004)
      let said = try resolve(["adamw": ["lr": 0.002]], ["lr": 0.04, "adamw-lr": 0.001])
      #expect(said.lr == 0.04 && said.adamWLR == 0.001)
    }

    /// What it leaves to Sophia has the rate and the other numbers that small batches want, unless the
    /// preset has some under its own name.
    @Test func sophiaMuonHasNumbersForTheRest() throws {
      func resolve(
        _ training: JSON, _ flags: KeyValuePairs<String, JSON> = [:]
      ) throws -> TrainingConfiguration {
        try TrainingConfiguration.resolve(
          preset: ["training": training], presetName: "p", file: nil,
          flags: .init(flags) + [JSONMember("optimizer", "sophia-muon")])
      }
      let preset: JSON = [
        "adamw": ["lr": 0.5], "sophia-g": ["lr": 0.001, "weight-decay": 0.7, "beta1": 0.6],
      ]
      let usual = try resolve(preset)
      #expect(
        usual.lr == 0.02 && usual.sophiaLR == 1.0 / 128
          && SophiaMuonRecipe().hyperparameters(usual).restRate == 50.0 / 128)
      #expect(
        SophiaMuonRecipe().rest(usual) == .sophia(usual.sophia) && usual.sophia.form == .paper)
      #expect(usual.beta1 == 0.8 && usual.beta2 == 0.99 && usual.gamma == 0.05)
      #expect(usual.epsilon == 1e-5 && usual.curvatureInterval == 10)
      #expect(usual.momentum == 0.9 && usual.weightDecay == 0.01)
      let own = try resolve(["sophia-g": ["lr": 1], "sophia-muon": ["sophia-lr": 3, "beta1": 0.7]])
      #expect(own.sophiaLR == 3 && own.beta1 == 0.7)
      let said = try resolve(preset, ["sophia-lr": 0.004, "gamma": 0.2, "beta1": 0.5])
      #expect(said.sophiaLR == 0.004 && said.gamma == 0.2 && said.beta1 == 0.5)
      #expect(said.described == "sophia-muon (form paper)")
    }

    /// Version 1 clips to ±ρ, so what is a default for ±1 is converted; what is said is taken as said.
    @Test func versionOneHasDefaultsInItsUnits() throws {
      let preset: JSON = ["training": ["sophia-g": ["lr": 0.002]]]
      func resolve(_ flags: KeyValuePairs<String, JSON>) throws -> TrainingConfiguration {
        try TrainingConfiguration.resolve(
          preset: preset, presetName: "p", file: nil,
          flags: .init(flags) + [JSONMember("sophia-form", "v1")])
      }
      let usual = try resolve([:])
      #expect(usual.gamma == 20.0 / 1024 && usual.sophia.form == .v1)
      #expect(usual.lr == 0.002 * 1024 / 20 && usual.weightDecay == 0.2 * 20 / 1024)
      let gamma = try resolve(["gamma": 0.5])
      #expect(gamma.lr == 0.004 && gamma.weightDecay == 0.1)
      let said = try resolve(["lr": 0.03, "weight-decay": 0.01])
      #expect(said.lr == 0.03 && said.weightDecay == 0.01)
      #expect(usual.epsilon == Sophia.Hyperparameters.v1.epsilon)
      let floored: JSON = ["training": ["sophia-g": ["gamma": 0.25, "epsilon": 0.5]]]
      let floor = try TrainingConfiguration.resolve(
        preset: floored, presetName: "p", file: nil, flags: [JSONMember("sophia-form", "v1")])
      #expect(floor.epsilon == 2)
      let adamW = try resolve(["optimizer": "adamw"])
      #expect(adamW.lr == 1e-3 && adamW.weightDecay == 0.1)
    }

    /// What `configuration.json` and a checkpoint say is taken as said: nothing is converted twice.
    @Test func aResolvedConfigurationResolvesToItself() throws {
      for form in ["paper", "v1", "official"] {
        let once = try TrainingConfiguration.resolve(
          preset: [:], presetName: "p", file: nil,
          flags: [JSONMember("sophia-form", .string(form)), JSONMember("bias-correct-h", true)])
        let twice = try TrainingConfiguration.resolve(
          preset: [:], presetName: "p", file: (try #require(once.json.objectValue), "f.json"),
          flags: [])
        #expect(once == twice)
        #expect(once.described == "sophia-g (form \(form), h corrected for bias)")
      }
    }

    @Test func warmupFollowsShortRunsUnlessGiven() throws {
      let preset: JSON = ["training": ["steps": 1000, "warmup": 100]]
      func warmup(_ flags: [JSONMember]) throws -> Int {
        try TrainingConfiguration.resolve(
          preset: preset, presetName: "p", file: nil, flags: flags
        ).warmup
      }
      #expect(try warmup([]) == 100)
      #expect(try warmup([JSONMember("steps", 50)]) == 10)
      #expect(try warmup([JSONMember("steps", 50), JSONMember("warmup", 40)]) == 40)
    }

    @Test(
      arguments: [
        (["training": ["lr": "high"]], "m.json: training: lr: expected"),
        (
          ["training": ["stepz": 1]],
          "m.json: training: unknown key \"stepz\"; did you mean \"steps\"?"
        ),
        (["training": [1, 2]], "m.json: training: expected an object, found an array"),
        (
          ["training": ["sofia-g": ["lr": 1]]],
          "m.json: training: unknown key \"sofia-g\"; did you mean \"sophia-g\"?"
        ),
        (["training": ["adamw": ["lrr": 1]]], "m.json: training: adamw: unknown key \"lrr\""),
        (["training": ["paper": 3]], "m.json: training: paper: expected an object, found"),
        (
          ["training": ["paper": ["adamw": ["lrr": 1]]]],
          "m.json: training: paper: adamw: unknown key"
        ),
      ] as [(JSON, String)])
    func aPresetIsReadStrictly(preset: JSON, expected: String) {
      for optimizer in ["sophia-g", "adamw"] {
        let line = line {
          _ = try TrainingConfiguration.resolve(
            preset: preset, presetName: "m.json", file: nil,
            flags: [JSONMember("optimizer", .string(optimizer))])
        }
        #expect(line.hasPrefix(expected), "\(line)")
      }
    }

    @Test func curvatureTakesItsShareRoundedUp() throws {
      var configuration = TrainingConfiguration()
      (configuration.context, configuration.batchTokens) = (16, 5 * 16)
      for (share, count) in [(0.0, 1), (0.2, 1), (0.21, 2), (0.5, 3), (1.0, 5)] {
        configuration.curvatureShare = share
        #expect(configuration.curvatureSequences == count)
      }
    }

    /// 32 of the paper's 480 sequences, γ of its Sophia-H.
    @Test func sophiaHHasNumbersOfItsOwn() throws {
      func resolved(_ flags: [JSONMember]) throws -> TrainingConfiguration {
        try TrainingConfiguration.resolve(
          preset: .object([]), presetName: "m", file: nil,
          flags: [JSONMember("optimizer", "sophia-h")] + flags)
      }
      let plain = try resolved([])
      #expect(plain.gamma == 0.01 && plain.probe == "gaussian" && plain.curvatureGroups == 1)
      #expect(plain.sequences == 16 && plain.curvatureSequences == 2)
      let paper = try resolved([JSONMember("recipe", "paper")])
      #expect(paper.sequences == 480 && paper.curvatureSequences == 32)
      let official = try resolved([JSONMember("sophia-form", "official")])
      #expect(line { try official.validate() }.hasPrefix("--sophia-form official: the authors'"))
    }

    @Test func moreGroupsThanSequencesOfARefreshAreRefused() throws {
      var configuration = TrainingConfiguration()
      (configuration.context, configuration.batchTokens) = (16, 5 * 16)
      configuration.curvatureGroups = 3
      try configuration.validate()
      configuration.curvatureGroups = 4
      let line = line { try configuration.validate() }
      #expect(line.hasPrefix("--curvature-groups 4 is more than the 3 sequences"), "\(line)")
      #expect(line.contains("--curvature-share 0.5"), "\(line)")
      // Others have no refresh.
      configuration.optimizer = "adamw"
      try configuration.validate()
    }

    /// `matrix-lr-ratio` is of the layers' linear weights, `vector-lr-ratio` of biases and LayerNorm, and
    /// neither of anything else: a first step of ±η shows each coordinate's η.
    @Test(arguments: ["sophia-g", "adamw", "lion", "muon", "sophia-muon"])
    func matricesAndVectorsHaveTheirRates(optimizer: String) throws {
      var configuration = TrainingConfiguration()
      (configuration.optimizer, configuration.vectorLRRatio) = (optimizer, 2)
      let isMuon = optimizer.hasSuffix("muon")
      // What Muon leaves to others has the rate of its matrices here.
      if isMuon {
        (configuration.adamWLR, configuration.sophiaLR) = (configuration.lr, configuration.lr)
      } else {
        configuration.matrixLRRatio = 0.25
      }
      let table = ParameterTable(
        GPT2Config(
          vocabularySize: 5, contextLength: 6, width: 4, layers: 2, heads: 2,
          scaleByInverseLayer: false))
      let team = ThreadTeam(count: 1)
      let (theta, g) = (try Arena(count: table.count), try Arena(count: table.count))
      for i in 0..<table.count { g.base[i] = 1 }
      let made = try configuration.optimizerRecipe.make(configuration, for: table, on: team)
      _ = made.step(
        theta.view(), gradient: g.view(), step: 0, learningRate: 0.5, gradientScale: 1,
        curvature: nil, on: team)
      let matrices = ["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"].map { "\($0).weight" }
      for entry in table.entries {
        let isMatrix = matrices.contains(where: entry.name.hasSuffix)
        if isMatrix && isMuon { continue }
        let isEmbedding = ["wte.weight", "wpe.weight"].contains(where: entry.name.hasSuffix)
        let rate: Float = isMatrix ? 0.125 : isEmbedding ? 0.5 : 1
        for i in entry.offset..<entry.offset + entry.count {
          #expect(abs(theta.base[i] + rate) < 1e-6, "\(entry.name)")
        }
      }
    }

    @Test func nearestIsByEditDistance() {
      #expect(nearest("kitten", ["mitten", "sitting"]) == "mitten")
      #expect(nearest("gpt2-meduim", ["gpt2", "gpt2-medium", "gpt2-large"]) == "gpt2-medium")
      #expect(nearest(String(repeating: "x", count: 1 << 20), ["a", "b"]) == "a")
    }
  }
}

extension TrainingConfiguration {
  /// Peak learning rates by kind of parameter.
  var rates: LearningRates { optimizerRecipe.rates(self) }
  /// The optimizer for the user.
  var described: String { optimizerRecipe.description(self) }
}
