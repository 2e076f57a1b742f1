import ArgumentParser
import Dataset
import Files
import Machine
import Tasks

/// `sophia-rt evaluate`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a checkpoint: loss on a dataset, or answers to a question set.",
    discussion: """
      Prints one JSON object; progress goes to standard error. One of:

      --data (default: the run's own): nats a token, perplexity and bits a byte of the \
      validation tokens, in windows of --context tokens side by side. --stride 512 lets the \
      windows overlap and counts the last 512 predictions of each, so that every token has a \
      long context (not for the built-in corpus, whose stories begin where windows do). With \
      --baselines also the cross-entropy of unigram and trigram models of the training tokens.

      --multiple-choice: HellaSwag's JSON lines (ctx_a, ctx_b, activity_label, endings, label). \
      acc is the share of questions whose right ending is the likeliest, acc_norm the likeliest \
      for its length in characters, acc_bytes in bytes.

      --last-word: LAMBADA's JSON lines ({"text": …}). acc is the share of last words that \
      greedy decoding writes, perplexity that of a whole word.

      Questions are prepared, scored and cut on the left as lm-evaluation-harness does without \
      examples (its tasks hellaswag and lambada_openai); stderr is the standard error of the \
      mean.
      """)

  @Option(
    help: ArgumentHelp(
      "Checkpoint, run directory or Hugging Face GPT-2 folder.", valueName: "dir"))
  var checkpoint: String
  @Option(
    help: ArgumentHelp("Dataset directory (default: the run's own data).", valueName: "dir"))
  var data: String?
  @Option(
    help: ArgumentHelp("Questions with endings, as HellaSwag has them.", valueName: "file.jsonl"))
  var multipleChoice: String?
  @Option(
    help: ArgumentHelp("Passages whose last word is to be guessed.", valueName: "file.jsonl"))
  var lastWord: String?
  @Option(help: ArgumentHelp("Validation tokens (default: all whole windows).", valueName: "n"))
  var tokens: Int?
  @Option(
    help: ArgumentHelp("Tokens that the model sees (default: its context).", valueName: "n"))
  var context: Int?
  @Option(
    help: ArgumentHelp(
      "Let windows overlap: each begins n tokens further on and counts its last n.", valueName: "n")
  )
  var stride: Int?
  @Flag(help: "Also train unigram and trigram models on the training tokens.")
  var baselines = false
  @Option(
    help: ArgumentHelp(
      "Judge a model of the built-in corpus: loss on whole validation stories beside the generator's "
        + "own entropy, and the references to earlier names, things and places in so many texts that "
        + "it writes.", valueName: "n"))
  var stories: Int?
  @Flag(
    help: ArgumentHelp(
      "With --stories: fail unless the model is below the trigram model, within 25 % of the "
        + "generator, and right in 70 % of its references."))
  var requireGoodStories = false
  @OptionGroup var weightOptions: WeightOptions
  @OptionGroup var threadOptions: ThreadOptions

  func validate() throws {
    let given = [
      ("--data", data != nil), ("--multiple-choice", multipleChoice != nil),
      ("--last-word", lastWord != nil),
    ].filter(\.1).map(\.0)
    if given.count > 1 {
      throw ValidationError("give either \(given[0]) or \(given[1]), not both")
    }
    if let set = given.first(where: { $0 != "--data" }) {
      let ofData = [
        ("--tokens", tokens != nil), ("--stride", stride != nil), ("--baselines", baselines),
        ("--stories", stories != nil), ("--require-good-stories", requireGoodStories),
      ]
      if let (name, _) = ofData.first(where: \.1) {
        throw ValidationError("\(name) is for --data: leave it out with \(set)")
      }
    }
    if requireGoodStories && stories == nil {
      throw ValidationError("--require-good-stories: give --stories, the number of texts, too")
    }
    for (name, value) in [
      ("--tokens", tokens), ("--context", context), ("--stride", stride), ("--stories", stories),
    ] {
      if let value, value < 1 { throw ValidationError("\(name) \(value): expected at least 1") }
    }
  }

  func run() throws {
    Interrupts.install()
    try threadOptions.withTeam { _, team in try evaluate(on: team) }
  }

  private func evaluate(on team: ThreadTeam) throws {
    let members: [JSONMember]
    var verdict: StoryVerdict?
    if let multipleChoice {
      let set = try MultipleChoiceQuestion.read(multipleChoice)
      members = try EvaluateQuestions(
        checkpoint, weightOptions.weights, context: context, on: team
      ).members(set)
    } else if let lastWord {
      let set = try LastWordPassage.read(lastWord)
      members = try EvaluateQuestions(
        checkpoint, weightOptions.weights, context: context, on: team
      ).members(set)
    } else {
      (members, verdict) = try EvaluateData(
        checkpoint, data: data, tokens: tokens, context: context, stride: stride,
        baselines: baselines, stories: stories, weights: weightOptions.weights
      ).members(on: team)
    }
    let json = JSON.object([JSONMember("checkpoint", .string(checkpoint))] + members)
    try StandardOutput.write(json.serialized(pretty: true) + [0x0A])
    if requireGoodStories, let verdict { try verdict.require() }
  }
}
