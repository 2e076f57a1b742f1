public import Checkpoints
public import Inference
public import Kernels
public import Machine
public import Tokenization
public import Transformer

/// A checkpoint that text can be generated from: the files of its weights, not read yet, and its
/// tokenizer.
public struct StoredModel {
  /// The weights.
  public let file: ModelFile
  /// The tokenizer beside them.
  public let tokenizer: Tokenizer
  /// The sizes.
  public var config: GPT2Config { file.config }

  /// Opens a checkpoint or a run's newest valid one; `notice` gets lines for the user. Throws
  /// ``CheckpointError`` or ``TokenizerError``.
  public init(
    _ path: String, verify: Verification = .model, notice: (String) -> Void
  ) throws {
    let (checkpoint, damaged) = try CheckpointDirectory.open(path, verify: verify)
    for skipped in damaged { notice("passed over a damaged checkpoint: \(skipped)") }
    file = try ModelFile(checkpoint)
    if let left = file.notice { notice(left) }
    tokenizer = try Self.tokenizer(of: file)
    for line in tokenizer.notices { notice(line) }
  }

  /// The tokenizer beside the weights, which have a row for each of its ids. Throws
  /// ``CheckpointError`` or ``TokenizerError``.
  public static func tokenizer(of file: ModelFile) throws -> Tokenizer {
    let (folder, rows) = (file.checkpoint.path, file.config.vocabularySize)
    let tokenizer = try Tokenizer.load(directory: folder, contents: file.checkpoint.contents)
    guard tokenizer.vocabularySize <= rows else {
      throw CheckpointError.invalid(
        file: "\(folder)/tokenizer.json", place: "vocabulary",
        expected: "at most \(rows) ids, as config.json says",
        found: "\(tokenizer.vocabularySize)")
    }
    return tokenizer
  }

  /// Reads the weights and packs them for decoding, after a look at the memory that they and `pages`
  /// pages of keys and values take. Throws ``MemoryShortage``, or as
  /// ``Transformer/ModelFile/decoderModel(_:on:)`` does.
  public func load(
    _ precision: WeightPrecision, kv: KVPrecision = .f32, pages: Int, on team: ThreadTeam,
    limit: MemoryLimit = .current()
  ) throws -> LoadedModel {
    try GenerationMemory(config, precision, kv: kv, pages: pages, threads: team.count).check(limit)
    return LoadedModel(
      model: try file.decoderModel(precision, on: team), tokenizer: tokenizer,
      checkpoint: file.checkpoint)
  }
}

/// A checkpoint ready to generate: weights packed for decoding, and its tokenizer.
public struct LoadedModel: Sendable {
  /// The weights.
  public let model: DecoderModel
  /// The tokenizer.
  public let tokenizer: Tokenizer
  /// Where both come from.
  public let checkpoint: CheckpointDirectory
}

extension Tokenizer {
  /// Token ids of a prompt; an empty one is the token that texts begin with. Throws
  /// ``InferenceError/emptyPrompt`` if the vocabulary has no such token.
  /// - special: whether added tokens in it count as such, and those that belong around a prompt are
  ///   there; otherwise the text is nothing but text.
  public func promptTokens(
    _ text: some Collection<UInt8>, special: Bool = true
  ) throws(InferenceError) -> [UInt32] {
    let bytes = Array(text)
    let ids = special ? encode(prompt: bytes) : encode(bytes)
    if !ids.isEmpty { return ids }
    guard let beginOfText else { throw .emptyPrompt }
    return [beginOfText]
  }
}
