import ArgumentParser
import Dataset
import Files
import Generation
import Glibc
import Inference
import Kernels
import Machine
import Tasks
import Tokenization
import Transformer

/// `evaluate --multiple-choice` and `--last-word`: texts to tokens, their scores to shares.
struct EvaluateQuestions {
  private let tokenizer: Tokenizer
  private let scorer: ContinuationScorer
  private let context: Int

  /// - context: tokens that the model sees; nil is its own context.
  init(
    _ checkpoint: String, _ precision: WeightPrecision, context: Int?, on team: ThreadTeam
  ) throws {
    var terminal = Terminal()
    let stored = try StoredModel(checkpoint, verify: .everything) { terminal.note($0) }
    let most = stored.config.contextLength
    if let context, context > most {
      throw ValidationError("--context \(context): expected 1...\(most)")
    }
    self.context = context ?? most
    let loaded = try stored.load(precision, pages: KVPool.pages(for: most), on: team)
    tokenizer = stored.tokenizer
    scorer = try ContinuationScorer(loaded.model, contextLength: context, on: team)
  }

  /// Multiple choice: accuracies.
  func members(_ questions: [MultipleChoiceQuestion]) throws -> [JSONMember] {
    var encoded: [ContinuationScorer.Question] = []
    for question in questions {
      // The context's tokens are the same beside every ending.
      let parts = try question.endings.map {
        try tokens(question.context, " " + $0, question.place)
      }
      encoded.append(
        .init(context: parts[0].context, continuations: parts.map(\.continuation)))
    }
    let scores = try scores(encoded)
    let result = MultipleChoiceResult(questions, logprobs: scores.map { $0.map(\.logprob) })
    return [JSONMember("questions", .integer(questions.count))]
      + share("acc", result.accuracy) + share("acc_norm", result.accuracyByCharacters)
      + share("acc_bytes", result.accuracyByBytes) + truncated(encoded)
  }

  /// Last words: accuracy, and the perplexity of a word.
  func members(_ passages: [LastWordPassage]) throws -> [JSONMember] {
    let encoded = try passages.map {
      let parts = try tokens($0.context, $0.word, $0.place)
      return ContinuationScorer.Question(
        context: parts.context, continuations: [parts.continuation])
    }
    let scores = try scores(encoded).map { $0[0] }
    let logprob = SampleMean(scores.map(\.logprob))
    return [JSONMember("passages", .integer(passages.count))]
      + share("acc", SampleMean(scores.map(\.isGreedy)))
      + [
        JSONMember("perplexity", .number(exp(-logprob.mean))),
        JSONMember("nats_per_word", .number(-logprob.mean)),
        JSONMember("nats_per_word_stderr", logprob.standardError.map { .number($0) } ?? .null),
      ] + truncated(encoded)
  }

  private func tokens(
    _ context: String, _ continuation: String, _ place: String
  ) throws(DatasetError) -> ContinuationTokens {
    guard
      let tokens = ContinuationTokens(
        context: context, continuation: continuation, tokenizer)
    else {
      throw DatasetError(
        .malformed, at: place,
        "expected a context, found none, and the tokenizer has no <|endoftext|> to stand for it")
    }
    guard (1...self.context).contains(tokens.continuation.count) else {
      throw DatasetError(
        .malformed, at: place,
        "expected an ending of 1 to \(self.context) tokens, as the model's context is, found "
          + "\(tokens.continuation.count)")
    }
    return tokens
  }

  private func scores(
    _ questions: [ContinuationScorer.Question]
  ) throws -> [[ContinuationScorer.Score]] {
    var terminal = Terminal()
    let start = ContinuousClock.now
    let scores = try scorer.scores(questions) { done in
      terminal.progress(done, of: questions.count, "questions", since: start)
      try Interrupts.check()
    }
    terminal.clear()
    return scores
  }

  private func share(_ name: String, _ mean: SampleMean) -> [JSONMember] {
    [
      JSONMember(name, .number(mean.mean)),
      JSONMember("\(name)_stderr", mean.standardError.map { .number($0) } ?? .null),
    ]
  }

  /// Continuations before which a context's beginning was left out.
  private func truncated(_ questions: [ContinuationScorer.Question]) -> [JSONMember] {
    let count = questions.reduce(0) { sum, question in
      sum
        + question.continuations.count {
          scorer.leftOut(of: question.context.count, before: $0.count) > 0
        }
    }
    return [JSONMember("truncated", .integer(count))]
  }
}
