import Kernels
import Machine
import Transformer

/// Reading a prompt of 512 tokens (or the context, if it is less) with random weights.
struct PrefillBenchmark {
  private let settings: BenchmarkSettings
  private let bench: Bench

  init(_ settings: BenchmarkSettings, _ bench: Bench) {
    (self.settings, self.bench) = (settings, bench)
  }

  func run(_ report: (Measurement) -> Void) throws {
    for precision in settings.weights { try run(precision, report) }
  }

  private func run(_ precision: WeightPrecision, _ report: (Measurement) -> Void) throws {
    let config = settings.config
    let P = min(512, config.contextLength)
    let decoder = try RandomModel.decoder(config, precision, on: bench.team)
    let cache = try KVCache(config)
    let prompt = RandomValues.tokens(P, vocabularySize: config.vocabularySize)
    let (L, C, V) = (config.layers, config.width, config.vocabularySize)
    // Matrices, the causal half of attention, and the head of the last token alone.
    let flops = Double(P * (2 * 12 * L * C * C + 2 * L * C * (P + 1)) + 2 * V * C)
    var failure: MemoryError?
    // With AVX2 four bits take half the instructions of eight: their share may be above 1.
    let isInteger = precision == .int8 || precision == .int4
    let result = bench.measure(
      "\(precision), \(P) tokens", .tokens, amount: Double(P), bounded: flops,
      limit: .peak(isInteger ? .int8 : .fp32)
    ) {
      cache.truncate(to: 0)
      do throws(MemoryError) { _ = try decoder.forward(prompt, cache) } catch { failure = error }
    }
    if let failure { throw failure }
    report(result)
  }
}

/// Writing 128 tokens one by one after a prompt of 128 (or halves of the context), random weights:
/// one sequence, then 16 together. The limit is reading an array as large as the matrices, from a
/// cache where it fits into one.
struct DecodeBenchmark {
  private let settings: BenchmarkSettings
  private let bench: Bench

  init(_ settings: BenchmarkSettings, _ bench: Bench) {
    (self.settings, self.bench) = (settings, bench)
  }

  /// Sequences together, and how their keys and values are held.
  private static let together: [(sequences: Int, kv: KVPrecision)] = [(1, .f32), (16, .bf16)]

  /// Tokens of the prompt, and as many are written.
  private static func prompt(_ config: GPT2Config) -> Int {
    min(128, max(1, config.contextLength / 2))
  }

  /// Pages of so many sequences.
  private static func pages(_ config: GPT2Config, sequences: Int) -> Int {
    sequences * KVPool.pages(for: 2 * prompt(config))
  }

  /// Bytes of the keys and values, at most.
  static func cacheBytes(_ config: GPT2Config) -> Int {
    together.map {
      KVPool.bytes(config, $0.kv, pages: pages(config, sequences: $0.sequences))
    }.max() ?? 0
  }

  func run(_ report: (Measurement) -> Void) throws {
    for precision in settings.weights {
      let decoder = try RandomModel.decoder(settings.config, precision, on: bench.team)
      let (streams, arenas) = try Streams.make(
        arrays: 1, of: decoder.model.matrixBytes / 4, on: bench.team)
      try withExtendedLifetime(arenas) {
        for (sequences, kv) in Self.together {
          report(try measure(decoder, streams, sequences, kv))
        }
      }
    }
  }

  private func measure(
    _ decoder: Decoder, _ streams: Streams, _ sequences: Int, _ kv: KVPrecision
  ) throws -> Measurement {
    let config = settings.config
    let P = Self.prompt(config)
    let tokens = RandomValues.tokens(2 * P, vocabularySize: config.vocabularySize)
    let pool = try KVPool(config, kv, pages: Self.pages(config, sequences: sequences))
    let caches = (0..<sequences).map { _ in KVCache(pool) }
    // Every matrix once a step, and keys and values of the positions before it.
    let cached = (kv == .f32 ? 4 : 2) * 2 * config.layers * config.width * (P + P / 2) * sequences
    let bytes = Double(P * (decoder.model.matrixBytes + cached))
    _ = try decoder.forward(caches.map { Decoder.Input($0, Array(tokens[..<P])) })
    var failure: MemoryError?
    func write(_ tokens: ArraySlice<UInt32>) {
      for cache in caches { cache.truncate(to: P) }
      do throws(MemoryError) {
        for token in tokens {
          _ = try decoder.forward(caches.map { Decoder.Input($0, [token]) })
        }
      } catch { failure = error }
    }
    let warmUp = tokens[P...].prefix(8)
    let result = bench.measure(
      "\(decoder.model.precision), \(P) tokens after \(P)"
        + (sequences == 1 ? "" : ", \(sequences) sequences, keys and values \(kv)"),
      .tokens, amount: Double(P * sequences), bounded: bytes, limit: .stream(streams, .read),
      parts: max(1, P / warmUp.count), warmUp: { write(warmUp) }
    ) { write(tokens[P...]) }
    if let failure { throw failure }
    return result
  }
}

private enum RandomModel {
  static func decoder(
    _ config: GPT2Config, _ precision: WeightPrecision, on team: ThreadTeam
  ) throws(MemoryError) -> Decoder {
    let table = ParameterTable(config)
    let parameters = try Arena(count: table.count)
    RandomValues.fill(parameters, table, on: team)
    return try Decoder(
      try DecoderModel(config, parameters: parameters, precision, on: team), on: team)
  }
}
