import Checkpoints
import Files
import Machine
import Testing

@testable import Transformer

@Suite struct ParameterTableTests {
  /// Parameter counts of Radford et al. 2019's models as Hugging Face has them.
  @Test(arguments: [
    (768, 12, 12, 124_439_808), (1024, 24, 16, 354_823_168), (1280, 36, 20, 774_030_080),
    (1600, 48, 25, 1_557_611_200),
  ])
  func countsOfGPT2(width: Int, layers: Int, heads: Int, count: Int) {
    let config = GPT2Config(
      vocabularySize: 50257, contextLength: 1024, width: width, layers: layers, heads: heads)
    #expect(ParameterTable(config).count == count)
  }

  @Test func tensorsFollowEachOtherWithoutGaps() {
    let table = ParameterTable(
      GPT2Config(vocabularySize: 11, contextLength: 7, width: 6, layers: 3, heads: 2))
    var next = 0
    for entry in table.entries {
      #expect(entry.offset == next && entry.count == entry.shape.reduce(1, *))
      #expect(entry.decayed == (entry.shape.count == 2 && entry.name.contains(".h.")))
      let isSplit = entry.name.hasSuffix("c_attn.weight")
      #expect(entry.matrices == (entry.decayed ? (isSplit ? 3 : 1) : 0))
      next += entry.count
    }
    #expect(next == table.count)
    #expect(Set(table.entries.map(\.name)).count == table.entries.count)
  }

  /// Each view is where the table has the tensor of its name, with its shape.
  @Test(arguments: [true, false]) func viewsAreTheEntries(tiesHead: Bool) throws {
    let table = ParameterTable(
      GPT2Config(
        vocabularySize: 11, contextLength: 7, width: 6, layers: 3, heads: 2, innerWidth: 5,
        tiesHead: tiesHead))
    let arena = try Arena(count: table.count)
    let views = ParameterViews(table, arena)
    func expect(_ view: UnsafeMutablePointer<Float>, _ name: String, _ shape: [Int]) {
      let entry = table.entries.first { $0.name == name }
      #expect(entry?.shape == shape && entry.map { arena.base + $0.offset } == view, "\(name)")
    }
    func expect(_ view: WeightView, _ name: String, _ shape: [Int]) {
      expect(view.base, name, shape)
      #expect([view.rows, view.columns] == shape, "\(name)")
    }
    expect(views.wte, "transformer.wte.weight", [11, 6])
    expect(views.wpe, "transformer.wpe.weight", [7, 6])
    for (l, layer) in views.layers.enumerated() {
      let h = "transformer.h.\(l)"
      expect(layer.ln1Weight, "\(h).ln_1.weight", [6])
      expect(layer.ln1Bias, "\(h).ln_1.bias", [6])
      expect(layer.attnWeight, "\(h).attn.c_attn.weight", [6, 18])
      expect(layer.attnBias, "\(h).attn.c_attn.bias", [18])
      expect(layer.attnProjWeight, "\(h).attn.c_proj.weight", [6, 6])
      expect(layer.attnProjBias, "\(h).attn.c_proj.bias", [6])
      expect(layer.ln2Weight, "\(h).ln_2.weight", [6])
      expect(layer.ln2Bias, "\(h).ln_2.bias", [6])
      expect(layer.fcWeight, "\(h).mlp.c_fc.weight", [6, 5])
      expect(layer.fcBias, "\(h).mlp.c_fc.bias", [5])
      expect(layer.fcProjWeight, "\(h).mlp.c_proj.weight", [5, 6])
      expect(layer.fcProjBias, "\(h).mlp.c_proj.bias", [6])
    }
    expect(views.lnfWeight, "transformer.ln_f.weight", [6])
    expect(views.lnfBias, "transformer.ln_f.bias", [6])
    expect(views.head, tiesHead ? "transformer.wte.weight" : "lm_head.weight", [11, 6])
    #expect(table.entries.count == 2 + 3 * 12 + 2 + (tiesHead ? 0 : 1))
  }

  @Test func anArenaOfAnotherModelTraps() async {
    await #expect(processExitsWith: .failure) {
      let config = GPT2Config(
        vocabularySize: 11, contextLength: 7, width: 6, layers: 3, heads: 2)
      let table = ParameterTable(config)
      _ = ParameterViews(table, try Arena(count: table.count + 1))
    }
  }

  @Test func initialWeightsHaveTheirDeviation() throws {
    let config = GPT2Config(
      vocabularySize: 512, contextLength: 64, width: 64, layers: 2, heads: 2)
    let table = ParameterTable(config)
    let (a, b) = (try Arena(count: table.count), try Arena(count: table.count))
    table.initialize(a, seed: 1, on: ThreadTeam(count: 1))
    table.initialize(b, seed: 1, on: ThreadTeam(count: 3))
    #expect(a.view().buffer.elementsEqual(b.view().buffer))
    table.initialize(b, seed: 2, on: ThreadTeam(count: 1))
    #expect(!a.view().buffer.elementsEqual(b.view().buffer))
    for entry in table.entries {
      let values = a.view(entry.offset, count: entry.count).buffer
      switch entry.initialization {
      case .zeros: #expect(values.allSatisfy { $0 == 0 })
      case .ones: #expect(values.allSatisfy { $0 == 1 })
      case .normal(let deviation):
        let square = values.reduce(0) { $0 + Double($1) * Double($1) } / Double(values.count)
        #expect(abs(square.squareRoot() / Double(deviation) - 1) < 0.05, "\(entry.name)")
      }
    }
  }

  /// The same weights on every machine.
  @Test func goldenInitialWeights() throws {
    let table = ParameterTable(
      GPT2Config(vocabularySize: 131, contextLength: 70, width: 48, layers: 2, heads: 3))
    let arena = try Arena(count: table.count)
    table.initialize(arena, seed: 1234, on: ThreadTeam(count: 2))
    var checksum = Checksum()
    for value in arena.view().buffer { checksum.add(value) }
    #expect(checksum.value == 17_933_626_311_865_300_424, "\(checksum.value)")
  }

  @Test func configurationRoundTrips() throws {
    let config = GPT2Config(
      vocabularySize: 83, contextLength: 70, width: 15, layers: 3, heads: 3,
      scaleByInverseLayer: true)
    let json = config.huggingFaceConfig(endOfText: 82)
    #expect(try GPT2Config(huggingFace: json, file: "config.json") == config)
  }

  @Test(arguments: [
    ("model_type", JSON.string("llama"), "gpt2"), ("n_embd", .integer(0), "n_embd"),
    ("n_head", .integer(4), "divisor"), ("n_layer", .string("3"), "n_layer"),
    ("activation_function", .string("silu"), "gelu_new"), ("n_inner", .integer(0), "n_inner"),
    ("n_positions", .integer(1 << 40), "n_positions"),
    ("layer_norm_epsilon", .number(-1), "epsilon"),
    ("tie_word_embeddings", .integer(0), "tie_word"), ("vocab_size", .null, "vocab_size"),
  ])
  func refusesOtherModels(key: String, value: JSON, word: String) throws {
    let config = GPT2Config(vocabularySize: 83, contextLength: 70, width: 15, layers: 3, heads: 3)
    var members = try #require(config.huggingFaceConfig(endOfText: nil).objectValue)
    let at = try #require(members.firstIndex { $0.key == key })
    members[at].value = value
    do {
      _ = try GPT2Config(huggingFace: .object(members), file: "some/config.json")
      Issue.record("\(key) was accepted")
    } catch {
      #expect(error.description.contains(word) && error.description.contains("some/config.json"))
    }
  }
}
