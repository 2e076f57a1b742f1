import Kernels
import Machine
import Testing

@testable import Transformer

/// Prefill and decode against the training forward, bit for bit.
@Suite struct DecoderTests {
  /// Sizes: none is a multiple of a register tile; heads of 20, 7, 16 and 64 channels.
  static let models: [(V: Int, C: Int, L: Int, H: Int, inverse: Bool)] = [
    (101, 60, 2, 3, false), (33, 21, 3, 3, true), (257, 16, 1, 1, false), (70, 128, 2, 2, true),
  ]

  @Test(arguments: models, [1, 2, 3])
  func prefillEqualsTraining(
    size: (V: Int, C: Int, L: Int, H: Int, inverse: Bool), threads: Int
  ) throws {
    let model = try TinyModel(
      V: size.V, C: size.C, L: size.L, H: size.H, inverse: size.inverse)
    for T in [1, 2, 47, 63, 64, 65, 130] {
      let tokens = model.tokens(T)
      let expected = try model.trainingLogits(tokens, threads: 4 - threads)
      let decoder = try model.decoder(threads: threads)
      let all = try decoder.forward(tokens, KVCache(model.config), logits: .all).copy
      #expect(all == expected, "T \(T)")
      let last = try decoder.forward(tokens, KVCache(model.config)).copy
      #expect(last == [expected[T - 1]], "T \(T), last row")
    }
  }

  @Test(arguments: models, [1, 2, 3])
  func tokenByTokenEqualsTraining(
    size: (V: Int, C: Int, L: Int, H: Int, inverse: Bool), threads: Int
  ) throws {
    let model = try TinyModel(
      V: size.V, C: size.C, L: size.L, H: size.H, inverse: size.inverse)
    let tokens = model.tokens(130)
    let expected = try model.trainingLogits(tokens)
    let decoder = try model.decoder(threads: threads)
    let cache = try KVCache(model.config)
    for (t, token) in tokens.enumerated() {
      let row = try decoder.forward([token], cache).copy
      #expect(row == [expected[t]], "position \(t)")
    }
    #expect(cache.length == 130)
  }

  /// An inner width and a head that are not GPT-2's, narrower and wider than the residual stream.
  @Test(arguments: [(21, true), (250, true), (60, false), (250, false)], [1, 24])
  func otherShapesEqualTraining(shape: (F: Int, tiesHead: Bool), threads: Int) throws {
    let model = try TinyModel(F: shape.F, tiesHead: shape.tiesHead)
    let tokens = model.tokens(130)
    let expected = try model.trainingLogits(tokens, threads: 25 - threads)
    let decoder = try model.decoder(threads: threads)
    let all = try decoder.forward(tokens, KVCache(model.config), logits: .all).copy
    #expect(all == expected)
    // In 8 bits the activations of the widest product have room.
    let quantized = try model.decoder(.int8, threads: threads)
    let rows = try quantized.forward(tokens, KVCache(model.config), logits: .all).copy
    #expect(rows.allSatisfy { $0.allSatisfy(\.isFinite) })
  }

  @Test func anySplitHasTheSameBits() throws {
    let model = try TinyModel()
    let tokens = model.tokens(130)
    let expected = try model.trainingLogits(tokens)
    for parts in [
      [63, 67], [64, 66], [65, 65], [1, 129], [129, 1], [20, 40, 3, 1, 66], [13, 117],
    ] {
      for blockRows in [7, 50, 512] {
        let decoder = try model.decoder(threads: 2, blockRows: blockRows)
        let cache = try KVCache(model.config)
        var (at, rows): (Int, [[Float]]) = (0, [])
        for part in parts {
          rows += try decoder.forward(Array(tokens[at..<at + part]), cache, logits: .all).copy
          at += part
        }
        #expect(rows == expected, "\(parts), blocks of \(blockRows)")
      }
    }
  }

  @Test(arguments: [1, 2, 3], [5, 512])
  func companyChangesNoBits(threads: Int, blockRows: Int) throws {
    let model = try TinyModel()
    let decoder = try model.decoder(threads: threads, blockRows: blockRows)
    let pool = try KVPool(model.config, pages: 60)
    let lengths = [1, 3, 64, 65, 17, 2, 90, 5, 8, 1, 30, 12, 63, 4, 9, 11]
    let texts = lengths.enumerated().map { model.tokens($1 + 4, seed: UInt64($0)) }
    let expected = try texts.map { try model.trainingLogits($0) }
    let caches = texts.map { _ in KVCache(pool) }
    let first = try decoder.forward(
      zip(caches, texts).map { Decoder.Input($0, Array($1.dropLast(4))) }
    ).copy
    for (s, length) in lengths.enumerated() { #expect(first[s] == expected[s][length - 1]) }
    for step in 0..<4 {
      // A smaller batch every step: all, then every second one, …
      let active = texts.indices.filter { $0 % (1 << step) == 0 }
      let rows = try decoder.forward(
        active.map { Decoder.Input(caches[$0], [texts[$0][lengths[$0] + step]]) }
      ).copy
      for (row, s) in zip(rows, active) {
        #expect(row == expected[s][lengths[s] + step], "step \(step), sequence \(s)")
      }
    }
  }

  @Test(arguments: [5, 512])
  func tailsAreTheLastRows(blockRows: Int) throws {
    let model = try TinyModel()
    let decoder = try model.decoder(threads: 2, blockRows: blockRows)
    let texts = [(3, 2), (17, 17), (1, 1), (40, 0), (12, 6), (5, 5)].enumerated().map {
      (model.tokens($1.0, seed: UInt64($0)), $1.1)
    }
    let pool = try KVPool(model.config, pages: 12)
    let rows = try decoder.forward(
      texts.map { Decoder.Input(KVCache(pool), $0.0) }, logits: .tail(texts.map(\.1))
    ).copy
    #expect(rows == (try texts.flatMap { try model.trainingLogits($0.0).suffix($0.1) }))
  }

  @Test(arguments: [1, 3])
  func loadingPieceByPieceIsTheSameModel(threads: Int) throws {
    // Large enough that wte and the MLP's matrices come in several pieces.
    let model = try TinyModel(V: 1501, C: 192, L: 1)
    let team = ThreadTeam(count: threads)
    for precision in WeightPrecision.allCases {
      let loaded = try DecoderModel(model.config, precision)
      try loaded.load(on: team) { entry, elements, values in
        for (i, element) in elements.enumerated() {
          values[i] = model.parameters.base[entry.offset + element]
        }
      }
      let tokens = model.tokens(70)
      let decoder = try Decoder(loaded, on: team)
      let logits = try decoder.forward(tokens, KVCache(model.config), logits: .all).copy
      let whole = try model.decoder(precision)
      #expect(try whole.forward(tokens, KVCache(model.config), logits: .all).copy == logits)
      if precision == .f32 { #expect(try model.trainingLogits(tokens) == logits) }
    }
  }

  @Test func loadingFailsAsTheFirstPieceThatFails() throws {
    struct Broken: Error { let name: String }
    let model = try DecoderModel(TinyModel().config)
    for threads in [1, 3] {
      let error = #expect(throws: Broken.self) {
        try model.load(on: ThreadTeam(count: threads)) { entry, _, values in
          for i in values.indices { values[i] = 0 }
          if entry.name.contains(".h.1.") { throw Broken(name: entry.name) }
        }
      }
      #expect(error?.name == "transformer.h.1.ln_1.weight")
    }
  }

  @Test func matrixBytesAreThoseOfWholePanels() throws {
    let model = try TinyModel()
    let loaded = try DecoderModel(model.config)
    let (C, L, V) = (60, 2, 101)
    let NR = Blocking.current.NR
    func padded(_ n: Int) -> Int { (n + NR - 1) / NR * NR }
    #expect(
      loaded.matrixBytes
        == 4 * C * (padded(V) + L * (padded(3 * C) + padded(4 * C) + 5 * padded(C)))
    )
  }
}
