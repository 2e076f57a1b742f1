import Dataset
import Files
import Generation
import Inference
import Kernels
import Machine
import Stories
import Training
import Transformer

/// A model of the built-in corpus on validation stories, and what it writes itself.
struct EvaluateStories {
  let file: ModelFile
  let dataset: TokenDataset
  let weights: WeightPrecision
  let team: ThreadTeam

  /// - count: how many texts it writes.
  func verdict(_ count: Int) throws -> StoryVerdict {
    let corpus = BuiltInCorpus(
      tokens: 0, stories: dataset.description?.train.documents ?? 0, vocabulary: 0, seed: 0)
    let pass = try file.losses(weights, T: min(512, file.config.contextLength), on: team)
    let result = try StoryEvaluation(of: corpus, tokenizer: dataset.tokenizer, with: pass)
    let training = StoryEvaluation.stream(
      of: corpus, .training, tokenizer: dataset.tokenizer, on: team)
    let held = StoryEvaluation.stream(
      of: corpus, .validation, tokenizer: dataset.tokenizer, on: team)
    let ngrams = try [1, 3].map {
      try Interrupts.check()
      return NGramModel(
        order: $0, tokens: training, vocabularySize: dataset.tokenizer.vocabularySize, on: team
      ).crossEntropy(of: held, on: team)
    }
    var references = StoryReferences()
    try Interrupts.check()
    try writeTexts(count) { references += StoryChecker.english.check($0) }
    return StoryVerdict(
      losses: result, unigram: ngrams[0], trigram: ngrams[1], texts: count, references: references)
  }
}

extension EvaluateStories {
  /// Texts that the model writes from `<|endoftext|>` on, as it has them (temperature 1), to their end
  /// or the end of the context.
  private func writeTexts(_ count: Int, _ show: (String) -> Void) throws {
    let (length, end) = (file.config.contextLength, dataset.tokenizer.endOfText ?? 0)
    let run = try GenerationRun(
      file.decoderModel(weights, on: team), dataset.tokenizer, count: count, longest: length,
      on: team)
    let requests = (0..<count).lazy.map { sample in
      TextRequest(
        SequenceRequest(
          prompt: [end], maxTokens: max(1, length - 1), stopTokens: [end], seed: 1,
          sample: UInt32(truncatingIfNeeded: sample)))
    }
    try run.run(requests, finish: { show(String(decoding: $1.shown, as: UTF8.self)) })
  }
}

/// How good a model is at stories.
struct StoryVerdict {
  let losses: StoryEvaluation
  /// Nats a token of n-gram models.
  let unigram, trigram: Double
  let texts: Int
  let references: StoryReferences

  private var overGenerator: Double { losses.model / losses.generator }

  var members: [JSONMember] {
    [
      JSONMember("stories", .integer(losses.stories)),
      JSONMember("stories_unigram_nats_per_token", .number(unigram)),
      JSONMember("stories_trigram_nats_per_token", .number(trigram)),
      JSONMember("stories_model_nats_per_token", .number(losses.model)),
      JSONMember("generator_nats_per_token", .number(losses.generator)),
      JSONMember("over_generator", .number(overGenerator)),
      JSONMember("texts_written", .integer(texts)),
      JSONMember("references_right", .integer(references.right)),
      JSONMember("references_wrong", .integer(references.wrong)),
      JSONMember("references_right_share", .number(references.share ?? 0)),
    ]
  }

  /// Throws an error that names the first that is not good enough.
  func require() throws(StoriesNotGood) {
    let share = references.share ?? 0
    for (isGood, what, most, found) in [
      (
        losses.model < trigram, "nats a token", "below the trigram model's \(trigram)", losses.model
      ),
      (overGenerator <= 1.25, "nats over the generator's", "at most 1.25", overGenerator),
      (share >= 0.7, "share of right references", "at least 0.7", share),
    ] where !isGood {
      throw StoriesNotGood(description: "\(what): expected \(most), found \(found)")
    }
  }
}

/// What is not good enough about a model's stories: the measure, expected, found.
struct StoriesNotGood: Error, CustomStringConvertible {
  let description: String
}
