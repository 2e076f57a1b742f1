import ArgumentParser
import Checkpoints
import Dataset
import Files
import Machine
import Training
import Transformer

/// `sophia-rt evaluate`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a checkpoint's loss on a dataset's validation tokens.",
    discussion:
      "Prints one JSON object: nats a token, perplexity, bits a byte, and with --baselines "
      + "the cross-entropy of unigram and trigram models of the training tokens.")

  @Option(help: ArgumentHelp("Checkpoint or run directory.", valueName: "dir"))
  var checkpoint: String
  @Option(
    help: ArgumentHelp("Dataset directory (default: the run's own data).", valueName: "dir"))
  var data: String?
  @Option(help: ArgumentHelp("Validation tokens (default: all).", valueName: "n"))
  var tokens: Int?
  @Option(help: ArgumentHelp("Tokens of a window (default: the model's context).", valueName: "n"))
  var context: Int?
  @Flag(help: "Also train unigram and trigram models on the training tokens.")
  var baselines = false
  @Option(
    help: ArgumentHelp(
      "Judge a model of the built-in corpus: loss on whole validation stories beside the generator's "
        + "own entropy, and the references to earlier names, things and places in so many texts that "
        + "it writes.", valueName: "n"))
  var stories: Int?
  @OptionGroup var threadOptions: ThreadOptions

  func run() throws {
    let (_, team) = try threadOptions.team()
    var terminal = Terminal()
    let (found, damaged) = try CheckpointDirectory.open(checkpoint, verify: .everything)
    for skipped in damaged { terminal.note("passed over a damaged checkpoint: \(skipped)") }
    let file = try ModelFile(found)
    for notice in file.notices { terminal.note(notice) }
    let dataset = try TrainingRun.dataset(for: found, directory: data)
    guard dataset.tokenizer.vocabularySize <= file.config.vocabularySize else {
      throw ValidationError(
        "\(dataset.directory): its tokenizer has \(dataset.tokenizer.vocabularySize) ids, the model "
          + "\(file.config.vocabularySize): this is the dataset of another model")
    }
    let T = context ?? file.config.contextLength
    guard T >= 1 && T <= file.config.contextLength else {
      throw ValidationError("--context \(T): expected 1...\(file.config.contextLength)")
    }
    if let tokens, tokens < 1 {
      throw ValidationError("--tokens \(tokens): expected at least 1")
    }
    let slice = try ValidationSlice(dataset.validation, context: T, maxTokens: tokens)
    let (theta, unused) = (try Arena(count: file.table.count), try Arena(count: file.table.count))
    try file.read(into: theta)
    let pass = try StepGradient(
      file.config, table: file.table, parameters: theta, gradients: unused, curvature: nil,
      microBatch: max(1, min(slice.count, 4096 / T)), T: T, on: team)
    let result = Evaluation(of: slice, lengths: TokenLengths(dataset.tokenizer), with: pass)
    var members: [JSONMember] = [
      JSONMember("checkpoint", .string(checkpoint)),
      JSONMember("tokens", .integer(slice.targets.count)),
      JSONMember("nats_per_token", .number(result.nats)),
    ]
    if let bits = result.bitsPerByte { members.append(JSONMember("bits_per_byte", .number(bits))) }
    if baselines {
      for (name, order) in [("unigram", 1), ("trigram", 3)] {
        let model = NGramModel(
          order: order, tokens: dataset.train, vocabularySize: dataset.tokenizer.vocabularySize,
          on: team)
        let nats = model.crossEntropy(of: dataset.validation, targets: slice.targets, on: team)
        members.append(JSONMember("\(name)_nats_per_token", .number(nats)))
      }
    }
    if let stories {
      members += try judge(stories, dataset, file, theta, team)
    }
    Terminal.write(JSON.object(members).serialized(pretty: true) + [0x0A], to: 1)
  }

  /// The model on validation stories, and what it writes itself.
  private func judge(
    _ count: Int, _ dataset: TokenDataset, _ file: ModelFile, _ theta: Arena, _ team: ThreadTeam
  ) throws -> [JSONMember] {
    let corpus = BuiltInCorpus(
      tokens: 0, stories: dataset.description?.train.documents ?? 0, vocabulary: 0, seed: 0)
    let pass = try StepGradient(
      file.config, table: file.table, parameters: theta, gradients: Arena(count: file.table.count),
      curvature: nil, microBatch: 8, T: min(512, file.config.contextLength), on: team)
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
    let model = try DecoderModel(file.config, parameters: theta, on: team)
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
