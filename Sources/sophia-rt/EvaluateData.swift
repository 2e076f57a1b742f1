import ArgumentParser
import Checkpoints
import Dataset
import Files
import Glibc
import Inference
import Kernels
import Machine
import Training
import Transformer

/// `evaluate --data`: the loss on a dataset's validation tokens.
struct EvaluateData {
  let checkpoint: String
  let data: String?
  let tokens: Int?
  let context: Int?
  let stride: Int?
  let baselines: Bool
  let stories: Int?
  let weights: WeightPrecision

  init(
    _ checkpoint: String, data: String?, tokens: Int?, context: Int?, stride: Int?,
    baselines: Bool, stories: Int?, weights: WeightPrecision
  ) {
    (self.checkpoint, self.data, self.tokens) = (checkpoint, data, tokens)
    (self.context, self.stride, self.baselines, self.stories) = (
      context, stride, baselines, stories
    )
    self.weights = weights
  }

  /// What is measured, for the JSON object; and how the model is at stories, if that was asked for.
  func members(on team: ThreadTeam) throws -> ([JSONMember], StoryVerdict?) {
    var terminal = Terminal()
    let (found, damaged) = try CheckpointDirectory.open(checkpoint, verify: .everything)
    for skipped in damaged { terminal.note("passed over a damaged checkpoint: \(skipped)") }
    let file = try ModelFile(found)
    if let notice = file.notice { terminal.note(notice) }
    let dataset = try TrainingRun.dataset(for: found, directory: data)
    guard dataset.tokenizer.vocabularySize <= file.config.vocabularySize else {
      throw ValidationError(
        "\(dataset.directory): its tokenizer has \(dataset.tokenizer.vocabularySize) ids, the model "
          + "\(file.config.vocabularySize): this is the dataset of another model")
    }
    let T = context ?? file.config.contextLength
    guard T <= file.config.contextLength else {
      throw ValidationError("--context \(T): expected 1...\(file.config.contextLength)")
    }
    if let stride, stride > T {
      throw ValidationError("--stride \(stride): expected 1...\(T), the context")
    }
    let slice = try ValidationSlice(dataset.validation, context: T, maxTokens: nil)
    let windows = min(slice.count, tokens.map { 1 + ($0 - 1) / T } ?? .max)
    let pass = try file.losses(weights, T: T, sequences: windows, on: team)
    let lengths = TokenLengths(dataset.tokenizer)
    let start = ContinuousClock.now
    let progress = { (done: Int, count: Int) throws in
      terminal.progress(done, of: count, "windows", since: start)
      try Interrupts.check()
    }
    // A number of tokens need not be one of whole windows.
    let stride = stride ?? (tokens == nil ? nil : T)
    var members: [JSONMember]
    let predicted: Range<Int>
    if let stride {
      let result = try StridedEvaluation(
        of: dataset.validation, limit: tokens, stride: stride, lengths: lengths, with: pass,
        progress: progress)
      predicted = 1..<result.tokens + 1
      members = try loss(result.tokens, result.nats, result.bitsPerByte)
    } else {
      let result = try Evaluation(of: slice, lengths: lengths, with: pass, progress: progress)
      predicted = slice.targets
      members = try loss(predicted.count, result.nats, result.bitsPerByte)
    }
    terminal.clear()
    if baselines {
      for (name, order) in [("unigram", 1), ("trigram", 3)] {
        try Interrupts.check()
        let model = NGramModel(
          order: order, tokens: dataset.train, vocabularySize: dataset.tokenizer.vocabularySize,
          on: team)
        let nats = model.crossEntropy(of: dataset.validation, targets: predicted, on: team)
        members.append(JSONMember("\(name)_nats_per_token", .number(nats)))
      }
    }
    if let failure = dataset.validation.failure ?? dataset.train.failure { throw failure }
    let verdict = try stories.map {
      try EvaluateStories(file: file, dataset: dataset, weights: weights, team: team).verdict($0)
    }
    return (members + (verdict?.members ?? []), verdict)
  }

  private func loss(
    _ tokens: Int, _ nats: Double, _ bitsPerByte: Double?
  ) throws(InferenceError) -> [JSONMember] {
    guard nats.isFinite else { throw .invalidLogits }
    return [
      JSONMember("tokens", .integer(tokens)), JSONMember("nats_per_token", .number(nats)),
      JSONMember("perplexity", .number(exp(nats))),
    ] + (bitsPerByte.map { [JSONMember("bits_per_byte", .number($0))] } ?? [])
  }
}
