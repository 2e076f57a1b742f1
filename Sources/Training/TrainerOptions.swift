import Files

extension Trainer {
  /// What may change when a run is resumed.
  public struct Options: Sendable {
    /// Sequences of a micro-batch; nil lets the memory plan choose.
    public var microBatch: Int?
    /// Whether the backward recomputes layers instead of keeping their activations: memory only.
    public var recompute = false
    /// Steps between evaluations; 0: only at the end.
    public var evalEvery = 100
    /// Tokens of the validation slice.
    public var evalTokens = 65_536
    /// Steps between samples; 0: none.
    public var sampleEvery = 0
    /// Steps between checkpoints; 0: only at the end.
    public var checkpointEvery = 500
    /// Checkpoints that are kept.
    public var keep = 2
    /// Whether the scalars of `metrics.jsonl` also go to an event file of TensorBoard.
    public var tensorBoard = false

    /// The defaults.
    public init() {}
  }
}

extension Trainer.Options {
  /// The keys, in the order of the file.
  private static let fields: [SettingField<Self>] = [
    .integer("eval-every", \.evalEvery, 0...1 << 31),
    .integer("eval-tokens", \.evalTokens, 1...1 << 40),
    .integer("sample-every", \.sampleEvery, 0...1 << 31),
    .integer("checkpoint-every", \.checkpointEvery, 0...1 << 31),
    .integer("keep", \.keep, 1...1 << 31), .bool("tensorboard", \.tensorBoard),
    .integer("micro-batch", \.microBatch, 1...1 << 30), .bool("recompute", \.recompute),
  ]

  /// The names of the keys.
  static let keys = fields.map(\.key)

  /// Whether a member is one of these, and none of the configuration.
  static func has(_ member: JSONMember) -> Bool {
    keys.contains { $0.utf8.elementsEqual(member.key.utf8) }
  }

  /// As members of `configuration.json`.
  var members: [JSONMember] { Self.fields.map { JSONMember($0.key, $0.get(self)) } }

  /// Takes the members that are options.
  /// - source: where they come from, for messages; nil: flags.
  mutating func apply(_ members: [JSONMember], from source: String?) throws(TrainingError) {
    try SettingField.apply(
      members.filter(Self.has), to: &self, Self.fields, from: source)
  }
}
