import ArgumentParser
import Files
import Glibc
import Inference
import Machine
import Tokenization
import Transformer

/// `sophia-rt generate`.
struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Continue a prompt with a checkpoint.",
    discussion: """
      Text goes to standard output as it is generated, notices and timing to standard error. The same
      seed gives the same text, for any number of threads. Without a prompt the text starts afresh; a
      prompt on standard input is read when it is not a terminal.
      """)

  @Option(
    help: ArgumentHelp(
      "Checkpoint, run directory (its newest valid checkpoint), or a Hugging Face GPT-2 folder.",
      valueName: "dir"))
  var checkpoint: String
  @Option(help: ArgumentHelp("The text to continue.", valueName: "text"))
  var prompt: String?
  @Option(
    help: ArgumentHelp("Read the prompt from a file (- is standard input).", valueName: "file"))
  var promptFile: String?
  @Option(help: ArgumentHelp("Most tokens to add.", valueName: "n"))
  var maxTokens = 256
  @Option(help: ArgumentHelp("How many texts.", valueName: "n"))
  var numSamples = 1
  @Option(
    help: ArgumentHelp("0: always the likeliest token; 1: as the model has it.", valueName: "x"))
  var temperature = 0.8
  @Option(help: ArgumentHelp("Draw from the k likeliest tokens only (0: all).", valueName: "k"))
  var topK = 0
  @Option(
    help: ArgumentHelp(
      "Draw from the likeliest tokens that make up p of probability.", valueName: "p"))
  var topP = 1.0
  @Option(
    help: ArgumentHelp("Drop tokens less than x times as likely as the likeliest.", valueName: "x"))
  var minP = 0.0
  @Option(help: ArgumentHelp("Make tokens that occurred less likely (1: off).", valueName: "x"))
  var repetitionPenalty = 1.0
  @Option(
    help: ArgumentHelp("End the text before this string; may be given often.", valueName: "text"))
  var stop: [String] = []
  @Option(help: ArgumentHelp("Seed of the draws.", valueName: "n"))
  var seed: UInt64 = 0
  @Flag(help: "When the context is full, go on with its last half instead of stopping.")
  var slide = false
  @OptionGroup var threadOptions: ThreadOptions

  func validate() throws {
    if prompt != nil && promptFile != nil {
      throw ValidationError("give either --prompt or --prompt-file, not both")
    }
    if numSamples < 1 { throw ValidationError("--num-samples \(numSamples): expected at least 1") }
  }

  func run() throws {
    Interrupts.install()
    var terminal = Terminal()
    let (_, team) = try threadOptions.team()
    let clock = ContinuousClock()
    let began = clock.now
    let loaded = try LoadedModel(checkpoint, on: team) { terminal.note($0) }
    let text = try promptText()
    let ids = try loaded.promptTokens(text)
    let request = Request(
      prompt: ids, maxTokens: maxTokens, sampling: sampling,
      stopTokens: Set([loaded.tokenizer.endOfText].compactMap { $0 }), seed: seed, slide: slide)
    let engine = try Engine(loaded.model, pages: pages(request, loaded), on: team)
    var ends: [EndReason] = []
    var texts: [SampleText] = []
    for sample in 0..<numSamples {
      var one = request
      one.sample = UInt32(sample)
      let id = try engine.submit(one)
      texts.append(
        SampleText(id: id, stops: StopStrings(stop), decoder: StreamingDecoder(loaded.tokenizer)))
    }
    if numSamples == 1 { Terminal.write(text, to: STDOUT_FILENO) }
    var firstToken: Duration?
    while engine.unfinished > 0 {
      if Interrupts.isRequested { break }
      for step in try engine.step() {
        guard let at = texts.firstIndex(where: { $0.id == step.request }) else { continue }
        firstToken = firstToken ?? clock.now - began
        let piece = texts[at].take(step, vocabularySize: loaded.tokenizer.vocabularySize)
        if numSamples == 1 { Terminal.write(piece.text, to: STDOUT_FILENO) }
        if piece.stopped { engine.cancel(step.request) }
        if let end = step.end { ends.append(end) }
      }
    }
    show(texts, prompt: text)
    report(engine, firstToken, ends, loaded, &terminal)
    if Interrupts.isRequested { throw Interrupts.exitCode }
  }

  private var sampling: SamplingSettings {
    SamplingSettings(
      temperature: Float(temperature), topK: topK == 0 ? nil : topK,
      topP: topP == 1 ? nil : Float(topP), minP: minP == 0 ? nil : Float(minP),
      repetitionPenalty: Float(repetitionPenalty))
  }

  /// Pages for the samples side by side, sixteen at most.
  private func pages(_ request: Request, _ loaded: LoadedModel) -> Int {
    let context = loaded.model.config.contextLength
    let most = min(context, request.prompt.count + max(0, min(maxTokens, context)))
    return KVPool.pages(for: most) * min(numSamples, 16)
  }

  private func promptText() throws -> [UInt8] {
    if let prompt { return Array(prompt.utf8) }
    if let promptFile, promptFile != "-" {
      return try LocalFileSystem().readBytes(promptFile, limit: 64 << 20, mode: .read)
    }
    if promptFile == "-" || isatty(STDIN_FILENO) == 0 {
      return try LocalFileSystem().readBytes("/dev/stdin", limit: 64 << 20, mode: .read)
    }
    return []
  }

  /// The texts of several samples, one after another.
  private func show(_ texts: [SampleText], prompt: [UInt8]) {
    if numSamples == 1 {
      Terminal.write("\n", to: STDOUT_FILENO)
      return
    }
    for (number, text) in texts.enumerated() {
      Terminal.write("--- sample \(number + 1) ---\n", to: STDOUT_FILENO)
      Terminal.write(prompt + Array(text.shown.utf8) + [0x0A], to: STDOUT_FILENO)
    }
  }

  private func report(
    _ engine: Engine, _ firstToken: Duration?, _ ends: [EndReason], _ loaded: LoadedModel,
    _ terminal: inout Terminal
  ) {
    let t = engine.timing
    let first = firstToken.map {
      Double($0.components.attoseconds) * 1e-18 + Double($0.components.seconds)
    }
    terminal.note(
      "[\(t.prefillTokens) prompt tokens at \(Format.fixed(t.prefillTokensPerSecond, 0)) tok/s, "
        + "\(t.decodeTokens) decoded at \(Format.fixed(t.decodeTokensPerSecond, 1)) tok/s, first token "
        + "after \(Format.fixed(first ?? 0, 2)) s]")
    if ends.contains(.contextFull) {
      terminal.note(
        "[stopped: the context of \(loaded.model.config.contextLength) tokens is full; --slide goes on]"
      )
    }
    if ends.contains(.invalidLogits) {
      terminal.note("[stopped: the model's logits are not finite]")
    }
  }
}

/// One sample's text on its way from tokens to the terminal.
private struct SampleText {
  let id: Int
  var stops: StopStrings
  var decoder: StreamingDecoder
  /// All that was shown.
  var shown = ""

  /// Takes a step of the engine. Returns the text to show and whether a stop string came.
  mutating func take(
    _ step: Step, vocabularySize: Int
  ) -> (text: String, stopped: Bool) {
    var text = ""
    if let token = step.token, Int(token) < vocabularySize { text += decoder.append(token) }
    if step.end != nil { text += decoder.finish() }
    var (piece, stopped) = stops.take(text)
    if step.end != nil && !stopped { piece += stops.finish() }
    shown += piece
    return (piece, stopped)
  }
}
