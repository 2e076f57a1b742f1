import Kernels
import Machine
import Testing

@testable import Inference

@Suite struct SamplerTests {
  /// Logits like a model's: most far below a few.
  static func logits(_ count: Int, seed: UInt64) -> [Float] {
    let random = Philox(seed: seed)
    return (0..<count).map {
      let u = Float(random.uniform(stream: 1, UInt64($0)))
      return 12 * u * u * u * u - 4
    }
  }

  private func draw(
    _ logits: [Float], _ settings: SamplingSettings, seed: UInt64 = 1, sample: UInt32 = 0,
    position: Int = 0, history: TokenHistory = TokenHistory(), _ scratch: SamplerScratch? = nil
  ) throws -> UInt32? {
    let scratch = try scratch ?? SamplerScratch(vocabularySize: logits.count)
    return logits.withUnsafeBufferPointer {
      Sampler(settings, seed: seed, sample: sample).draw(
        $0, position: position, history: history, using: scratch)
    }
  }

  static let settings: [SamplingSettings] = [
    SamplingSettings(),
    SamplingSettings(temperature: 0.7),
    SamplingSettings(temperature: 1.5),
    SamplingSettings(topK: 1),
    SamplingSettings(topK: 5),
    SamplingSettings(temperature: 0.8, topK: 50),
    SamplingSettings(topK: 10_000),
    SamplingSettings(topP: 0.9),
    SamplingSettings(topP: 0.01),
    SamplingSettings(temperature: 1.3, topP: 0.5),
    SamplingSettings(topP: 1),
    SamplingSettings(minP: 0.05),
    SamplingSettings(minP: 1),
    SamplingSettings(minP: 0),
    SamplingSettings(repetitionPenalty: 1.3),
    SamplingSettings(repetitionPenalty: 0.6),
    SamplingSettings(
      temperature: 0.9, topK: 40, topP: 0.95, minP: 0.02, repetitionPenalty: 1.1),
    SamplingSettings(temperature: 2, topP: 0.99, minP: 0.01, repetitionPenalty: 2),
    SamplingSettings(presencePenalty: 1.5),
    SamplingSettings(frequencyPenalty: 0.75),
    SamplingSettings(topK: 20, presencePenalty: -2, frequencyPenalty: -0.5),
    SamplingSettings(logitBias: [0: 3.5, 6: -100]),
    SamplingSettings(banned: [3, 5, 900]),
    SamplingSettings(topK: 5, banned: [3, 5, 900]),
    SamplingSettings(
      temperature: 0.9, topP: 0.95, minP: 0.001, repetitionPenalty: 1.1, presencePenalty: 0.5,
      frequencyPenalty: 0.25, logitBias: [0: 2, 9: -1], banned: [4]),
  ]

  /// Settings without the ids that a vocabulary of V lacks.
  static func within(_ V: Int, _ settings: SamplingSettings) -> SamplingSettings {
    var settings = settings
    settings.logitBias = settings.logitBias.filter { $0.key < V }
    settings.banned = settings.banned.filter { $0 < V }
    return settings
  }

  @Test(arguments: settings, [1, 2, 15, 16, 17, 64, 65, 1000])
  func distributionIsTheNaiveOne(settings: SamplingSettings, V: Int) throws {
    let settings = Self.within(V, settings)
    let scratch = try SamplerScratch(vocabularySize: V)
    for seed in 0..<5 {
      let logits = Self.logits(V, seed: UInt64(seed))
      let seen = (0..<UInt32(V)).filter { ($0 &* 2_654_435_761) % 3 == 0 }
      var history = TokenHistory(prompt: seen)
      for id in 0..<UInt32(V) where id % 5 == 0 {
        for _ in 0...id % 3 { history.append(id) }
      }
      let expected = NaiveSampling.probabilities(logits, settings, history)
      let token = try draw(logits, settings, history: history, scratch)
      #expect(token != nil)
      // Where nothing else is cut, a banned token stays among the candidates, with no weight.
      let ids = kept(scratch).filter { !settings.banned.contains($0) }
      #expect(ids == (0..<UInt32(V)).filter { expected[Int($0)] > 0 }, "V \(V), \(settings)")
      // Every quantile picks what the naive cumulative sum picks, away from the borders.
      for n in 0..<200 {
        let u = (Double(n) + 0.5) / 200
        var (sum, naive) = (0.0, 0)
        while naive < V - 1 && sum + expected[naive] <= u {
          sum += expected[naive]
          naive += 1
        }
        let border = min(abs(u - sum), abs(u - sum - expected[naive]))
        if border > 1e-5 { #expect(scratch.candidates.pick(u) == UInt32(naive), "u \(u), V \(V)") }
      }
    }
  }

  private func kept(_ scratch: SamplerScratch) -> [UInt32] {
    (0..<scratch.candidates.count).map(scratch.candidates.id)
  }

  @Test func cutsKeepEquals() throws {
    let scratch = try SamplerScratch(vocabularySize: 40)
    let logits = (0..<40).map { Float($0 % 4) }
    _ = try draw(logits, SamplingSettings(topK: 3), scratch)
    #expect(kept(scratch) == (0..<40).filter { $0 % 4 == 3 })
    // Ten equals share all probability: half of them is half of it, the lowest ids first.
    _ = try draw(logits, SamplingSettings(topK: 3, topP: 0.5), scratch)
    #expect(kept(scratch) == [3, 7, 11, 15, 19])
  }

  @Test func temperatureZeroTakesTheLowestOfTheLikeliest() throws {
    var logits = Self.logits(100, seed: 3).map { min($0, 5) }
    (logits[37], logits[12], logits[99]) = (9, 9, 9)
    #expect(try draw(logits, .greedy) == 12)
    let penalised = SamplingSettings(temperature: 0, repetitionPenalty: 1.5)
    #expect(try draw(logits, penalised, history: TokenHistory(prompt: [12])) == 37)
    #expect(try draw([Float](repeating: 0, count: 33), .greedy) == 0)
  }

  @Test func bannedTokensAreNeverDrawn() throws {
    let logits: [Float] = [-3e38, 1, 7, 7, 2]
    for temperature: Float in [0, 1e-30, 0.7, 1, 1e30] {
      for topK in [nil, 1, 2, 5] {
        let settings = SamplingSettings(temperature: temperature, topK: topK, banned: [2, 3, 4, 0])
        for position in 0..<50 { #expect(try draw(logits, settings, position: position) == 1) }
      }
    }
    // Broken logits are seen behind a ban.
    let broken: [Float] = [.nan, 1, 2]
    #expect(try draw(broken, SamplingSettings(banned: [0])) == nil)
  }

  @Test func verySmallAndLargeTemperatures() throws {
    let logits: [Float] = [1, 3, 2, 3 - 1e-3]
    for temperature in [Float.leastNonzeroMagnitude, .leastNormalMagnitude, 1e-20] {
      for seed in 0..<20 {
        let settings = SamplingSettings(temperature: temperature)
        #expect(try draw(logits, settings, seed: UInt64(seed)) == 1)
      }
    }
    let hot = try (0..<200).map {
      try draw(logits, SamplingSettings(temperature: 1e30), position: $0)
    }
    #expect(Set(hot) == [0, 1, 2, 3])
  }

  @Test func uniformLogitsGiveUniformTokens() throws {
    let (V, draws) = (50, 20_000)
    let logits = [Float](repeating: -1.5, count: V)
    let scratch = try SamplerScratch(vocabularySize: V)
    var counts = [Int](repeating: 0, count: V)
    for n in 0..<draws {
      let token = try #require(try draw(logits, SamplingSettings(), position: n, scratch))
      counts[Int(token)] += 1
    }
    let mean = Double(draws) / Double(V)
    let chiSquared = counts.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) / mean }
    // 49 degrees of freedom: 23.98 and 85.35 are the 0.1 % and 99.9 % points.
    #expect(chiSquared > 23.9 && chiSquared < 85.4, "χ² \(chiSquared)")
  }

  @Test func numbersDependOnSeedSampleAndPosition() throws {
    let logits = [Float](repeating: 0, count: 1_000_000)
    let scratch = try SamplerScratch(vocabularySize: logits.count)
    func token(_ seed: UInt64, _ sample: UInt32, _ position: Int) throws -> UInt32? {
      try draw(
        logits, SamplingSettings(), seed: seed, sample: sample, position: position, scratch)
    }
    #expect(try token(1, 2, 3) == token(1, 2, 3))
    #expect(try token(1, 2, 3) != token(2, 2, 3))
    #expect(try token(1, 2, 3) != token(1, 3, 3))
    #expect(try token(1, 2, 3) != token(1, 2, 4))
    #expect(try token(1, 2, 3) != token(1, 3, 2))
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func logitsThatAreNoNumbersAreRefused(value: Float) throws {
    for at in [0, 15, 16, 39, 40] {
      var logits = Self.logits(41, seed: 1)
      logits[at] = value
      for settings in [SamplingSettings(), .greedy, SamplingSettings(topK: 3)] {
        #expect(try draw(logits, settings) == nil)
      }
    }
  }

  @Test(arguments: [1, 7, 64, 300])
  func logprobsAreTheModels(V: Int) throws {
    let scratch = try SamplerScratch(vocabularySize: V)
    let logits = Self.logits(V, seed: 8)
    let expected = NaiveSampling.probabilities(logits, SamplingSettings(), TokenHistory())
    for top in [0, 1, 5, 1000] {
      for token in stride(from: 0, to: UInt32(V), by: 7) {
        let entry = try #require(
          logits.withUnsafeBufferPointer {
            TokenLogprob.of(token, top: top, $0, using: scratch)
          })
        #expect(entry.token.token == token)
        #expect(close(entry.token.logprob, expected[Int(token)]))
        #expect(entry.top.count == min(top, V))
        let order = (0..<UInt32(V)).sorted {
          let (a, b) = (logits[Int($0)], logits[Int($1)])
          return a != b ? a > b : $0 < $1
        }
        #expect(entry.top.map(\.token) == Array(order.prefix(top)))
        for one in entry.top { #expect(close(one.logprob, expected[Int(one.token)])) }
      }
    }
  }

  private func close(_ logprob: Float, _ probability: Double) -> Bool {
    abs(Double(logprob) - VectorMath.log(probability)) < 2e-6
  }

  @Test(arguments: [
    SamplingSettings(temperature: -1), SamplingSettings(temperature: .nan),
    SamplingSettings(temperature: .infinity), SamplingSettings(topK: 0), SamplingSettings(topP: 0),
    SamplingSettings(topP: 1.1), SamplingSettings(topP: .nan), SamplingSettings(minP: -0.1),
    SamplingSettings(minP: 1.5), SamplingSettings(repetitionPenalty: 0),
    SamplingSettings(repetitionPenalty: .leastNonzeroMagnitude),
    SamplingSettings(repetitionPenalty: .infinity),
  ])
  func settingsOutOfRangeAreRefused(settings: SamplingSettings) {
    #expect(throws: InferenceError.self) { try settings.validate() }
  }
}

@Suite struct TopKTests {
  @Test(arguments: [1, 2, 15, 16, 17, 100, 1000])
  func thresholdIsTheKthLargest(count: Int) {
    for (seed, levels) in [(1, 0), (2, 5), (3, 40)] {
      let random = Philox(seed: UInt64(seed))
      let x = (0..<count).map {
        let u = Float(random.uniform(stream: 0, UInt64($0))) - 0.5
        return levels == 0 ? u : (u * Float(levels)).rounded()
      }
      let sorted = x.sorted(by: >)
      for k in Set([1, 2, 7, count / 2, count - 1, count]) where k >= 1 && k <= count {
        let threshold = TopK.threshold(x, count: count, k: k)
        #expect(threshold == sorted[k - 1], "\(k) of \(count)")
        var ids: [UInt32] = [7]
        TopK.indices(x, count: count, atLeast: threshold, into: &ids)
        #expect(ids == (0..<UInt32(count)).filter { x[Int($0)] >= threshold })
      }
    }
  }
}
