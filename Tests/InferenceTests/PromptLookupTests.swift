import Machine
import Testing

@testable import Inference
@testable import Transformer

/// Prompt lookup: the text that there is without, in fewer passes.
@Suite struct PromptLookupTests {
  @Test(arguments: [
    // The latest of two places with two equal tokens.
    ([1, 2, 3, 4, 1, 2, 5, 6, 1, 2], 3, [5, 6, 1]),
    // The place with three equal tokens, though an earlier one.
    ([7, 1, 2, 3, 9, 1, 2, 5, 7, 1, 2], 2, [3, 9]),
    // One equal token is too few, and so is none.
    ([1, 2, 3, 2], 3, []), ([1, 2, 3], 3, []), ([5], 3, []), ([], 3, []),
    // A period goes on beyond the end.
    ([8, 1, 2, 3, 1, 2, 3, 1, 2], 7, [3, 1, 2, 3, 1, 2, 3]), ([4, 4, 4], 3, [4, 4, 4]),
    ([1, 2, 3, 1, 2], 0, []), ([1, 2, 3, 1, 2], -1, []),
  ])
  func proposesWhatFollowedBefore(tokens: [UInt32], count: Int, expected: [UInt32]) {
    // As long as after many right ones.
    var lookup = PromptLookup()
    for _ in 0..<3 { lookup.learn(proposed: 2, accepted: 2) }
    #expect(lookup.length == 16 && lookup.match == 2)
    #expect(lookup.proposal(after: tokens[...], most: count) == expected)
    // The slice's bounds are kept.
    let longer = tokens + tokens
    #expect(lookup.proposal(after: longer[tokens.count...], most: count) == expected)
  }

  @Test func wrongProposalsMakeItCautious() {
    var lookup = PromptLookup()
    let tokens: [UInt32] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 5, 6, 7]
    #expect(lookup.proposal(after: tokens[...], most: 9) == [8, 9])
    lookup.learn(proposed: 2, accepted: 0)
    #expect(lookup.proposal(after: tokens[...], most: 9) == [8])
    lookup.learn(proposed: 1, accepted: 0)
    // Three equal tokens are too few now, and nothing is learnt from no proposal.
    #expect(lookup.proposal(after: tokens[...], most: 9).isEmpty)
    lookup.learn(proposed: 0, accepted: 0)
    let four = [4] + tokens[4...] + [4, 5, 6, 7]
    #expect(lookup.proposal(after: four[...], most: 9) == [8])
    lookup.learn(proposed: 1, accepted: 1)
    #expect(lookup.proposal(after: tokens[...], most: 9) == [8, 9])
    lookup.learn(proposed: 8, accepted: 3)
    #expect(lookup.length == 4 && lookup.match == 2)
    for _ in 0..<9 { lookup.learn(proposed: 1, accepted: 0) }
    #expect(lookup.length == 1 && lookup.match == 6)
  }

  /// Random models, prompts that repeat, all kinds of settings: the same steps, bit for bit.
  @Test(arguments: 1...6, [1, 3, 8, 50])
  func changesNoText(seed: UInt64, lookup: Int) throws {
    let (V, T) = ([7, 101, 33][Int(seed) % 3], [20, 140, 70][Int(seed) % 3])
    let tiny = try TinyModel(V: V, T: T, seed: seed)
    let model = try tiny.decoderModel()
    var timing = (proposed: 0, accepted: 0)
    for (n, wide) in SamplerTests.settings.enumerated() {
      let sampling = SamplerTests.within(V, wide)
      let words = tiny.tokens(5, seed: seed &* 31 &+ UInt64(n))
      var request = SequenceRequest(
        prompt: Array((words + words.dropLast() + words).prefix(T)), maxTokens: 3 + 11 * (n % 9),
        sampling: sampling, stopTokens: n % 4 == 1 ? [UInt32(n % V)] : [], seed: seed,
        sample: UInt32(n % 2), slide: n % 3 == 0, logprobs: n % 5 == 2 ? 2 : nil)
      let expected = try EngineTests.run(model, request)
      request.lookup = lookup
      let engine = try Engine(model, on: ThreadTeam(count: 1 + n % 3))
      let generator = try Generator(engine, request)
      var steps: [SequenceStep] = []
      while let step = try generator.next() { steps.append(step) }
      #expect(steps == expected, "\(sampling)")
      timing.proposed += engine.timing.proposedTokens
      timing.accepted += engine.timing.acceptedTokens
      // Each draw is counted once.
      #expect(
        engine.timing.prefillTokens + engine.timing.decodeTokens
          >= request.prompt.count + expected.count - 1)
    }
    #expect(timing.accepted > 0 && timing.accepted < timing.proposed, "\(timing)")
  }

  /// In company, with shared beginnings and a small pool: each text as alone and without.
  @Test(arguments: [(1, 6, 512), (2, 7, 16), (3, 40, 100)])
  func changesNoTextInCompany(threads: Int, pages: Int, promptRows: Int) throws {
    let tiny = try TinyModel(V: 9)
    let model = try tiny.decoderModel()
    let requests = EngineBatchTests.requests(40, tiny).enumerated().map { n, request in
      var request = request
      request.stopTokens = n % 2 == 0 ? [] : [3]
      request.prompt = request.prompt.map { $0 % 9 }
      request.promptLogprobs = nil
      return request
    }
    let alone = try requests.map { try EngineTests.run(model, $0).map(Content.init) }
    let engine = try Engine(
      model, pages: pages, promptRows: promptRows, on: ThreadTeam(count: threads))
    for (n, request) in requests.enumerated() {
      var request = request
      request.lookup = [0, 2, 8][n % 3]
      _ = try engine.submit(request)
    }
    var texts = [[Content]](repeating: [], count: requests.count)
    while engine.unfinished > 0 {
      for step in try engine.step() { texts[step.request].append(Content(step)) }
    }
    for n in requests.indices { #expect(texts[n] == alone[n], "request \(n)") }
    #expect(engine.timing.acceptedTokens > 0)
  }

  /// A step without the request's number.
  private struct Content: Equatable {
    let (token, logprob, top, end): (UInt32?, Float?, [TokenLogprob], EndReason?)

    init(_ step: SequenceStep) {
      (token, logprob, top, end) = (step.token, step.logprob, step.top, step.end)
    }
  }

  @Test func aRepeatingTextTakesFewPasses() throws {
    let model = try EngineTests.fixed([0, 1, 5, 2])
    let engine = try Engine(model, on: ThreadTeam(count: 1))
    let generator = try Generator(
      engine, SequenceRequest(prompt: [2, 2], maxTokens: 90, sampling: .greedy, lookup: 8))
    while let step = try generator.next() { #expect(step.token == 2) }
    // The prompt's pass draws one token, the next ones 3 and 5, nine more 9 each.
    #expect(engine.timing.decodeSteps == 11)
    #expect(engine.timing.decodeTokens == 89)
    #expect(engine.timing.proposedTokens == 78 && engine.timing.acceptedTokens == 78)
  }

  @Test func stoppingDropsWhatWasDrawnAhead() throws {
    for (after, maxTokens) in [(1, 40), (3, 40), (3, 9)] {
      let engine = try Engine(try EngineTests.fixed([0, 1, 5, 2]), on: ThreadTeam(count: 1))
      let generator = try Generator(
        engine, SequenceRequest(prompt: [2, 2], maxTokens: maxTokens, sampling: .greedy, lookup: 8))
      for _ in 0..<after { #expect(try generator.next()?.token == 2) }
      generator.stop()
      #expect(try generator.next()?.end == .stopped)
      #expect(try generator.next() == nil)
      #expect(engine.unfinished == 0)
    }
  }
}
