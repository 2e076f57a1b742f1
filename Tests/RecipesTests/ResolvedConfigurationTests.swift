import Files
import Foundation
import Machine
import Presets
import Testing
import Transformer

@testable import Recipes

/// What models, files and flags come to stays as it is: the checksums were made before settings had a
/// table and optimizers a type each.
@Suite struct ResolvedConfigurationTests {
  private let parameters = ParameterTable(
    GPT2Config(
      vocabularySize: 257, contextLength: 32, width: 64, layers: 2, heads: 2,
      scaleByInverseLayer: false))

  @Test func thirtyThousandCombinationsStayAsTheyAre() throws {
    let url = try #require(
      Bundle.module.url(forResource: "Fixtures/resolved", withExtension: "txt"))
    let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
    var expected: [Substring: Substring] = [:]
    for line in lines where !line.hasPrefix("#") {
      let at = try #require(line.lastIndex(of: "|"))
      expected[line[..<at]] = line[line.index(after: at)...]
    }
    var seen = 0
    for model in try ResolvedGrid.models() {
      for optimizer in ResolvedGrid.optimizers {
        for recipe in ResolvedGrid.recipes {
          let cases = ResolvedGrid.cases(model, optimizer: optimizer, recipe: recipe)
          let text = cases.map { self.text($0) + "\n" }.joined()
          let name = "\(model.name)|\(optimizer)|\(recipe)"
          let checksum = hexadecimal(FNV1a(Array(text.utf8)).value)
          #expect(
            expected[Substring(name)].map { $0 == checksum } == true, "\(name) is \(checksum)")
          seen += 1
        }
      }
    }
    #expect(seen == expected.count)
  }

  /// The configuration, whether it is valid, what is said of it and what it takes.
  private func text(_ grid: ResolvedGrid.Case) -> String {
    do {
      let resolved = try TrainingConfiguration.resolve(
        preset: grid.preset.json, presetName: grid.preset.name,
        file: grid.file.map { ($0, "f.json") }, flags: grid.flags)
      let recipe = resolved.optimizerRecipe
      var lines = [String(decoding: resolved.json.serialized(), as: UTF8.self)]
      do {
        try resolved.validate()
        lines.append("valid")
      } catch { lines.append("\(error)") }
      lines.append(recipe.description(resolved))
      lines.append(resolved.learningRateDescription { "\($0)" })
      lines += TrainingSettings.standard.keys.compactMap { key in
        resolved.idleReason(of: key).map { "\(key): \($0)" }
      }
      let bytes = [
        recipe.stateBytes(of: parameters), resolved.lastGoodBytes(of: parameters),
        resolved.curvatureMeanBytes(of: parameters),
        recipe.workspaceBytes(of: parameters, threads: 3),
      ]
      return (lines + [bytes.map(String.init).joined(separator: " ")]).joined(separator: "\n")
    } catch { return "\(error)" }
  }

  /// Two in full, so that a difference can be read.
  @Test func twoInFull() throws {
    func json(_ name: String, _ flags: [JSONMember]) throws -> String {
      let bytes = try #require(Presets.all.first { $0.name == name }?.json)
      let resolved = try TrainingConfiguration.resolve(
        preset: JSON(parsing: bytes, name: name), presetName: name, file: nil, flags: flags)
      return String(decoding: resolved.json.serialized(), as: UTF8.self)
    }
    #expect(try json("nano", []) == Self.nano)
    #expect(
      try json("gpt2", [JSONMember("recipe", "paper"), JSONMember("sophia-form", "v1")])
        == Self.paper)
  }

  private static let nano = """
    {"model":"nano","data":"","tokenizer":"","init-from":"",\
    "recipe":"none","stories":0,"vocabulary":2560,"context":256,\
    "batch-tokens":2048,"steps":3600,"optimizer":"sophia-g",\
    "sophia-form":"nesterov","lr":0.004,"adamw-lr":0.0003,"sophia-lr":0.002,\
    "matrix-lr-ratio":0.125,"vector-lr-ratio":1.0,"warmup":60,\
    "schedule":"constant","min-lr-ratio":0.01,"weight-decay":0.2,"clip":1.0,\
    "momentum":0.95,"beta1":0.9,"beta2":0.99,"gamma":0.2,"auto-rho":"",\
    "bias-correct-h":false,"epsilon":1e-05,"curvature-interval":10,\
    "curvature-share":0.5,"curvature-groups":1,"probe":"gaussian",\
    "spike-guard":0.0,"seed":0}
    """
  private static let paper = """
    {"model":"gpt2","data":"","tokenizer":"","init-from":"",\
    "recipe":"paper","stories":0,"vocabulary":2048,"context":1024,\
    "batch-tokens":491520,"steps":100000,"optimizer":"sophia-g",\
    "sophia-form":"v1","lr":0.030719999999999997,"adamw-lr":0.0003,\
    "sophia-lr":0.002,"matrix-lr-ratio":1.0,"vector-lr-ratio":1.0,"warmup":2000,\
    "schedule":"cosine","min-lr-ratio":0.05,"weight-decay":0.00390625,\
    "clip":1.0,"momentum":0.95,"beta1":0.96,"beta2":0.99,"gamma":0.01953125,\
    "auto-rho":"","bias-correct-h":false,"epsilon":1e-12,\
    "curvature-interval":10,"curvature-share":0.5,"curvature-groups":1,\
    "probe":"gaussian","spike-guard":0.0,"seed":0}
    """
}
