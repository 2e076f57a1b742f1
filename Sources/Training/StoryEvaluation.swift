public import Dataset
public import Machine
public import Stories
public import Tokenization
public import Transformer

/// A model on whole stories of the built-in corpus, beside what the generator itself needs: each
/// story is predicted from `<|endoftext|>` on, up to the `<|endoftext|>` after it.
public struct StoryEvaluation: Sendable {
  /// Stories that fitted the window.
  public let stories: Int
  /// Tokens predicted, one `<|endoftext|>` a story among them.
  public let tokens: Int
  /// Nats a token of the model.
  public let model: Double
  /// Nats a token of the generator: the exact entropy of its choices, the floor of any model's loss.
  public let generator: Double

  /// Evaluates the validation stories of a corpus; those longer than the pass's T are left out.
  /// - Throws: ``TrainingError/configuration(_:)`` if the tokenizer has no `<|endoftext|>` or no story
  ///   fits.
  public init(
    of corpus: BuiltInCorpus, tokenizer: Tokenizer, with pass: some TokenLosses
  ) throws(TrainingError) {
    guard let end = tokenizer.endOfText, tokenizer.vocabularySize <= 65_536 else {
      throw .configuration("the tokenizer has no <|endoftext|>, which begins each story")
    }
    let generator = StoryGenerator(seed: corpus.seed, split: .validation)
    var batch = Batch(pass: pass, end: UInt16(end))
    var (stories, nats) = (0, 0.0)
    for index in 0..<corpus.validationStories {
      let story = generator.story(UInt64(index))
      let ids = tokenizer.encode(story.text).map { UInt16($0) }
      guard ids.count + 1 <= pass.T else { continue }
      batch.add(ids)
      stories += 1
      nats += story.nats
    }
    batch.flush()
    guard stories > 0 else {
      throw .configuration("no story fits --context \(pass.T): use at least 256")
    }
    self.stories = stories
    tokens = batch.tokens
    model = batch.nats / Double(batch.tokens)
    self.generator = nats / Double(batch.tokens)
  }

  /// The stories of one half as one stream, each after `<|endoftext|>`, without padding: what n-gram
  /// models are trained and tried on.
  public static func stream(
    of corpus: BuiltInCorpus, _ split: StorySplit, tokenizer: Tokenizer, on team: ThreadTeam
  ) -> TokenStream {
    let count = split == .training ? corpus.stories : corpus.validationStories
    let generator = StoryGenerator(seed: corpus.seed, split: split)
    let texts = (0..<count).map { Array(generator.story(UInt64($0)).text.utf8) }
    let end = UInt16(tokenizer.endOfText ?? 0)
    return TokenStream(
      tokens: tokenizer.encode(documents: texts, on: team).flatMap { [end] + $0.map { UInt16($0) } }
        + [end])
  }

  /// Stories side by side, each padded to T; the padding's losses are not counted.
  private struct Batch {
    let pass: any TokenLosses
    let end: UInt16
    var inputs: [UInt16] = []
    var targets: [UInt16] = []
    var lengths: [Int] = []
    var nats = 0.0
    var tokens = 0

    init(pass: any TokenLosses, end: UInt16) {
      self.pass = pass
      self.end = end
    }

    mutating func add(_ ids: [UInt16]) {
      let padding = [UInt16](repeating: end, count: pass.T - ids.count - 1)
      inputs += [end] + ids + padding
      targets += ids + [end] + padding
      lengths.append(ids.count + 1)
      if lengths.count == pass.microBatch { flush() }
    }

    mutating func flush() {
      guard !lengths.isEmpty else { return }
      inputs.withUnsafeBufferPointer { inputs in
        targets.withUnsafeBufferPointer { targets in
          guard let x = inputs.baseAddress, let y = targets.baseAddress else { return }
          let losses = pass.tokenLosses(tokens: x, targets: y, count: lengths.count)
          for (b, length) in lengths.enumerated() {
            for t in 0..<length { nats += losses[b * pass.T + t] }
            tokens += length
          }
        }
      }
      (inputs, targets, lengths) = ([], [], [])
    }
  }
}
