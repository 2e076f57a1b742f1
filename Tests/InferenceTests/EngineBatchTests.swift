import Kernels
import Machine
import Testing

@testable import Inference
@testable import Transformer

/// Many requests at once: each has the bytes that it has alone.
@Suite struct EngineBatchTests {
  /// Random requests; every third begins like the one before.
  static func requests(_ count: Int, _ tiny: TinyModel, seed: UInt64 = 77) -> [SequenceRequest] {
    let random = Philox(seed: seed)
    var requests: [SequenceRequest] = []
    for n in 0..<count {
      func pick(_ what: UInt32, _ below: Int) -> Int {
        Int(random.uniform(stream: what, UInt64(n)) * Double(below))
      }
      var prompt = tiny.tokens(1 + pick(0, pick(1, 3) == 0 ? 120 : 20), seed: UInt64(n) ^ seed)
      if n % 3 == 2, let before = requests.last?.prompt {
        prompt = Array((before + prompt).prefix(140))
      }
      let settings = [
        SamplingSettings(), .greedy, SamplingSettings(temperature: 0.8, topK: 5),
        SamplingSettings(topP: 0.9, repetitionPenalty: 1.2), SamplingSettings(minP: 0.1),
        SamplingSettings(presencePenalty: 1, frequencyPenalty: 0.5, logitBias: [3: 2], banned: [8]),
      ]
      requests.append(
        SequenceRequest(
          prompt: prompt, maxTokens: pick(2, 41), sampling: settings[pick(3, settings.count)],
          stopTokens: [UInt32(pick(4, 101))], seed: UInt64(pick(5, 3)), sample: UInt32(pick(6, 3)),
          slide: pick(7, 4) == 0, logprobs: pick(8, 3) == 0 ? 3 : nil, minTokens: pick(9, 3),
          promptLogprobs: pick(10, 4) == 0 ? pick(11, 3) : nil, cacheGroup: UInt64(pick(12, 2))))
    }
    return requests
  }

  private struct Text: Equatable {
    var prompt: [PromptToken] = []
    var tokens: [UInt32] = []
    var logprobs: [Float?] = []
    var top: [[TokenLogprob]] = []
    var end: EndReason?

    mutating func add(_ step: SequenceStep) {
      end = step.end
      if step.end == .stopped { return }
      prompt += step.prompt
      if step.token == nil && step.end == nil { return }
      if let token = step.token { tokens.append(token) }
      logprobs.append(step.logprob)
      top.append(step.top)
    }

    /// Whether `other` is this text up to some token.
    func begins(with other: Text) -> Bool {
      prompt.starts(with: other.prompt) && tokens.starts(with: other.tokens)
        && logprobs.starts(with: other.logprobs)
        && top.starts(with: other.top)
    }
  }

  /// How a model is held, and the numbers of its requests.
  struct Precisions: CustomTestStringConvertible, Sendable {
    let weights: WeightPrecision
    let kv: KVPrecision
    let seed: UInt64
    var testDescription: String { "weights \(weights), keys and values \(kv)" }

    static let all = WeightPrecision.allCases.flatMap { weights in
      KVPrecision.allCases.map { (weights, $0) }
    }.enumerated().map { Precisions(weights: $1.0, kv: $1.1, seed: UInt64($0)) }
  }

  /// A thousand requests in all, for each number of threads. They come a few at a time, between
  /// steps, some with tokens looked up, and some leave before their end; what they have until then is what they have alone.
  @Test(arguments: Precisions.all)
  func companyPagingAndThreadsChangeNoText(_ precisions: Precisions) throws {
    let tiny = try TinyModel()
    let requests = Self.requests(1000 / Precisions.all.count, tiny, seed: 77 + precisions.seed)
    let model = try tiny.decoderModel(precisions.weights)
    let alone = try requests.map { request in
      let engine = try Engine(model, kv: precisions.kv, on: ThreadTeam(count: 1))
      let generator = try Generator(engine, request)
      var text = Text()
      while let step = try generator.next() { text.add(step) }
      return text
    }
    #expect(alone.allSatisfy { $0.end != nil } && alone.contains { $0.tokens.count > 30 })
    for (threads, pages, promptRows) in [(1, 3, 512), (2, 7, 16), (3, 40, 100)] {
      let engine = try Engine(
        model, pages: pages, kv: precisions.kv, promptRows: promptRows,
        on: ThreadTeam(count: threads))
      let random = Philox(seed: precisions.seed)
      let leaving = { (n: Int) in random.uniform(stream: 1, UInt64(n)) < 0.1 }
      var texts = [Text](repeating: Text(), count: requests.count)
      var (submitted, rounds, most) = (0, 0, 0)
      while submitted < requests.count || engine.unfinished > 0 {
        rounds += 1
        let coming = Int(5 * random.uniform(stream: 2, UInt64(rounds)))
        for _ in 0..<coming where submitted < requests.count {
          var request = requests[submitted]
          request.lookup = submitted % 3 == 0 ? 4 : 0
          #expect(try engine.submit(request) == submitted)
          submitted += 1
        }
        for n in 0..<submitted where leaving(n) && texts[n].tokens.count >= 2 { engine.cancel(n) }
        let steps = try engine.step()
        most = max(most, Set(steps.map(\.request)).count)
        for step in steps {
          #expect(texts[step.request].end == nil)
          texts[step.request].add(step)
        }
      }
      #expect(pages == 3 || most > 2, "no company")
      var left = 0
      for n in requests.indices {
        if texts[n].end == .stopped {
          #expect(leaving(n) && alone[n].begins(with: texts[n]), "request \(n), \(threads) threads")
          left += 1
        } else {
          #expect(texts[n] == alone[n], "request \(n), \(threads) threads")
        }
      }
      #expect(left > 0)
    }
  }

  @Test func samplesOfOnePromptReadItOnce() throws {
    let tiny = try TinyModel()
    let engine = try Engine(
      try tiny.decoderModel(), pages: 40, on: ThreadTeam(count: 2))
    let prompt = tiny.tokens(100)
    for sample in 0..<8 {
      _ = try engine.submit(SequenceRequest(prompt: prompt, maxTokens: 10, sample: UInt32(sample)))
    }
    var texts: [Int: [UInt32]] = [:]
    while engine.unfinished > 0 {
      for step in try engine.step() { texts[step.request, default: []].append(step.token ?? 0) }
    }
    #expect(engine.timing.prefillTokens == 100)
    // The first has one token when the others join with the prompt's last.
    #expect(engine.timing.decodeTokens == 9 + 7 * 10)
    #expect(engine.timing.decodeSteps == 10)
    #expect(engine.timing.prefillSeconds > 0 && engine.timing.decodeSeconds > 0)
    #expect(Set(texts.values).count == 8, "each sample has its own numbers")
    for sample in 0..<8 {
      let alone = try EngineTests.run(
        try tiny.decoderModel(),
        SequenceRequest(prompt: prompt, maxTokens: 10, sample: UInt32(sample)))
      #expect(texts[sample] == alone.compactMap(\.token))
    }
  }

  @Test func waitingAndActiveRequestsCanBeCancelled() throws {
    let tiny = try TinyModel()
    // Room for one text of two pages at a time.
    let engine = try Engine(try tiny.decoderModel(), pages: 3, on: ThreadTeam(count: 1))
    let ids = try (0..<3).map {
      try engine.submit(SequenceRequest(prompt: tiny.tokens(70, seed: UInt64($0)), maxTokens: 20))
    }
    #expect(try engine.step().map(\.request) == [ids[0]])
    engine.cancel(ids[1])
    engine.cancel(ids[0])
    engine.cancel(ids[0])
    engine.cancel(99)
    let steps = try engine.step()
    #expect(
      steps.prefix(2) == [
        SequenceStep(request: ids[1], end: .stopped), SequenceStep(request: ids[0], end: .stopped),
      ])
    // The third got the first one's pages in the same step.
    #expect(steps.dropFirst(2).map(\.request) == [ids[2]])
    engine.cancel(ids[2])
    #expect(try engine.step() == [SequenceStep(request: ids[2], end: .stopped)])
    #expect(engine.unfinished == 0)
    #expect(try engine.step().isEmpty)
  }
}
