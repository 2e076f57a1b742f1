public import Kernels
public import Machine
public import Transformer

/// What generating text takes, counted before it is taken.
public struct GenerationMemory: Sendable {
  /// Each part's bytes, with a name for the user.
  public let parts: [(name: String, bytes: Int)]

  /// Bytes in all.
  public var bytes: Int { parts.reduce(0) { $0 + $1.bytes } }

  /// The memory of a model, its workspace, and `pages` pages of keys and values.
  public init(
    _ config: GPT2Config, _ precision: WeightPrecision, kv: KVPrecision = .f32, pages: Int,
    threads: Int
  ) {
    parts = [
      ("weights", DecoderModel.bytes(config, precision)),
      ("keys and values", KVPool.bytes(config, kv, pages: pages)),
      ("workspace", Decoder.bytes(config, precision, threads: threads)), ("program", 64 << 20),
    ]
  }

  /// Throws ``MemoryShortage`` if it is more than the limit.
  public func check(_ limit: MemoryLimit) throws(MemoryShortage) {
    try limit.require(
      parts, advice: "use --weights bf16, int8 or int4, or a smaller model or context")
  }
}
