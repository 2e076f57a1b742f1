import Machine
import Testing

@testable import Inference
@testable import Transformer

/// Log-probabilities of prompts, and what stays at hand of texts that have ended.
@Suite struct PromptScoreTests {
  /// Prompt tokens, text, and the numbers of cached tokens that the steps of a request named.
  private func run(
    _ engine: Engine, _ request: SequenceRequest
  ) throws -> (prompt: [PromptToken], tokens: [UInt32], end: EndReason?, cached: Int) {
    let generator = try Generator(engine, request)
    var (prompt, tokens, end, cached): ([PromptToken], [UInt32], EndReason?, Int) = ([], [], nil, 0)
    while let step = try generator.next() {
      prompt += step.prompt
      if let token = step.token { tokens.append(token) }
      (end, cached) = (step.end, max(cached, step.cachedTokens))
    }
    return (prompt, tokens, end, cached)
  }

  /// However the prompt is read, and whatever is drawn after it.
  @Test(arguments: [1, 3], [1, 7, 64, 512])
  func everyPromptTokenButTheFirstHasTheScorersNumber(threads: Int, promptRows: Int) throws {
    let tiny = try TinyModel()
    let model = try tiny.decoderModel()
    let team = ThreadTeam(count: threads)
    for (count, maxTokens) in [(1, 0), (1, 2), (2, 0), (65, 1), (130, 0), (140, 1)] {
      let ids = tiny.tokens(count, seed: UInt64(count))
      let engine = try Engine(model, promptRows: promptRows, on: team)
      let result = try run(
        engine, SequenceRequest(prompt: ids, maxTokens: maxTokens, promptLogprobs: 4))
      #expect(result.end == .maxTokens && result.tokens.count == maxTokens)
      #expect(result.prompt.map(\.own.token) == Array(ids.dropFirst()))
      if count == 1 { continue }
      let expected = try ContinuationScorer(model, on: ThreadTeam(count: 1)).scores(
        (1..<count).map { .init(context: Array(ids[..<$0]), continuations: [[ids[$0]]]) })
      #expect(result.prompt.map { Double($0.own.logprob) } == expected.map { $0[0].logprob })
      for (token, score) in zip(result.prompt, expected) {
        #expect(token.top.count == 4)
        #expect((token.top.first?.token == token.own.token) == score[0].isGreedy)
        let same = token.top.first { $0.token == token.own.token }
        #expect(same == nil || same == token.own)
      }
    }
  }

  @Test func noTextIsWrittenWithoutTokens() throws {
    let tiny = try TinyModel()
    let engine = try Engine(try tiny.decoderModel(), on: ThreadTeam(count: 1))
    let result = try run(engine, SequenceRequest(prompt: tiny.tokens(20), maxTokens: 0))
    #expect(result.prompt.isEmpty && result.tokens.isEmpty && result.end == .maxTokens)
  }

  @Test func brokenWeightsEndAScoredPrompt() throws {
    let model = try EngineTests.fixed([0, .nan, 1])
    let engine = try Engine(model, on: ThreadTeam(count: 1))
    let result = try run(
      engine, SequenceRequest(prompt: [0, 2, 0], maxTokens: 0, promptLogprobs: 0))
    #expect(result.end == .invalidLogits && engine.unfinished == 0)
  }

  @Test func stopTokensAreNotDrawnTooEarly() throws {
    let model = try EngineTests.fixed([0, 1, 5, 2])
    let steps = try EngineTests.run(
      model,
      SequenceRequest(
        prompt: [1], maxTokens: 9, sampling: .greedy, stopTokens: [2, 999], minTokens: 3))
    #expect(steps.map(\.token) == [3, 3, 3, nil])
    #expect(steps.last?.end == .endOfText(2))
  }

  @Test func theSecondQuestionAboutAContextDoesNotReadItAgain() throws {
    let tiny = try TinyModel()
    let engine = try Engine(try tiny.decoderModel(), pages: 9, on: ThreadTeam(count: 2))
    let context = tiny.tokens(100)
    let first = try run(engine, SequenceRequest(prompt: context + [1, 2], maxTokens: 4))
    #expect(first.cached == 0 && engine.timing.prefillTokens == 102)
    #expect(engine.reservedPages == 0 && engine.cachedPages == 2)
    let second = try run(engine, SequenceRequest(prompt: context + [3, 4, 5], maxTokens: 4))
    #expect(second.cached == 100 && engine.timing.prefillTokens == 105)
    let alone = try run(
      try Engine(try tiny.decoderModel(), on: ThreadTeam(count: 1)),
      SequenceRequest(prompt: context + [3, 4, 5], maxTokens: 4))
    #expect(second.tokens == alone.tokens)
    // Another's beginning is not told by the time it takes.
    let other = try run(
      engine, SequenceRequest(prompt: context + [3], maxTokens: 1, cacheGroup: 7))
    #expect(other.cached == 0)
    // The written text is at hand too.
    let chat = context + [1, 2] + first.tokens
    #expect(try run(engine, SequenceRequest(prompt: chat + [9], maxTokens: 1)).cached == 105)
  }

  /// A text that ends while proposed tokens are being checked keeps what it has, not what was proposed.
  @Test func rejectedProposalsAreNotKept() throws {
    let model = try EngineTests.fixed([0, 1, 5, 2])
    let engine = try Engine(model, pages: 9, on: ThreadTeam(count: 1))
    // After 2 3, which stood before, 2 2 2 3 … is proposed; 2 ends the text.
    let prompt = (0..<21).map { UInt32($0 % 4 == 1 ? 3 : 2) }
    let first = try run(
      engine,
      SequenceRequest(
        prompt: prompt, maxTokens: 50, sampling: .greedy, stopTokens: [2], lookup: 8, minTokens: 1))
    #expect(first.tokens == [3] && first.end == .endOfText(2))
    #expect(engine.timing.proposedTokens > 0 && engine.timing.acceptedTokens == 0)
    let second = try run(engine, SequenceRequest(prompt: prompt + [3, 1], maxTokens: 2))
    #expect(second.cached == prompt.count)
  }

  @Test func beginningsAreForgottenInTheOrderOfTheirUse() throws {
    let tiny = try TinyModel()
    // Room for three texts of two pages.
    let engine = try Engine(try tiny.decoderModel(), pages: 6, on: ThreadTeam(count: 1))
    func cached(_ seed: UInt64) throws -> Int {
      let prompt = tiny.tokens(100, seed: seed)
      return try run(engine, SequenceRequest(prompt: prompt + [1], maxTokens: 2)).cached
    }
    #expect(try [1, 2, 3].map(cached) == [0, 0, 0])
    #expect(try cached(1) == 100)
    #expect(try cached(4) == 0, "takes the pages of 2")
    #expect(try cached(1) == 100)
    #expect(try cached(2) == 0)
  }

  /// A full pool of beginnings refuses no request, and many of them take no more pages.
  @Test func beginningsNeverStandInTheWay() throws {
    let tiny = try TinyModel()
    let engine = try Engine(try tiny.decoderModel(), pages: 5, on: ThreadTeam(count: 1))
    for n in 0..<200 {
      let prompt = tiny.tokens(20 + n % 110, seed: UInt64(n % 7))
      #expect(
        try run(engine, SequenceRequest(prompt: prompt, maxTokens: 5)).end != .stopped)
      #expect(engine.cachedPages <= 5 && engine.reservedPages == 0)
    }
  }

  /// With a target that no machine meets, a step reads the fewest rows while a text is written.
  @Test func longPromptsAreReadInPiecesBesideTexts() throws {
    let tiny = try TinyModel()
    let engine = try Engine(
      try tiny.decoderModel(), pages: 40, stepTarget: .nanoseconds(1), on: ThreadTeam(count: 1))
    let writer = try engine.submit(SequenceRequest(prompt: tiny.tokens(20), maxTokens: 30))
    _ = try engine.step()
    _ = try engine.submit(SequenceRequest(prompt: tiny.tokens(130, seed: 5), maxTokens: 1))
    var written = 0
    while engine.unfinished > 1 || written == 0 {
      let steps = try engine.step()
      #expect(steps.contains { $0.request == writer && $0.token != nil })
      written += 1
    }
    #expect((5...6).contains(written), "130 tokens, 31 or 32 a step: \(written)")
  }
}
