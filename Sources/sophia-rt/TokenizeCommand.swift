import ArgumentParser
import Dataset
import Files
import Machine
import Tokenization
import Training

/// `sophia-rt tokenize`.
struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Turn text into a dataset of token shards.",
    discussion: """
      Reads .txt (documents split by <|endoftext|>, else a document a file) and .jsonl ("text"), each \
      also .zst or .gz. Writes uint16 shards in llm.c's format, dataset.json and tokenizer.json into --out. \
      Training and validation are split by document.
      """)

  @Argument(help: "Text files.")
  var files: [String] = []
  @Option(help: ArgumentHelp("Directory to make.", valueName: "dir"))
  var out: String?
  @Option(
    help: ArgumentHelp("Tokenizer to use: a directory or tokenizer.json.", valueName: "dir|file"))
  var tokenizer: String?
  @Option(
    help: ArgumentHelp(
      "Train a vocabulary of so many tokens on the text (default 8192, for stories alone 2048, or what "
        + "a short text gives).",
      valueName: "n"))
  var trainVocab: Int?
  @Option(
    help: ArgumentHelp(
      "Share of documents held back for validation (default 0.05).", valueName: "x"))
  var valFraction: Double?
  @Option(
    name: .customLong("validation"),
    help: ArgumentHelp("A file of validation text; then nothing is held back.", valueName: "file"))
  var validationFiles: [String] = []
  @Option(
    help: ArgumentHelp(
      "Member of a .jsonl line that holds the text (default text).", valueName: "name"))
  var textKey: String?
  @Option(
    help: ArgumentHelp(
      "Skip so many lines of a .jsonl file, at most, that are no JSON object with a text (default 0).",
      valueName: "n"))
  var maxBadLines: Int?
  @Option(
    help: ArgumentHelp(
      "Write so many stories of the built-in corpus too: into the dataset, or with --stories-text "
        + "as text.", valueName: "n"))
  var stories: Int?
  @Option(
    help: ArgumentHelp(
      "Write the stories as .jsonl to this file, and no dataset.", valueName: "file"))
  var storiesText: String?
  @Flag(
    help: ArgumentHelp(
      "Read special and added tokens that the text spells as such; otherwise they are plain text."))
  var special = false
  @Flag(help: "Replace --out, if it is a dataset, or the file of --stories-text.")
  var overwrite = false
  @OptionGroup var threadOptions: ThreadOptions

  func validate() throws {
    if files.isEmpty && stories == nil {
      throw ValidationError("name at least one text file, or --stories N for the built-in corpus")
    }
    if storiesText != nil && stories == nil {
      throw ValidationError("--stories-text writes stories: say how many by --stories")
    }
    if valFraction != nil && !validationFiles.isEmpty {
      throw ValidationError("--val-fraction: with --validation nothing is held back: omit it")
    }
    if storiesText != nil && !(files + validationFiles).isEmpty {
      throw ValidationError(
        "--stories-text writes stories alone: leave \((files + validationFiles)[0]) away")
    }
    if tokenizer != nil && trainVocab != nil {
      throw ValidationError("give either --tokenizer or --train-vocab, not both")
    }
    if let valFraction, !(valFraction >= 0 && valFraction < 1) {
      throw ValidationError("--val-fraction \(valFraction): expected 0 ≤ x < 1")
    }
    if let maxBadLines, maxBadLines < 0 {
      throw ValidationError("--max-bad-lines \(maxBadLines): expected at least 0")
    }
    if let stories, stories < 1 {
      throw ValidationError("--stories \(stories): expected at least 1")
    }
    if let trainVocab, trainVocab < 257 || trainVocab > 65_536 {
      throw ValidationError(
        "--train-vocab \(trainVocab): expected 257 (bytes and <|endoftext|>) to 65536 (uint16 shards)"
      )
    }
  }

  func run() throws {
    if (out == nil) == (storiesText == nil) {
      throw ValidationError("give either --out, for a dataset, or --stories-text")
    }
    let (terminal, system) = (TerminalBox(), LocalFileSystem())
    if let storiesText { return try writeStories(to: storiesText, system, terminal) }
    guard let out else { return }
    try threadOptions.withTeam { _, team in try build(out, system, terminal, on: team) }
  }

  private func build(
    _ out: String, _ system: LocalFileSystem, _ terminal: TerminalBox, on team: ThreadTeam
  ) throws {
    for file in validationFiles where !system.exists(file) || system.isDirectory(file) {
      throw ValidationError("\(file): \(system.exists(file) ? "is a directory" : "no such file")")
    }
    var builder = DatasetBuilder(fileSystem: system)
    if let valFraction { builder.valFraction = valFraction }
    builder.overwrite = overwrite
    builder.parsesAddedTokens = special
    try builder.checkOutput(out)
    var options = JSONLinesOptions()
    if let textKey { options.textKey = textKey }
    if let maxBadLines { options.maxBadLines = maxBadLines }
    let log = BadLineLog()
    var sources: [any DocumentSource] = []
    for file in files {
      sources.append(try TextSource(path: file, options: options, log: log, fileSystem: system))
    }
    var validation: [any DocumentSource] = []
    for file in validationFiles {
      validation.append(try TextSource(path: file, options: options, log: log, fileSystem: system))
    }
    if let stories {
      let corpus = BuiltInCorpus(tokens: 0, stories: stories, vocabulary: 0, seed: 0)
      sources.append(corpus.source(.training))
      if files.isEmpty { validation.append(corpus.source(.validation)) }
    }
    let vocabulary = try chosenTokenizer(sources, team, terminal)
    for line in vocabulary.notices { terminal.note(line) }
    // Until here nothing is on the disk, so that a signal may end the program by itself.
    Interrupts.install()
    let result = try Self.orInterrupted(terminal) {
      try builder.build(
        sources, validation: validation, tokenizer: vocabulary, output: out, on: team
      ) { progress in
        terminal.show(progress)
        return !Interrupts.isRequested
      }
    }
    for notice in log.notices { terminal.note(notice) }
    terminal.note(
      special
        ? "special and added tokens in the text were read as such"
        : "special and added tokens in the text were read as plain text (--special reads them as such)"
    )
    terminal.note(
      "\(out): \(Format.grouped(result.train.tokens)) training tokens "
        + "(\(Format.grouped(result.train.documents)) documents), "
        + "\(Format.grouped(result.validation.tokens)) validation tokens "
        + "(\(Format.grouped(result.validation.documents)) documents), "
        + "vocabulary \(Format.grouped(result.vocabularySize))")
  }

  /// What `build` returns. If it was stopped by a signal it has left nothing, and the exit code says so.
  private static func orInterrupted(
    _ terminal: TerminalBox, _ build: () throws -> DatasetDescription
  ) throws -> DatasetDescription {
    do { return try build() } catch let error as DatasetError where error.kind == .cancelled {
      terminal.note("interrupted: nothing is written")
      throw Interrupts.exitCode
    }
  }

  /// The tokenizer named, or one trained: 8,192 tokens unless told (2,048 for stories alone), or as many
  /// as a short text gives.
  private func chosenTokenizer(
    _ sources: [any DocumentSource], _ team: ThreadTeam, _ terminal: TerminalBox
  ) throws -> Tokenizer {
    if let tokenizer {
      return LocalFileSystem().isDirectory(tokenizer)
        ? try Tokenizer.load(directory: tokenizer) : try Tokenizer.load(file: tokenizer)
    }
    let size = trainVocab ?? (files.isEmpty ? 2048 : 8192)
    var trainer = try BytePairTrainer(vocabularySize: size)
    var reader = DocumentSequence(sources)
    while true {
      let batch = try reader.nextBatch(bytes: 16 << 20)
      if batch.isEmpty { break }
      trainer.add(documents: batch.map(\.bytes), on: team)
      terminal.progress("counting words: \(Format.grouped(trainer.bytesCounted >> 20)) MiB")
    }
    let trained = try trainer.train(fittingText: trainVocab == nil) { fraction in
      terminal.progress("vocabulary of \(size): \(Format.fixed(100 * fraction, 0)) %")
    }
    let fitted =
      trained.vocabularySize < size
      ? ": all that the text gives, the default is \(Format.grouped(size))" : ""
    terminal.note(
      "trained a vocabulary of \(Format.grouped(trained.vocabularySize)) tokens\(fitted)")
    return trained
  }

  private func writeStories(
    to path: String, _ system: LocalFileSystem, _ terminal: TerminalBox
  ) throws {
    guard overwrite || !system.exists(path) else {
      throw ValidationError("\(path): exists already; give --overwrite to replace it")
    }
    Interrupts.install()
    let source = BuiltInCorpus(tokens: 0, stories: stories ?? 1, vocabulary: 0, seed: 0)
      .source(.training)
    var reader = DocumentSequence([source])
    var bytes: [UInt8] = []
    while let piece = try reader.next() {
      try Interrupts.check()
      let text = String(decoding: piece.bytes, as: UTF8.self)
      bytes += (["text": .string(text)] as JSON).serialized() + [0x0A]
    }
    try system.writeAtomically(bytes, to: path)
    terminal.note("\(path): \(Format.grouped(stories ?? 1)) stories")
  }
}

/// A terminal that closures can share.
final class TerminalBox {
  private var terminal = Terminal()

  func note(_ text: String) { terminal.note(text) }
  func progress(_ text: String) { terminal.progress(text, always: false) }

  func show(_ p: DatasetBuilder.Progress) {
    let share = p.totalBytes.map {
      " (\(Format.fixed(100 * Double(p.bytes) / Double(max($0, 1)), 0)) %)"
    }
    progress(
      "\(p.phase): \(Format.grouped(p.documents)) documents, "
        + "\(Format.grouped(p.bytes >> 20)) MiB\(share ?? ""), \(Format.grouped(p.tokens)) tokens")
  }
}
