import Dataset
import Files
import Kernels
import Machine
import Training
import Transformer

/// A model of the built-in corpus on validation stories, and what it writes itself.
struct EvaluateStories {
  let file: ModelFile
  let dataset: TokenDataset
  let weights: WeightPrecision
  let team: ThreadTeam

  /// - count: how many texts it writes.
  func members(_ count: Int) throws -> [JSONMember] {
    let corpus = BuiltInCorpus(
      tokens: 0, stories: dataset.description?.train.documents ?? 0, vocabulary: 0, seed: 0)
    let pass = try LoadedModel.losses(
      of: file, weights, T: min(512, file.config.contextLength), on: team)
    let result = try StoryEvaluation(of: corpus, tokenizer: dataset.tokenizer, with: pass)
    var ngrams: [JSONMember] = []
    let training = StoryEvaluation.stream(
      of: corpus, .training, tokenizer: dataset.tokenizer, on: team)
    let held = StoryEvaluation.stream(
      of: corpus, .validation, tokenizer: dataset.tokenizer, on: team)
    for (name, order) in [("unigram", 1), ("trigram", 3)] {
      let model = NGramModel(
        order: order, tokens: training, vocabularySize: dataset.tokenizer.vocabularySize, on: team)
      ngrams.append(
        JSONMember(
          "stories_\(name)_nats_per_token", .number(model.crossEntropy(of: held, on: team))))
    }
    var references = StoryReferences()
    let model = try LoadedModel.decoderModel(of: file, weights, on: team)
    for text in try StoryWriter(model: model, tokenizer: dataset.tokenizer, team: team).texts(count)
    {
      references += StoryChecker.english.check(text)
    }
    return [
      JSONMember("stories", .integer(result.stories))
    ] + ngrams + [
      JSONMember("stories_model_nats_per_token", .number(result.model)),
      JSONMember("generator_nats_per_token", .number(result.generator)),
      JSONMember("over_generator", .number(result.model / result.generator)),
      JSONMember("texts_written", .integer(count)),
      JSONMember("references_right", .integer(references.right)),
      JSONMember("references_wrong", .integer(references.wrong)),
      JSONMember("references_right_share", .number(references.share ?? 0)),
    ]
  }
}
