import Glibc
import Machine
import Testing

@testable import Inference
@testable import Transformer

@Suite struct ContinuationScorerTests {
  typealias Question = ContinuationScorer.Question

  /// Of the training forward's logits, without a cache and one text at a time.
  private func naive(
    _ tiny: TinyModel, _ context: [UInt32], _ continuation: [UInt32], _ length: Int
  ) throws -> (logprob: Double, isGreedy: Bool) {
    let text = (context + continuation).suffix(length + 1)
    let rows = try tiny.trainingLogits(text.dropLast()).suffix(continuation.count)
    var (sum, isGreedy) = (0.0, true)
    for (row, token) in zip(rows, continuation) {
      sum += log(NaiveSampling.softmax(row.map(Double.init))[Int(token)])
      isGreedy = isGreedy && row.firstIndex(of: row.max() ?? 0) == Int(token)
    }
    return (sum, isGreedy)
  }

  private func questions(_ tiny: TinyModel) throws -> [Question] {
    try (0..<30).map { n in
      let context = tiny.tokens(1 + (n * 37) % 75, seed: UInt64(n))
      var continuations = (0..<1 + n % 4).map {
        tiny.tokens(1 + (n * 7 + $0 * 5) % 20, seed: UInt64(100 + 4 * n + $0))
      }
      // Some that are what the model would write.
      if n % 3 == 0 {
        let steps = try EngineTests.run(
          try tiny.decoderModel(),
          SequenceRequest(prompt: context, maxTokens: 3, sampling: .greedy, slide: true))
        continuations[0] = steps.compactMap(\.token)
      }
      return Question(context: context, continuations: continuations)
    }
  }

  @Test(arguments: [(1, nil), (2, 70), (3, 25)])
  func scoresAreThoseOfTheTrainingForward(threads: Int, contextLength: Int?) throws {
    let tiny = try TinyModel(T: 80)
    let questions = try questions(tiny)
    let length = contextLength ?? 80
    let scorer = try ContinuationScorer(
      try tiny.decoderModel(), contextLength: contextLength, on: ThreadTeam(count: threads))
    var done: [Int] = []
    let scores = try scorer.scores(questions) { done.append($0) }
    #expect(done.last == 30 && done == done.sorted() && done.count > 2)
    var (greedy, cut) = (0, 0)
    for (question, scores) in zip(questions, scores) {
      try #require(scores.count == question.continuations.count)
      for (continuation, score) in zip(question.continuations, scores) {
        let expected = try naive(tiny, question.context, continuation, length)
        #expect(abs(score.logprob - expected.logprob) < 1e-4, "\(question)")
        #expect(score.isGreedy == expected.isGreedy)
        greedy += score.isGreedy ? 1 : 0
        cut += scorer.leftOut(of: question.context.count, before: continuation.count) > 0 ? 1 : 0
      }
    }
    #expect(greedy > 0 && cut > 0, "\(greedy), \(cut)")
  }

  @Test func companyEntersNoScore() throws {
    let tiny = try TinyModel(T: 80)
    let questions = try questions(tiny)
    let scorer = try ContinuationScorer(try tiny.decoderModel(), on: ThreadTeam(count: 2))
    let all = try scorer.scores(questions)
    for (n, question) in questions.enumerated() {
      #expect(try scorer.scores([question]) == [all[n]])
      for (c, continuation) in question.continuations.enumerated() {
        let one = Question(context: question.context, continuations: [continuation])
        #expect(try scorer.scores([one]) == [[all[n][c]]])
      }
    }
  }

  @Test func badIdsAndBrokenWeightsAreRefused() throws {
    let model = try EngineTests.fixed([0, 1, 5, 2])
    let scorer = try ContinuationScorer(model, on: ThreadTeam(count: 1))
    for (context, continuation) in [([0, 4], [1]), ([0], [1, 9])] as [([UInt32], [UInt32])] {
      #expect(throws: InferenceError.self) {
        try scorer.scores([Question(context: context, continuations: [continuation])])
      }
    }
    #expect(throws: InferenceError.emptyPrompt) {
      try scorer.scores([Question(context: [], continuations: [[1]])])
    }
    let broken = try ContinuationScorer(
      try EngineTests.fixed([0, .nan, 5]), on: ThreadTeam(count: 1))
    #expect(throws: InferenceError.invalidLogits) {
      try broken.scores([Question(context: [0], continuations: [[2]])])
    }
  }
}
