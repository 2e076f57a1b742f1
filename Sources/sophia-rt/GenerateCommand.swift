import ArgumentParser
import Dataset
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
  @OptionGroup var options: GenerationOptions
  @Option(
    help: ArgumentHelp("Show each token's log-probability and the likeliest n.", valueName: "n"))
  var logprobs: Int?
  @Flag(
    help: ArgumentHelp(
      "Write several tokens at a time where the text repeats what stood before; the text is the same."
    ))
  var lookup = false
  @OptionGroup var weightOptions: WeightOptions
  @Option(
    help: ArgumentHelp(
      "Hold keys and values as f32 or bf16: half the memory, and faster where many texts are written "
        + "together.", valueName: "type"), transform: WeightOptions.kv)
  var kv = KVPrecision.f32
  @Flag(
    help: ArgumentHelp(
      "Read special and added tokens that the prompt spells, such as <|endoftext|>, as plain text, and "
        + "put none around it."))
  var noSpecial = false
  @Flag(help: "When the context is full, go on with its last half instead of stopping.")
  var slide = false
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
    if let logprobs, logprobs < 0 {
      throw ValidationError("--logprobs \(logprobs): expected at least 0")
    }
  }

  func run() throws {
    if interactive { Interrupts.installForSession() } else { Interrupts.install() }
    var terminal = Terminal()
    let (_, team) = try threadOptions.team()
    let began = ContinuousClock.now
    let file = try prompts.map { path in try PromptsFile(path, defaults: options) }
    let loaded = try LoadedModel(checkpoint, weightOptions.weights, on: team) { terminal.note($0) }
    let run =
      if let file {
        try batch(file, loaded, began, team)
      } else if interactive {
        try session(loaded, team)
      } else {
        try single(loaded, began, team)
      }
    for line in GenerationReport(run, loaded).lines { terminal.note(line) }
    if Interrupts.isRequested { throw Interrupts.exitCode }
    if run.ends.contains(.invalidLogits) { throw InferenceError.invalidLogits }
  }

  private func job(
    _ prompt: [UInt32], _ sample: UInt32, _ options: GenerationOptions, _ loaded: LoadedModel
  ) -> GenerationRun.Job {
    let request = SequenceRequest(
      prompt: prompt, maxTokens: options.maxTokens, sampling: options.sampling,
      stopTokens: Set(loaded.tokenizer.endsOfText), seed: options.seed,
      sample: sample, slide: slide, logprobs: logprobs,
      lookup: lookup ? PromptLookup.defaultProposal : 0)
    return GenerationRun.Job(request: request, stops: options.stop)
  }

  /// The samples of one prompt: a single one as it comes, several one after another.
  private func single(
    _ loaded: LoadedModel, _ began: ContinuousClock.Instant, _ team: ThreadTeam
  ) throws -> GenerationRun {
    let prompt = try promptText()
    let ids = try loaded.promptTokens(prompt, special: !noSpecial)
    let jobs = (0..<options.numSamples).map { job(ids, UInt32($0), options, loaded) }
    let run = try GenerationRun(loaded, for: jobs, kv, on: team)
    try run.engine.check(jobs[0].request)
    let result = GenerationResult(tokenizer: loaded.tokenizer)
    if jobs.count == 1 {
      if logprobs == nil { try StandardOutput.write(prompt) }
      try run.run(jobs, since: began, show: stream(result))
      if logprobs == nil { try StandardOutput.write("\n") }
      return run
    }
    var texts = InOrder<(number: Int, text: GeneratedText)>()
    func write(_ number: Int, _ text: GeneratedText) throws {
      try StandardOutput.write("--- sample \(number + 1) ---\n")
      try StandardOutput.write(
        logprobs == nil
          ? prompt + text.shown + [0x0A] : Array(result.table(text.shownTokens(from: 0)).utf8))
    }
    try run.run(jobs, since: began) { number, text, _ in
      if text.end == nil { return }
      for (number, text) in texts.take((number, text), number: number) { try write(number, text) }
    }
    for late in texts.rest() { try write(late.number, late.text) }
    return run
  }

  /// Shows one text as it comes.
  private func stream(_ result: GenerationResult) -> (Int, GeneratedText, [UInt8]) throws -> Void {
    var shown = 0
    return { _, text, new in
      if logprobs == nil { return try StandardOutput.write(new) }
      let tokens = text.shownTokens(from: shown)
      shown = text.end == nil ? shown + tokens.count : 0
      try StandardOutput.write(result.table(tokens))
    }
  }

  /// The prompts of a file, as JSON lines in their order.
  private func batch(
    _ file: PromptsFile, _ loaded: LoadedModel, _ began: ContinuousClock.Instant, _ team: ThreadTeam
  ) throws -> GenerationRun {
    var (jobs, of): ([GenerationRun.Job], [Int]) = ([], [])
    for (index, line) in file.lines.enumerated() {
      let ids = try loaded.promptTokens(Array(line.prompt.utf8), special: !noSpecial)
      for sample in 0..<line.options.numSamples {
        jobs.append(job(ids, UInt32(sample), line.options, loaded))
        of.append(index)
      }
    }
    let run = try GenerationRun(loaded, for: jobs, kv, on: team)
    for (number, job) in jobs.enumerated() where job.request.sample == 0 {
      do throws(InferenceError) { try run.engine.check(job.request) } catch {
        throw DatasetError(.malformed, at: file.lines[of[number]].place, "\(error)")
      }
    }
    let result = GenerationResult(tokenizer: loaded.tokenizer)
    var results = InOrder<String>()
    try run.run(jobs, since: began) { number, text, _ in
      if text.end == nil { return }
      let line = result.line(
        index: of[number], sample: jobs[number].request.sample,
        prompt: file.lines[of[number]].prompt, text)
      for ready in results.take(line, number: number) { try StandardOutput.write(ready) }
    }
    for late in results.rest() { try StandardOutput.write(late) }
    return run
  }

  private func session(_ loaded: LoadedModel, _ team: ThreadTeam) throws -> GenerationRun {
    let run = try GenerationRun(loaded, for: [], kv, on: team)
    let show = stream(GenerationResult(tokenizer: loaded.tokenizer))
    var session = GenerateSession(loaded, run, special: !noSpecial, echoes: logprobs == nil) {
      prompt, sample in
      job(prompt, sample, options, loaded)
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
