public import Files
public import Machine
public import Tokenization

/// Turns documents into a directory to train on: token shards, `dataset.json` and the tokenizer.
///
/// Each document begins with `<|endoftext|>`, as in llm.c. Training and validation are split by
/// document; a single document (such as one long text file) is split by position, its end held
/// back. The result is a function of the documents, the tokenizer and the options, not of the team.
public struct DatasetBuilder: Sendable {
  /// Share of the documents held back for validation, 0 ..< 1. Not used where validation documents
  /// are given.
  public var valFraction = 0.05
  /// Chooses which documents are held back.
  public var seed: UInt64 = 0
  /// Documents begin at multiples of so many tokens, at least 1; what is missing before them is
  /// filled with `<|endoftext|>`. With the context's length a short document is one window.
  public var alignment = 1
  /// Tokens of a shard, at most.
  public var shardTokens = 100_000_000
  /// Whether an earlier dataset at the output is replaced, once the new one is complete.
  public var overwrite = false
  /// Text that is in memory at a time, about.
  public var batchBytes = 16 << 20
  /// Longest piece of a document that is handled as one.
  public var pieceBytes = 1 << 20
  private let fileSystem: any FileSystem

  /// A builder with default options.
  public init(fileSystem: any FileSystem = LocalFileSystem()) { self.fileSystem = fileSystem }

  /// How far a build is.
  public struct Progress: Sendable, Equatable {
    /// Its two passes.
    public enum Phase: Sendable, Equatable {
      /// Reading all documents once: they are checked and counted before the long work.
      case reading
      /// Encoding and writing.
      case encoding
    }
    /// The pass.
    public var phase = Phase.reading
    /// Documents begun.
    public var documents = 0
    /// Bytes of text done.
    public var bytes = 0
    /// Bytes of text in all, where known.
    public var totalBytes: Int?
    /// Tokens written.
    public var tokens = 0
  }

  /// Whether added tokens that the text spells count as such; documents are then read whole. Otherwise
  /// they are plain text.
  public var parsesAddedTokens = false

  /// Reads, encodes and writes. The directory `output` appears when it is complete; before that
  /// there is one of its name with `.tmp-` and random digits.
  ///
  /// - validation: documents to hold back; if there are any, all of `sources` is trained on.
  /// - progress: called now and then; false stops the build.
  ///
  /// Throws ``DatasetError``: text that cannot be read; a vocabulary that does not fit uint16 or
  /// names no end of text; an output that already holds files; a full disk; a stop.
  public func build(
    _ sources: [any DocumentSource], validation: [any DocumentSource] = [], tokenizer: Tokenizer,
    output: String, on team: ThreadTeam, progress: @escaping (Progress) -> Bool = { _ in true }
  ) throws(DatasetError) -> DatasetDescription {
    precondition(
      valFraction >= 0 && valFraction < 1,
      "DatasetBuilder: valFraction \(valFraction) outside 0..<1")
    let endOfText = try Self.endOfText(of: tokenizer)
    let directory = OutputDirectory(output, overwrite: overwrite, fileSystem)
    try directory.checkFree()
    let survey = try Survey(
      sources, validation, pieceBytes: pieceBytes, batchBytes: batchBytes, progress)
    do throws(DatasetError) {
      let folder = try directory.create()
      var description = DatasetDescription(
        vocabularySize: tokenizer.vocabularySize, endOfText: Int(endOfText),
        tokenizerFingerprint: tokenizer.fingerprint)
      try write(
        sources, validation, survey, tokenizer, endOfText, into: folder, &description,
        on: team, progress)
      try directory.write(tokenizer.serialized(), to: "tokenizer.json")
      if endOfText != tokenizer.addedToken(Tokenizer.usualEndOfText) {
        try directory.write(
          tokenizer.settings().serialized(pretty: true), to: "tokenizer_config.json")
      }
      try directory.write(description.serialized(), to: DatasetDescription.fileName)
      try directory.publish()
      return description
    } catch {
      directory.remove()
      throw error
    }
  }

  /// Throws ``DatasetError`` if there is something at `output` that a build would not replace: to be
  /// known before long work.
  public func checkOutput(_ output: String) throws(DatasetError) {
    try OutputDirectory(output, overwrite: overwrite, fileSystem).checkFree()
  }

  private static func endOfText(of tokenizer: Tokenizer) throws(DatasetError) -> UInt32 {
    guard tokenizer.vocabularySize <= 65536 else {
      throw DatasetError(
        .vocabulary, at: "tokenizer",
        "has \(tokenizer.vocabularySize) ids, but shards hold uint16: use a vocabulary of at most 65536"
      )
    }
    guard let endOfText = tokenizer.endOfText else {
      throw DatasetError(
        .vocabulary, at: "tokenizer",
        "names no token that ends a text, which stands before each document: use a folder whose "
          + "generation_config.json, config.json or tokenizer_config.json names it, or a tokenizer "
          + "with <|endoftext|>")
    }
    return endOfText
  }

  /// The second pass: both splits, batch by batch.
  private func write(
    _ sources: [any DocumentSource], _ validation: [any DocumentSource], _ survey: Survey,
    _ tokenizer: Tokenizer, _ endOfText: UInt32, into directory: OpenFile,
    _ description: inout DatasetDescription, on team: ThreadTeam,
    _ progress: @escaping (Progress) -> Bool
  ) throws(DatasetError) {
    var train = SplitWriter(
      directory, "train", endOfText, alignment: alignment, shardTokens: shardTokens, fileSystem)
    var held = SplitWriter(
      directory, "val", endOfText, alignment: alignment, shardTokens: shardTokens, fileSystem)
    var assignment = SplitAssignment(
      survey, fraction: validation.isEmpty ? valFraction : 0, seed: seed)
    var state = Progress(phase: .encoding, totalBytes: survey.bytes)
    for (documents, isValidation) in [(sources, false), (validation, true)] {
      // Without GPT-2's pattern, or with tokens to be found, there is no place to cut a document.
      let isWhole = parsesAddedTokens || !tokenizer.splitsText
      var reader = DocumentSequence(documents, pieceBytes: isWhole ? 1 << 40 : pieceBytes)
      while true {
        let read = try reader.nextBatch(bytes: batchBytes)
        if read.isEmpty { break }
        let batchTotal = read.reduce(0) { $0 + $1.bytes.count }
        let begun = read.count { $0.startsDocument }
        guard isValidation || state.documents + begun <= survey.documents,
          state.bytes + batchTotal <= survey.bytes ?? .max
        else { throw Self.changed() }
        let batch = isValidation ? read.map { ($0, true) } : assignment.assign(read)
        let encoded = tokenizer.encode(
          documents: batch.map(\.0.bytes), on: team, parsingAdded: parsesAddedTokens,
          continuing: batch.map { !$0.0.startsDocument }
        ) { fraction in
          var within = state
          within.bytes += Int(fraction * Double(batchTotal))
          _ = progress(within)
        }
        for ((piece, isHeld), tokens) in zip(batch, encoded) {
          if isHeld {
            try held.append(tokens, of: piece)
          } else {
            try train.append(tokens, of: piece)
          }
        }
        state.documents += begun
        state.bytes += batchTotal
        state.tokens = train.split.tokens + held.split.tokens
        try Self.report(state, progress)
      }
    }
    guard state.bytes == survey.bytes ?? state.bytes else { throw Self.changed() }
    description.train = try train.finish()
    description.validation = try held.finish()
  }

  /// The second pass has found other text than the first.
  private static func changed() -> DatasetError {
    DatasetError(
      .malformed, at: "input", "changed while it was read: tokenize it when nothing writes to it")
  }

  static func report(_ state: Progress, _ progress: (Progress) -> Bool) throws(DatasetError) {
    if !progress(state) { throw DatasetError(.cancelled, at: "tokenize", "stopped as asked") }
  }
}
