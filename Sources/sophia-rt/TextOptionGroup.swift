import ArgumentParser
import Generation

/// The flags of how texts are drawn.
struct TextOptionGroup: ParsableArguments {
  private static let defaults = TextOptions()

  @Option(help: ArgumentHelp("Most tokens to add.", valueName: "n"))
  var maxTokens = Self.defaults.maxTokens
  @Option(help: ArgumentHelp("How many texts for each prompt.", valueName: "n"))
  var numSamples = Self.defaults.numSamples
  @Option(
    help: ArgumentHelp("0: always the likeliest token; 1: as the model has it.", valueName: "x"))
  var temperature = Self.defaults.temperature
  @Option(help: ArgumentHelp("Draw from the k likeliest tokens only (0: all).", valueName: "k"))
  var topK = Self.defaults.topK
  @Option(
    help: ArgumentHelp(
      "Draw from the likeliest tokens that make up p of probability.", valueName: "p"))
  var topP = Self.defaults.topP
  @Option(
    help: ArgumentHelp("Drop tokens less than x times as likely as the likeliest.", valueName: "x"))
  var minP = Self.defaults.minP
  @Option(help: ArgumentHelp("Make tokens that occurred less likely (1: off).", valueName: "x"))
  var repetitionPenalty = Self.defaults.repetitionPenalty
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("End the text before this string; may be given often.", valueName: "text"))
  var stop: [String] = []
  @Option(help: ArgumentHelp("Seed of the draws.", valueName: "n"))
  var seed = Self.defaults.seed
  @Option(
    help: ArgumentHelp("Show each token's log-probability and the likeliest n.", valueName: "n"))
  var logprobs: Int?
  @Flag(
    help: ArgumentHelp(
      "Write several tokens at a time where the text repeats what stood before; the text is the same."
    ))
  var lookup = false
  @Flag(
    help: ArgumentHelp(
      "Read special and added tokens that a prompt spells, such as <|endoftext|>, as plain text, and put "
        + "none around it."))
  var noSpecial = false
  @Flag(help: "When the context is full, go on with its last half instead of stopping.")
  var slide = false

  func validate() throws {
    if let fault = values.fault {
      throw ValidationError("--\(fault.name) \(fault.value): expected \(fault.expected)")
    }
  }

  /// What the flags say.
  var values: TextOptions {
    var values = TextOptions()
    (values.maxTokens, values.numSamples) = (maxTokens, numSamples)
    (values.temperature, values.topK) = (temperature, topK)
    (values.topP, values.minP) = (topP, minP)
    (values.repetitionPenalty, values.stop) = (repetitionPenalty, stop)
    (values.seed, values.logprobs) = (seed, logprobs)
    (values.lookup, values.slide) = (lookup, slide)
    values.special = !noSpecial
    return values
  }
}
