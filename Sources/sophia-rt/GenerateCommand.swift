import ArgumentParser
import Dataset
import Files
import Generation
import Glibc
import Inference
import Machine
import Tokenization
import Transformer

/// `sophia-rt generate`.
struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Continue prompts with a checkpoint.",
    discussion: """
      Text goes to standard output as it is generated, notices and timing to standard error. The \
      same seed gives the same text, for any number of threads and whatever else is generated \
      beside it. Without a prompt the text starts afresh; a prompt on standard input is read \
      when it is not a terminal.

      --prompts reads JSON lines: {"prompt": "Once", "max_tokens": 20, "stop": ["."]}. Each may \
      also set num_samples, temperature, top_k, top_p, min_p, repetition_penalty and seed; the \
      options here are its defaults. The texts are written side by side, and come out as JSON \
      lines in the order of the prompts: {"index": 0, "sample": 0, "prompt": …, "text": …, \
      "tokens": …, "finish_reason": …}, the reason being end_of_text, stop, max_tokens, \
      context_full, interrupted or invalid_logits.

      --logprobs prints a line a token instead of text (with --prompts: a member "logprobs"): \
      the token, the natural logarithm of its probability under the model itself, before \
      penalty, temperature and cuts, and the same of the likeliest n.
      """)

  @Option(
    help: ArgumentHelp(
      "Checkpoint, run directory (its newest valid checkpoint), or a Hugging Face GPT-2 folder.",
      valueName: "dir"))
  var checkpoint: String
  @Option(
    parsing: .unconditional, help: ArgumentHelp("The text to continue.", valueName: "text"))
  var prompt: String?
  @Option(
    help: ArgumentHelp("Read the prompt from a file (- is standard input).", valueName: "file"))
  var promptFile: String?
  @Option(
    help: ArgumentHelp(
      "Continue many prompts: JSON lines (- is standard input; a .zst file too).", valueName: "file"
    ))
  var prompts: String?
  @Flag(
    help: "Continue each line that is typed; Ctrl-C stops a text, Ctrl-D ends the program.")
  var interactive = false
  @OptionGroup var options: TextOptionGroup
  @OptionGroup var weightOptions: WeightOptions
  @Option(
    help: ArgumentHelp(
      "Hold keys and values as f32 or bf16: half the memory, and faster where many texts are written "
        + "together.", valueName: "type"), transform: WeightOptions.kv)
  var kv = KVPrecision.f32
  @Flag(
    help: "Write control characters to a terminal as they are; without it they are escaped there.")
  var raw = false
  @OptionGroup var threadOptions: ThreadOptions

  func validate() throws {
    let given = [
      ("--prompt", prompt != nil), ("--prompt-file", promptFile != nil),
      ("--prompts", prompts != nil), ("--interactive", interactive),
    ].filter(\.1).map(\.0)
    if given.count > 1 {
      throw ValidationError("give either \(given[0]) or \(given[1]), not both")
    }
    if interactive && options.numSamples > 1 {
      throw ValidationError("--interactive continues one text at a time: leave out --num-samples")
    }
  }

  func run() throws {
    if interactive { Interrupts.installForSession() } else { Interrupts.install() }
    if raw { StandardOutput.passControlCharacters() }
    try threadOptions.withTeam { _, team in try generate(on: team) }
  }

  private func generate(on team: ThreadTeam) throws {
    var terminal = Terminal()
    let began = ContinuousClock.now
    let file = try prompts.map { path in
      try PromptsFile(path == "-" ? "/dev/stdin" : path, defaults: options.values)
    }
    let stored = try StoredModel(checkpoint) { terminal.note($0) }
    let run =
      if let file {
        try batch(file, stored, began, team)
      } else if interactive {
        try session(stored, team)
      } else {
        try single(stored, began, team)
      }
    for line in GenerationReport(run).lines { terminal.note(line) }
    if Interrupts.isRequested { throw Interrupts.exitCode }
    if run.ends.contains(TextEnd.invalidLogits.name) { throw InferenceError.invalidLogits }
  }

  /// A run of so many texts, with the weights read.
  private func run(
    _ stored: StoredModel, count: Int, longest: Int, _ team: ThreadTeam
  ) throws -> GenerationRun {
    let pages = GenerationRun.pages(count: count, longest: longest, stored.config)
    let loaded = try stored.load(weightOptions.weights, kv: kv, pages: pages, on: team)
    return try GenerationRun(
      loaded.model, loaded.tokenizer, count: count, longest: longest, kv: kv, on: team)
  }

  /// Whether texts are to end: asked for, or nobody reads them any more.
  private static func shouldStop() throws -> Bool {
    try StandardOutput.requireReader()
    return Interrupts.isRequested
  }

  /// The samples of one prompt: a single one as it comes, several one after another.
  private func single(
    _ stored: StoredModel, _ began: ContinuousClock.Instant, _ team: ThreadTeam
  ) throws -> GenerationRun {
    let (prompt, options) = (try promptText(), options.values)
    let (ids, tokenizer) = (
      try stored.tokenizer.promptTokens(prompt, special: options.special), stored.tokenizer
    )
    func request(_ sample: Int) -> TextRequest {
      options.request(ids, sample: UInt32(sample), ends: tokenizer.endsOfText)
    }
    let run = try run(
      stored, count: options.numSamples,
      longest: GenerationRun.length(
        prompt: ids.count, maxTokens: options.maxTokens, stored.config), team)
    try run.engine.check(request(0).sequence)
    let table = TokenTable(tokenizer)
    if options.numSamples == 1 {
      if options.logprobs == nil { try StandardOutput.write(prompt) }
      try run.run(
        [request(0)], since: began, shouldStop: Self.shouldStop, show: stream(table))
      if options.logprobs == nil { try StandardOutput.write("\n") }
      return run
    }
    let requests = (0..<options.numSamples).lazy.map(request)
    func write(_ number: Int, _ text: GeneratedText) throws {
      try StandardOutput.write("--- sample \(number + 1) ---\n")
      try StandardOutput.write(
        options.logprobs == nil
          ? prompt + text.shown + [0x0A] : Array(table.lines(text.shownTokens(from: 0)).utf8))
    }
    try run.run(requests, since: began, shouldStop: Self.shouldStop, finish: write)
    return run
  }

  /// Shows one text as it comes.
  private func stream(_ table: TokenTable) -> (Int, GeneratedText, [UInt8]) throws -> Void {
    var shown = 0
    return { _, text, new in
      if options.logprobs == nil { return try StandardOutput.write(new) }
      let tokens = text.shownTokens(from: shown)
      shown = text.end == nil ? shown + tokens.count : 0
      try StandardOutput.write(table.lines(tokens))
    }
  }

  /// The prompts of a file, as JSON lines in their order.
  private func batch(
    _ file: PromptsFile, _ stored: StoredModel, _ began: ContinuousClock.Instant,
    _ team: ThreadTeam
  ) throws -> GenerationRun {
    let tokenizer = stored.tokenizer
    let prompts = try file.lines.map {
      try tokenizer.promptTokens(Array($0.prompt.utf8), special: $0.options.special)
    }
    func request(_ line: Int, _ sample: UInt32) -> TextRequest {
      file.lines[line].options.request(
        prompts[line], sample: sample, ends: tokenizer.endsOfText)
    }
    let lengths = zip(prompts, file.lines).map { prompt, line in
      GenerationRun.length(
        prompt: prompt.count, maxTokens: line.options.maxTokens, stored.config)
    }
    let run = try run(stored, count: file.count, longest: lengths.max() ?? 0, team)
    for (number, line) in file.lines.enumerated() {
      do throws(InferenceError) { try run.engine.check(request(number, 0).sequence) } catch {
        throw DatasetError(.malformed, at: line.place, "\(error)")
      }
    }
    var places = file.texts.makeIterator()
    func write(_: Int, _ text: GeneratedText) throws {
      guard let (line, sample) = places.next() else { return }
      let record = TextRecord(
        id: file.lines[line].id, index: line, sample: sample, prompt: file.lines[line].prompt, text,
        tokenizer)
      try StandardOutput.write(record.json.serialized() + [0x0A])
    }
    try run.run(
      file.texts.lazy.map { request($0.line, $0.sample) }, since: began,
      shouldStop: Self.shouldStop, finish: write)
    return run
  }

  private func session(_ stored: StoredModel, _ team: ThreadTeam) throws -> GenerationRun {
    let (options, tokenizer) = (options.values, stored.tokenizer)
    let run = try run(stored, count: 1, longest: stored.config.contextLength, team)
    let show = stream(TokenTable(tokenizer))
    var session = GenerateSession(
      tokenizer, run, special: options.special, echoes: options.logprobs == nil
    ) { prompt, sample in
      options.request(prompt, sample: sample, ends: tokenizer.endsOfText)
    } show: { text, new in
      try show(0, text, new)
    }
    try session.loop()
    return run
  }

  private func promptText() throws -> [UInt8] {
    if let prompt { return Array(prompt.utf8) }
    if let promptFile, promptFile != "-" {
      return try LocalFileSystem().readBytes(promptFile, limit: 64 << 20, mode: .read)
        .withoutByteOrderMark
    }
    if promptFile == "-" || isatty(STDIN_FILENO) == 0 {
      return try LocalFileSystem().readBytes("/dev/stdin", limit: 64 << 20, mode: .read)
        .withoutByteOrderMark
    }
    return []
  }
}
