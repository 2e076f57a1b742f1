/// The settings of a run that enter no bit of its weights, so that they may change when it is resumed.
public struct RunSettings: SettingRows {
  /// Steps between evaluations; 0: only at the end.
  public let evalEvery = Setting.integer(
    "eval-every", 100, 0...1 << 31,
    SettingWords(.run, "n", "Steps between evaluations; 0: at the end."))
  /// Tokens of the validation slice.
  public let evalTokens = Setting.integer(
    "eval-tokens", 65_536, 1...1 << 40,
    SettingWords(.run, "n", "Validation tokens of an evaluation."))
  /// Steps between samples; 0: none.
  public let sampleEvery = Setting.integer(
    "sample-every", 0, 0...1 << 31,
    SettingWords(.run, "n", "Steps between text samples; 0: none."))
  /// Steps between checkpoints; 0: only at the end.
  public let checkpointEvery = Setting.integer(
    "checkpoint-every", 500, 0...1 << 31,
    SettingWords(.run, "n", "Steps between checkpoints; 0: at the end."))
  /// Checkpoints that are kept.
  public let keep = Setting.integer(
    "keep", 2, 1...1 << 31, SettingWords(.run, "n", "Checkpoints kept."))
  /// Whether the scalars of `metrics.jsonl` also go to an event file of TensorBoard.
  public let tensorBoard = Setting.toggle(
    "tensorboard", false,
    SettingWords(
      .run, "", "Write what metrics.jsonl gets as event files of TensorBoard too, in --out."))
  /// Sequences of a micro-batch; nil lets the memory plan choose.
  public let microBatch = Setting.integer(
    "micro-batch", 1...1 << 30,
    SettingWords(
      .machine, "n", "Sequences computed at a time: memory only, the bits stay.",
      usually: "by the memory plan"))
  /// Whether the backward recomputes layers instead of keeping their activations: memory only.
  public let recompute = Setting.toggle(
    "recompute", false,
    SettingWords(
      .machine, "",
      "Compute layers again in the backward instead of keeping their activations: less memory, up to a "
        + "fifth slower, the bits stay."))

  /// The rows.
  public init() {}

  /// The only ones.
  public static let standard = SettingTable(RunSettings())
  /// None: they are told from those of a training before they are read.
  public static var relatedKeys: [String] { [] }
}

/// What may change when a run is resumed.
public typealias RunOptions = Settings<RunSettings>
