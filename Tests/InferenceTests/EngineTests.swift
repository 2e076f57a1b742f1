import Glibc
import Machine
import Testing

@testable import Inference
@testable import Transformer

@Suite struct EngineTests {
  /// A model whose logits are the same whatever it reads: logit v is `logits[v]`.
  static func fixed(_ logits: [Float], contextLength: Int = 200) throws -> DecoderModel {
    let config = GPT2Config(
      vocabularySize: logits.count, contextLength: contextLength, width: 6, layers: 1, heads: 2)
    let model = try DecoderModel(config)
    try model.load(on: ThreadTeam(count: 1)) { entry, elements, values in
      for (i, element) in elements.enumerated() {
        values[i] = 0
        if entry.name.hasSuffix("wte.weight") && element % 6 == 0 {
          values[i] = logits[element / 6]
        }
        // LayerNorm's output is (1, 0, …): weight 0, bias 1 in the first channel.
        if entry.name.hasSuffix("ln_f.bias") && element == 0 { values[i] = 1 }
      }
    }
    return model
  }

  static func run(
    _ model: DecoderModel, _ request: SequenceRequest, threads: Int = 1, promptRows: Int = 512
  ) throws -> [SequenceStep] {
    let engine = try Engine(model, promptRows: promptRows, on: ThreadTeam(count: threads))
    let generator = try Generator(engine, request)
    var steps: [SequenceStep] = []
    while let step = try generator.next() { steps.append(step) }
    #expect(engine.unfinished == 0)
    return steps
  }

  @Test func endsAtTheStopTokenWhichIsNoText() throws {
    let model = try Self.fixed([0, 1, 5, 2])
    let steps = try Self.run(
      model, SequenceRequest(prompt: [1], maxTokens: 5, sampling: .greedy, stopTokens: [0, 2]))
    #expect(steps == [SequenceStep(request: 0, end: .endOfText(2))])
    // In the prompt a stop token stops nothing.
    let other = try Self.run(
      model, SequenceRequest(prompt: [0, 3], maxTokens: 2, sampling: .greedy, stopTokens: [0, 3]))
    #expect(
      other == [
        SequenceStep(request: 0, token: 2), SequenceStep(request: 0, token: 2, end: .maxTokens),
      ])
  }

  @Test func endsAfterMaxTokens() throws {
    let model = try Self.fixed([0, 1, 5, 2])
    for count in [1, 2, 7] {
      let steps = try Self.run(
        model, SequenceRequest(prompt: [1, 3], maxTokens: count, sampling: .greedy))
      #expect(steps.map(\.token) == [UInt32?](repeating: 2, count: count))
      #expect(steps.map(\.end) == [EndReason?](repeating: nil, count: count - 1) + [.maxTokens])
    }
  }

  /// A token is drawn for as long as the one before it fits the context.
  @Test(arguments: [1, 3, 8])
  func endsWhenTheContextIsFull(prompt: Int) throws {
    let model = try Self.fixed([0, 1, 5, 2], contextLength: 8)
    let steps = try Self.run(
      model,
      SequenceRequest(
        prompt: [UInt32](repeating: 1, count: prompt), maxTokens: 100, sampling: .greedy))
    #expect(steps.count == 9 - prompt)
    #expect(steps.last == SequenceStep(request: 0, token: 2, end: .contextFull))
    #expect(steps.dropLast().allSatisfy { $0.end == nil })
  }

  @Test func endsWhenStopped() throws {
    let engine = try Engine(try Self.fixed([0, 1, 5]), on: ThreadTeam(count: 1))
    let generator = try Generator(
      engine, SequenceRequest(prompt: [1], maxTokens: 100, sampling: .greedy))
    #expect(try generator.next()?.end == nil)
    #expect(try generator.next()?.token == 2)
    generator.stop()
    #expect(try generator.next() == SequenceStep(request: 0, end: .stopped))
    #expect(try generator.next() == nil)
    #expect(engine.unfinished == 0)
  }

  @Test func brokenWeightsEndTheText() throws {
    let model = try Self.fixed([0, .nan, 5])
    for sampling in [SamplingSettings.greedy, SamplingSettings()] {
      let steps = try Self.run(
        model, SequenceRequest(prompt: [0], maxTokens: 9, sampling: sampling))
      #expect(steps == [SequenceStep(request: 0, end: .invalidLogits)])
    }
  }

  @Test func greedyTextIsTheTrainingForwards() throws {
    let tiny = try TinyModel(T: 100)
    for (length, promptRows) in [(1, 512), (5, 2), (62, 512), (64, 30)] {
      let prompt = tiny.tokens(length)
      let request = SequenceRequest(prompt: prompt, maxTokens: 20, sampling: .greedy, logprobs: 0)
      let steps = try Self.run(
        try tiny.decoderModel(), request, threads: 2, promptRows: promptRows)
      var text = prompt
      for step in steps {
        let logits = try #require(try tiny.trainingLogits(text).last)
        let best = try #require(logits.max())
        #expect(step.token == logits.firstIndex(of: best).map { UInt32($0) })
        let probability = try #require(
          NaiveSampling.probabilities(logits, SamplingSettings(), TokenHistory()).max())
        #expect(abs(try #require(step.logprob) - Float(log(probability))) < 1e-5)
        text.append(try #require(step.token))
      }
      #expect(text.count == length + 20)
    }
  }

  /// When the context is full its last half is read anew.
  @Test(arguments: [(9, 3), (9, 9), (9, 25), (8, 5), (2, 1), (1, 1)])
  func slidingReadsTheLastHalfAnew(contextLength: Int, promptLength: Int) throws {
    let tiny = try TinyModel(T: contextLength)
    let prompt = tiny.tokens(promptLength)
    let steps = try Self.run(
      try tiny.decoderModel(),
      SequenceRequest(prompt: prompt, maxTokens: 40, sampling: .greedy, slide: true))
    #expect(steps.count == 40)
    var (text, window) = (prompt, Array(prompt.suffix(contextLength)))
    for step in steps {
      if window.count > contextLength {
        window = Array(text.suffix(max(1, contextLength / 2)))
      }
      let logits = try #require(try tiny.trainingLogits(window).last)
      let best = try #require(logits.max())
      #expect(step.token == logits.firstIndex(of: best).map { UInt32($0) })
      text.append(try #require(step.token))
      window.append(try #require(step.token))
    }
  }

  @Test func sameTextForAnyThreadsAndAnotherForAnotherSeed() throws {
    let tiny = try TinyModel()
    func text(threads: Int, seed: UInt64, sample: UInt32) throws -> [UInt32?] {
      try Self.run(
        try tiny.decoderModel(threads: threads),
        SequenceRequest(
          prompt: tiny.tokens(10), maxTokens: 60, sampling: SamplingSettings(topP: 0.98),
          seed: seed, sample: sample),
        threads: threads
      ).map(\.token)
    }
    let one = try text(threads: 1, seed: 5, sample: 0)
    #expect(try text(threads: 2, seed: 5, sample: 0) == one)
    #expect(try text(threads: 3, seed: 5, sample: 0) == one)
    #expect(try text(threads: 2, seed: 6, sample: 0) != one)
    #expect(try text(threads: 2, seed: 5, sample: 1) != one)
  }

  @Test func repetitionPenaltyKnowsPromptAndText() throws {
    // 4 would win; each id that the text has is halved.
    let model = try Self.fixed([3, 4, 5, 6, 8])
    let steps = try Self.run(
      model,
      SequenceRequest(
        prompt: [3], maxTokens: 4,
        sampling: SamplingSettings(temperature: 0, repetitionPenalty: 2)))
    #expect(steps.map(\.token) == [4, 2, 1, 4])
  }

  @Test func whatIsWrongWithARequestIsSaid() throws {
    let engine = try Engine(
      try Self.fixed([0, 1], contextLength: 200), pages: 2, on: ThreadTeam(count: 1))
    func error(_ request: SequenceRequest) -> InferenceError? {
      do throws(InferenceError) {
        _ = try engine.submit(request)
        return nil
      } catch { return error }
    }
    let long = [UInt32](repeating: 1, count: 201)
    #expect(error(SequenceRequest(prompt: [], maxTokens: 1)) == .emptyPrompt)
    #expect(
      error(SequenceRequest(prompt: [1, 2], maxTokens: 1))
        == .unknownToken(id: 2, vocabularySize: 2))
    #expect(
      error(SequenceRequest(prompt: long, maxTokens: 1))
        == .promptTooLong(tokens: 201, contextLength: 200))
    #expect(
      error(SequenceRequest(prompt: long, maxTokens: 1, slide: true))
        == .poolTooSmall(needed: 4, pages: 2))
    #expect(
      error(SequenceRequest(prompt: [1], maxTokens: .max)) == .poolTooSmall(needed: 4, pages: 2))
    #expect(
      error(SequenceRequest(prompt: [1], maxTokens: -1))
        == .setting(name: "max tokens", value: "-1", expected: "at least 0"))
    for sampling in [
      SamplingSettings(logitBias: [2: 1]), SamplingSettings(banned: [2]),
    ] {
      #expect(
        error(SequenceRequest(prompt: [1], maxTokens: 1, sampling: sampling))
          == .unknownToken(id: 2, vocabularySize: 2))
    }
    for sampling in [
      SamplingSettings(presencePenalty: .nan), SamplingSettings(frequencyPenalty: 101),
      SamplingSettings(logitBias: [1: .infinity]), SamplingSettings(banned: [0, 1]),
    ] {
      #expect(error(SequenceRequest(prompt: [1], maxTokens: 1, sampling: sampling)) != nil)
    }
    var request = SequenceRequest(prompt: [1], maxTokens: 3, stopTokens: [0, 1, 7], minTokens: 1)
    #expect(error(request) != nil, "no token but stop tokens")
    request.stopTokens = [1, 7]
    #expect(throws: Never.self) { try engine.check(request) }
    #expect(
      error(SequenceRequest(prompt: [1], maxTokens: 1, logprobs: -1))
        == .setting(name: "logprobs", value: "-1", expected: "at least 0"))
    #expect(
      error(SequenceRequest(prompt: [1], maxTokens: 1, sampling: SamplingSettings(topK: 0))) != nil)
    #expect(engine.unfinished == 0)
    #expect(error(SequenceRequest(prompt: [1], maxTokens: 128)) == nil)
  }
}
