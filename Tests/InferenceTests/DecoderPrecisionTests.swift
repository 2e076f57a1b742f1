import Kernels
import Machine
import Testing

@testable import Transformer

/// Weights of every precision: the same bits in any company, and losses near those of f32.
@Suite struct DecoderPrecisionTests {
  @Test(
    arguments: WeightPrecision.allCases.map { ($0, KVPrecision.f32) } + [(.f32, .bf16)], [1, 2, 3])
  func companyAndSplitsChangeNoBits(
    precision: (weights: WeightPrecision, kv: KVPrecision), threads: Int
  ) throws {
    let (precision, kv) = precision
    let model = try TinyModel()
    let alone = try model.decoder(precision)
    let texts = [1, 3, 64, 65, 17, 2, 90, 5, 130].enumerated().map {
      model.tokens($1 + 4, seed: UInt64($0))
    }
    // Token by token.
    let expected = try texts.map { text in
      let cache = KVCache(try KVPool(model.config, kv, pages: 3))
      return try text.map { try alone.forward([$0], cache).copy[0] }
    }
    #expect(expected.allSatisfy { $0.allSatisfy { $0.allSatisfy(\.isFinite) } })
    for blockRows in [7, 512] {
      let decoder = try model.decoder(precision, threads: threads, blockRows: blockRows)
      let pool = try KVPool(model.config, kv, pages: 30)
      let caches = texts.map { _ in KVCache(pool) }
      let first = try decoder.forward(
        zip(caches, texts).map { Decoder.Input($0, Array($1.dropLast(4))) }, logits: .all
      ).copy
      #expect(first == expected.flatMap { $0.dropLast(4) }, "blocks of \(blockRows)")
      for step in 0..<4 {
        let rows = try decoder.forward(
          zip(caches, texts).map { Decoder.Input($0, [$1[$1.count - 4 + step]]) }
        ).copy
        #expect(rows == expected.map { $0[$0.count - 4 + step] }, "step \(step)")
      }
    }
  }

  /// The smaller the precision, the further from f32, within bounds.
  @Test func logitsMoveALittle() throws {
    let model = try TinyModel(C: 126)
    let tokens = model.tokens(100)
    let exact = try model.trainingLogits(tokens).flatMap { $0 }
    var errors: [Double] = []
    for precision in WeightPrecision.allCases {
      let rows = try model.decoder(precision).forward(
        tokens, KVCache(model.config), logits: .all
      ).copy.flatMap { $0 }
      let square = zip(rows, exact).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
      errors.append((square / exact.reduce(0.0) { $0 + Double($1 * $1) }).squareRoot())
    }
    let pool = try KVPool(model.config, .bf16, pages: 3)
    #expect(2 * KVPool.bytes(model.config, .bf16, pages: 3) == KVPool.bytes(model.config, pages: 3))
    let rows = try model.decoder().forward(tokens, KVCache(pool), logits: .all).copy.flatMap { $0 }
    let square = zip(rows, exact).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
    let halves = (square / exact.reduce(0.0) { $0 + Double($1 * $1) }).squareRoot()
    #expect(halves > 0 && halves < 0.01, "keys and values in bf16 \(halves)")
    #expect(errors[0] == 0)
    #expect(errors[1] > 0 && errors[1] < 0.01, "bf16 \(errors[1])")
    #expect(errors[2] > errors[1] && errors[2] < 0.03, "int8 \(errors[2])")
    #expect(errors[3] > errors[2] && errors[3] < 0.3, "int4 \(errors[3])")
  }

  /// With f32 they are the training forward's, bit for bit; with fewer bits they are others.
  @Test func lossesAreThoseOfTheTrainingForward() throws {
    let model = try TinyModel()
    let (T, team) = (70, ThreadTeam(count: 2))
    let ids = model.tokens(T + 1).map { UInt16($0) }
    let (inputs, targets) = (Array(ids.dropLast()), Array(ids.dropFirst()))
    let training = try StepGradient(
      model.config, table: ParameterTable(model.config), parameters: model.parameters,
      gradients: Arena(count: model.parameters.count), curvature: nil, microBatch: 1, T: T, on: team
    )
    let expected = Array(training.tokenLosses(tokens: inputs, targets: targets, count: 1))
    for precision in WeightPrecision.allCases {
      let losses = try DecoderLosses(model.decoderModel(precision), T: T, on: team)
      // Twice: the cache begins anew.
      for _ in 0..<2 {
        let found = Array(losses.tokenLosses(tokens: inputs, targets: targets, count: 1))
        #expect((found == expected) == (precision == .f32))
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1.5 })
      }
    }
  }
}
