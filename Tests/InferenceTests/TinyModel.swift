import Kernels
import Machine

@testable import Transformer

/// A small model with random weights of odd sizes, and its training forward as the reference.
struct TinyModel {
  let config: GPT2Config
  let parameters: Arena

  init(
    V: Int = 101, T: Int = 140, C: Int = 60, L: Int = 2, H: Int = 3, F: Int? = nil,
    tiesHead: Bool = true, inverse: Bool = false, seed: UInt64 = 1
  ) throws {
    config = GPT2Config(
      vocabularySize: V, contextLength: T, width: C, layers: L, heads: H, innerWidth: F,
      tiesHead: tiesHead, scaleByInverseLayer: inverse)
    let table = ParameterTable(config)
    parameters = try Arena(count: table.count)
    let random = Philox(seed: seed)
    for (e, entry) in table.entries.enumerated() {
      // Wide enough that attention and logits are far from uniform.
      let scale: Float = entry.name.hasSuffix("bias") ? 0.3 : 0.5
      let center: Float = entry.initialization == .ones ? 1 : 0
      for i in 0..<entry.count {
        let u = Float(random.uniform(stream: UInt32(e), UInt64(i))) - 0.5
        parameters.base[entry.offset + i] = center + scale * u
      }
    }
  }

  func decoderModel(
    _ precision: WeightPrecision = .f32, threads: Int = 1
  ) throws -> DecoderModel {
    try DecoderModel(config, parameters: parameters, precision, on: ThreadTeam(count: threads))
  }

  func decoder(
    _ precision: WeightPrecision = .f32, threads: Int = 1, blockRows: Int = 512
  ) throws -> Decoder {
    try Decoder(
      decoderModel(precision, threads: threads), blockRows: blockRows,
      on: ThreadTeam(count: threads))
  }

  /// `count` ids that are a function of the seed.
  func tokens(_ count: Int, seed: UInt64 = 9) -> [UInt32] {
    let random = Philox(seed: seed)
    return (0..<count).map {
      UInt32(random.uniform(stream: 0, UInt64($0)) * Double(config.vocabularySize))
    }
  }

  /// The training pass's logits of every position.
  func trainingLogits(_ tokens: [UInt32], threads: Int = 1) throws -> [[Float]] {
    let (T, C) = (tokens.count, config.width)
    let parameters = ParameterViews(ParameterTable(config), self.parameters)
    let forward = Forward(
      config: config, parameters: parameters,
      activations: try Activations(config, B: 1, T: T),
      workspace: try Workspace(config, T: T, on: ThreadTeam(count: threads)))
    let head = Head(
      config: config, weight: parameters.head, activations: forward.activations,
      workspace: forward.workspace)
    forward.run(tokens.map { UInt16($0) }, B: 1, T: T)
    var rows: [[Float]] = []
    let a = forward.activations
    for first in stride(from: 0, to: T, by: a.headRows) {
      let count = min(a.headRows, T - first)
      head.logits(a.lnf + first * C, count)
      for r in 0..<count {
        rows.append(
          Array(UnsafeBufferPointer(start: a.logits + r * a.Vp, count: config.vocabularySize)))
      }
    }
    return rows
  }
}

extension Decoder.Logits {
  /// All rows, copied.
  var copy: [[Float]] { (0..<rows).map { Array(self[$0]) } }
}
