import Checkpoints
import Files
import Foundation
import Machine
import Testing

@testable import Transformer

/// Loss, logits and every parameter's gradient against torch in float64, on a tiny model with an odd
/// head count, T and V that are no multiples of anything (Fixtures/README.md).
@Suite struct TorchGradientTests {
  /// What torch computed.
  struct Fixture {
    let config: GPT2Config
    let weights: Arena
    let table: ParameterTable
    let expected: SafetensorsFile
    let loss: Double
    let tokens, targets: [UInt16]
    let B: Int
    let T: Int

    init(inverseLayer: Bool) throws {
      let folder = try #require(Bundle.module.resourceURL).path + "/Fixtures"
      let file = try ModelFile(CheckpointDirectory(path: folder + "/gpt2"))
      var config = file.config
      config.scaleByInverseLayer = inverseLayer
      self.config = config
      table = file.table
      weights = try Arena(count: table.count)
      try file.read(into: weights)
      let name = inverseLayer ? "inverse_layer" : "plain"
      expected = try SafetensorsFile(path: "\(folder)/gpt2_\(name).safetensors")
      let path = folder + "/gpt2_expected.json"
      let json = try JSON(parsing: LocalFileSystem().readBytes(path, limit: 1 << 20), name: path)
      loss = try #require(json["loss_\(name)"]?.doubleValue)
      func matrix(_ key: String) throws -> [[Int]] {
        try #require(json[key]?.arrayValue?.map { $0.arrayValue?.compactMap(\.intValue) ?? [] })
      }
      let rows = try matrix("tokens")
      (B, T) = (rows.count, rows[0].count)
      tokens = rows.flatMap { $0 }.map { UInt16($0) }
      targets = try matrix("targets").flatMap { $0 }.map { UInt16($0) }
    }

    func floats(_ name: String) throws -> [Float] {
      let entry = try #require(expected[name])
      var values = [Float](repeating: 0, count: entry.count)
      try values.withUnsafeMutableBufferPointer { try expected.read(entry, into: $0) }
      return values
    }
  }

  @Test(arguments: [false, true])
  func lossAndEveryGradient(inverseLayer: Bool) throws {
    let f = try Fixture(inverseLayer: inverseLayer)
    let gradients = try Arena(count: f.table.count)
    let pass = try StepGradient(
      f.config, table: f.table, parameters: f.weights, gradients: gradients, curvature: nil,
      microBatch: f.B, T: f.T, on: ThreadTeam(count: 2))
    pass.begin(.init(step: 0, sequences: f.B, curvatureSequences: 0, seed: 0))
    pass.add(tokens: f.tokens, targets: f.targets, count: f.B)
    let loss = pass.finish()
    #expect(abs(loss - f.loss) < 1e-5 * f.loss, "loss \(loss), torch \(f.loss)")
    for entry in f.table.entries {
      let torch = try f.floats(entry.name)
      var (difference, norm, ours) = (0.0, 0.0, 0.0)
      for i in 0..<entry.count {
        let mine = Double(gradients.base[entry.offset + i])
        difference += (mine - Double(torch[i])) * (mine - Double(torch[i]))
        norm += Double(torch[i]) * Double(torch[i])
        ours += mine * mine
      }
      #expect(norm > 0 && ours > 0, "\(entry.name) has no gradient")
      #expect(
        difference.squareRoot() <= 1e-4 * norm.squareRoot(),
        "\(entry.name): off by \((difference / norm).squareRoot()) of its norm")
    }
  }

  @Test(arguments: [false, true])
  func logits(inverseLayer: Bool) throws {
    let f = try Fixture(inverseLayer: inverseLayer)
    let team = ThreadTeam(count: 2)
    let decoder = try Decoder(DecoderModel(f.config, parameters: f.weights, on: team), on: team)
    let (V, torch) = (f.config.vocabularySize, try f.floats("logits"))
    for b in 0..<f.B {
      let row = f.tokens[(b * f.T)..<((b + 1) * f.T)].map { UInt32($0) }
      let logits = try decoder.forward(row, KVCache(f.config), logits: .all)
      var worst: Float = 0
      for t in 0..<f.T {
        for v in 0..<V {
          let off = abs(logits[t][v] - torch[(b * f.T + t) * V + v])
          worst = max(worst, off.isNaN ? .infinity : off)
        }
      }
      #expect(worst < 1e-4, "sequence \(b): off by \(worst)")
    }
  }
}
