import Machine
import Testing

@testable import Inference
@testable import Transformer

/// Many requests at once: each has the bytes that it has alone.
@Suite struct EngineBatchTests {
  /// Random requests; every third begins like the one before.
  static func requests(_ count: Int, _ tiny: TinyModel) -> [Request] {
    let random = Philox(seed: 77)
    var requests: [Request] = []
    for n in 0..<count {
      func pick(_ what: UInt32, _ below: Int) -> Int {
        Int(random.uniform(stream: what, UInt64(n)) * Double(below))
      }
      var prompt = tiny.tokens(1 + pick(0, pick(1, 3) == 0 ? 120 : 20), seed: UInt64(n))
      if n % 3 == 2, let before = requests.last?.prompt {
        prompt = Array((before + prompt).prefix(140))
      }
      let settings = [
        SamplingSettings(), .greedy, SamplingSettings(temperature: 0.8, topK: 5),
        SamplingSettings(topP: 0.9, repetitionPenalty: 1.2), SamplingSettings(minP: 0.1),
      ]
      requests.append(
        Request(
          prompt: prompt, maxTokens: 1 + pick(2, 40), sampling: settings[pick(3, settings.count)],
          stopTokens: [UInt32(pick(4, 101))], seed: UInt64(pick(5, 3)), sample: UInt32(pick(6, 3)),
          slide: pick(7, 4) == 0, logprobs: pick(8, 3) == 0 ? 3 : nil))
    }
    return requests
  }

  private struct Text: Equatable {
    var tokens: [UInt32] = []
    var logprobs: [Float?] = []
    var top: [[TokenLogprob]] = []
    var end: EndReason?

    mutating func add(_ step: Step) {
      if let token = step.token { tokens.append(token) }
      logprobs.append(step.logprob)
      top.append(step.top)
      end = step.end
    }
  }

  @Test(arguments: [(1, 3, 512), (2, 7, 16), (3, 40, 100)])
  func companyPagingAndThreadsChangeNoText(threads: Int, pages: Int, promptRows: Int) throws {
    let tiny = try TinyModel()
    let requests = Self.requests(60, tiny)
    let model = try tiny.decoderModel()
    let alone = try requests.map {
      try EngineTests.run(model, $0).reduce(into: Text()) { $0.add($1) }
    }
    let engine = try Engine(
      model, pages: pages, promptRows: promptRows, on: ThreadTeam(count: threads))
    var texts: [Int: Text] = [:]
    var submitted = 0
    while submitted < requests.count || engine.unfinished > 0 {
      // They come a few at a time, between steps.
      for _ in 0..<(submitted % 4) + 1 where submitted < requests.count {
        #expect(try engine.submit(requests[submitted]) == submitted)
        submitted += 1
      }
      for step in try engine.step() {
        #expect(texts[step.request]?.end == nil)
        texts[step.request, default: Text()].add(step)
      }
    }
    for n in requests.indices { #expect(texts[n] == alone[n], "request \(n)") }
  }

  @Test func samplesOfOnePromptReadItOnce() throws {
    let tiny = try TinyModel()
    let engine = try Engine(
      try tiny.decoderModel(), pages: 40, on: ThreadTeam(count: 2))
    let prompt = tiny.tokens(100)
    for sample in 0..<8 {
      _ = try engine.submit(Request(prompt: prompt, maxTokens: 10, sample: UInt32(sample)))
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
        Request(prompt: prompt, maxTokens: 10, sample: UInt32(sample)))
      #expect(texts[sample] == alone.compactMap(\.token))
    }
  }

  @Test func waitingAndActiveRequestsCanBeCancelled() throws {
    let tiny = try TinyModel()
    // Room for one text of two pages at a time.
    let engine = try Engine(try tiny.decoderModel(), pages: 3, on: ThreadTeam(count: 1))
    let ids = try (0..<3).map {
      try engine.submit(Request(prompt: tiny.tokens(70, seed: UInt64($0)), maxTokens: 20))
    }
    #expect(try engine.step().map(\.request) == [ids[0]])
    engine.cancel(ids[1])
    engine.cancel(ids[0])
    engine.cancel(ids[0])
    engine.cancel(99)
    let steps = try engine.step()
    #expect(
      steps.prefix(2) == [
        Step(request: ids[1], end: .stopped), Step(request: ids[0], end: .stopped),
      ])
    // The third got the first one's pages in the same step.
    #expect(steps.dropFirst(2).map(\.request) == [ids[2]])
    engine.cancel(ids[2])
    #expect(try engine.step() == [Step(request: ids[2], end: .stopped)])
    #expect(engine.unfinished == 0)
    #expect(try engine.step().isEmpty)
  }
}
