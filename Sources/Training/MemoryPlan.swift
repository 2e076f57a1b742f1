public import Machine
public import Recipes
public import Transformer

/// What a run takes, counted before it is taken.
public struct MemoryPlan: Sendable {
  /// Tokens of a sample of text, its first included.
  public static let sampleLength = 81

  /// Sequences of a micro-batch.
  public let microBatch: Int
  /// Each part's bytes, with a name for the user.
  public let parts: [(name: String, bytes: Int)]

  /// Bytes in all.
  public var bytes: Int { parts.reduce(0) { $0 + $1.bytes } }

  /// One line: the sum and its parts.
  public var description: String {
    let list = parts.map { "\($0.name) \(ByteCount($0.bytes))" }.joined(separator: ", ")
    return "memory \(ByteCount(bytes)): \(list)"
  }

  /// Plans a run, which with `samples` also generates text and with `recompute` keeps only the inputs
  /// of layers for the backward.
  ///
  /// Without `microBatch` it is as large as 8,192 tokens and half of the memory that is left allow;
  /// smaller if so its activations stay in the last-level cache and it still has two tokens for each
  /// channel, so that reading the weights once more costs less than memory does.
  /// - cache: bytes of that cache, nil if unknown.
  /// - Throws: ``TrainingError/memory(needed:limit:advice:)`` with the flag to change.
  public init(
    _ config: GPT2Config, configuration: TrainingConfiguration, microBatch: Int?,
    recompute: Bool = false, samples: Bool = false, threads: Int, limit: MemoryLimit,
    cache: Int? = nil
  ) throws(TrainingError) {
    let (S, T) = (configuration.sequences, configuration.context)
    if let microBatch {
      guard microBatch >= 1 && microBatch <= S else {
        throw .configuration(
          "--micro-batch \(microBatch): expected 1...\(S), the sequences of a step (--batch-tokens / "
            + "--context)")
      }
    }
    func plan(_ B: Int) -> [(name: String, bytes: Int)] {
      let table = ParameterTable(config)
      let parameters = 4 * table.count
      let recipe = configuration.optimizerRecipe
      let source = recipe.curvature(configuration)
      return [
        ("weights", parameters), ("gradient", parameters),
        ("optimizer state", recipe.stateBytes(of: table)),
        ("last good state", configuration.lastGoodBytes(of: table)),
        (
          "orthogonalization", recipe.workspaceBytes(of: table, threads: threads)
        ), ("curvature gradient", source == nil ? 0 : parameters),
        ("mean of curvature groups", configuration.curvatureMeanBytes(of: table)),
        // The weights once more, packed for decoding, and the keys and values of a short text.
        (
          "samples of text",
          samples
            ? parameters + Decoder.bytes(config, threads: threads)
              + KVPool.bytes(config, pages: KVPool.pages(for: Self.sampleLength)) : 0
        ),
        (
          "activations of \(B)×\(T) tokens",
          StepGradient.bytes(
            config, microBatch: B, T: T, stepTokens: S * T, recompute: recompute,
            curvature: source != nil && source != .hessianProducts, threads: threads)
        ),
        (
          "Hessian-vector product of a sequence",
          source == .hessianProducts
            ? HessianProduct.bytes(config, T: T, recompute: recompute, threads: threads) : 0
        ), ("program", 64 << 20),
      ].filter { $0.bytes > 0 }
    }
    func total(_ B: Int) -> Int { plan(B).reduce(0) { $0 + $1.bytes } }
    var B = microBatch ?? min(S, max(1, 8192 / T))
    if microBatch == nil {
      while B > 1 && total(B) > limit.available / 2 { B /= 2 }
      var small = B
      func isCached(_ B: Int) -> Bool {
        StepGradient.activationBytes(config, microBatch: B, T: T) <= cache ?? 0
      }
      while small > 1 && !isCached(small) { small /= 2 }
      if isCached(small) && small * T >= 2 * config.width { B = small }
    }
    self.microBatch = B
    parts = plan(B)
    guard bytes <= limit.available else {
      let less =
        [B > 1 ? "--micro-batch \(B / 2)" : nil, recompute ? nil : "--recompute"]
        .compactMap { $0 }.joined(separator: " or ")
      let advice =
        less.isEmpty
        ? "use a smaller --context or --model"
        : "use \(less) (the same bits in less memory)"
          + (B > 1 ? "" : ", or a smaller --context or --model")
      throw .memory(needed: bytes, limit: limit, advice: advice)
    }
  }
}
