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
    Terminal.write(JSON.object(members).serialized(pretty: true) + [0x0A], to: 1)
  }
}
