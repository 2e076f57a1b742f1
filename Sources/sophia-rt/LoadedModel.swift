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
    model = try Self.decoderModel(of: file, precision, on: team)
  }

  /// The tokenizer beside the weights, which have a row for each of its ids.
  static func tokenizer(of file: ModelFile) throws -> Tokenizer {
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
    let B = max(1, min(sequences, 4096 / T))
    try MemoryLimit.current().require(
      [
        ("weights and room for gradients", 2 * 4 * file.table.count),
        (
          "activations of \(B)×\(T) tokens",
          StepGradient.bytes(
            file.config, microBatch: B, T: T, curvature: false, threads: team.count)
        ), ("program", 64 << 20),
      ], advice: "use --weights bf16, int8 or int4, or a smaller --context")
    let (theta, unused) = (try Arena(count: file.table.count), try Arena(count: file.table.count))
    try file.read(into: theta)
    return try StepGradient(
      file.config, table: file.table, parameters: theta, gradients: unused, curvature: nil,
      microBatch: B, T: T, on: team)
  }

  /// Token ids of a prompt; an empty one is `<|endoftext|>`, after which texts begin.
  func promptTokens(_ text: [UInt8]) throws -> [UInt32] {
    let ids = tokenizer.encode(text)
    if !ids.isEmpty { return ids }
    guard let end = tokenizer.endOfText else { throw InferenceError.emptyPrompt }
    return [end]
  }
}
