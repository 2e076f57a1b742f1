import Checkpoints
import Files
import Inference
import Kernels
import Machine
import Tokenization
import Transformer

/// A checkpoint ready to generate: weights packed for decoding, and its tokenizer.
struct LoadedModel {
  let model: DecoderModel
  let tokenizer: Tokenizer

  /// Opens a checkpoint or a run's newest valid one; `notice` gets lines for the user.
  init(
    _ path: String, _ precision: WeightPrecision, verify: Verification = .model,
    on team: ThreadTeam, notice: (String) -> Void
  ) throws {
    let (checkpoint, damaged) = try CheckpointDirectory.open(path, verify: verify)
    for skipped in damaged { notice("passed over a damaged checkpoint: \(skipped)") }
    let file = try ModelFile(checkpoint)
    tokenizer = try Self.tokenizer(of: file)
    for line in tokenizer.notices { notice(line) }
    model = try Self.decoderModel(of: file, precision, on: team)
  }

  /// The tokenizer beside the weights, which have a row for each of its ids.
  static func tokenizer(of file: ModelFile) throws -> Tokenizer {
    let (folder, rows) = (file.checkpoint.path, file.config.vocabularySize)
    let tokenizer = try Tokenizer.load(directory: folder)
    guard tokenizer.vocabularySize <= rows else {
      throw CheckpointError.invalid(
        file: "\(folder)/tokenizer.json", place: "vocabulary",
        expected: "at most \(rows) ids, as config.json says",
        found: "\(tokenizer.vocabularySize)")
    }
    return tokenizer
  }

  /// The weights of a file, packed for decoding; no second copy is held beside them.
  static func decoderModel(
    of file: ModelFile, _ precision: WeightPrecision = .f32, on team: ThreadTeam
  ) throws -> DecoderModel {
    let model = try DecoderModel(file.config, precision)
    try model.load(on: team) { entry, elements, values in
      try file.read(entry, elements: elements, into: values)
    }
    return model
  }

  /// What tells a file's losses: the training forward, or for other weights than f32 a decoder.
  /// - sequences: how many there are at least, if few.
  static func losses(
    of file: ModelFile, _ precision: WeightPrecision, T: Int, sequences: Int = .max,
    on team: ThreadTeam
  ) throws -> any TokenLosses {
    if precision != .f32 {
      return try DecoderLosses(decoderModel(of: file, precision, on: team), T: T, on: team)
    }
    let (theta, unused) = (try Arena(count: file.table.count), try Arena(count: file.table.count))
    try file.read(into: theta)
    return try StepGradient(
      file.config, table: file.table, parameters: theta, gradients: unused, curvature: nil,
      microBatch: max(1, min(sequences, 4096 / T)), T: T, on: team)
  }

  /// Token ids of a prompt; an empty one is the token that texts begin with.
  /// - special: whether added tokens in it count as such, and those that belong around a prompt are
  ///   there; otherwise the text is nothing but text.
  func promptTokens(_ text: [UInt8], special: Bool = true) throws -> [UInt32] {
    let ids = special ? tokenizer.encode(prompt: text) : tokenizer.encode(text)
    if !ids.isEmpty { return ids }
    guard let begin = tokenizer.beginOfText else { throw InferenceError.emptyPrompt }
    return [begin]
  }
}
