import Kernels
public import Machine

/// What tells the loss of each token: the training forward, or a decoder, whose weights may have
/// another precision.
public protocol TokenLosses: AnyObject {
  /// Most sequences at a time.
  var microBatch: Int { get }
  /// T, tokens of a sequence.
  var T: Int { get }

  /// The loss of each token, in nats, (count, T), valid until the next call; no gradient.
  /// - tokens, targets: (count, T).
  func tokenLosses(
    tokens: UnsafePointer<UInt16>, targets: UnsafePointer<UInt16>, count: Int
  ) -> UnsafeBufferPointer<Double>
}

extension StepGradient: TokenLosses {}

/// Losses out of a decoder, sequence by sequence. With f32 weights they have the training
/// forward's bits.
public final class DecoderLosses: TokenLosses {
  /// One.
  public let microBatch = 1
  /// Tokens of a sequence.
  public let T: Int
  private let decoder: Decoder
  private let cache: KVCache
  private let losses: UnsafeMutablePointer<Double>

  /// - T: 1 to the model's context. Throws ``MemoryError``.
  public init(_ model: DecoderModel, T: Int, on team: ThreadTeam) throws(MemoryError) {
    precondition(T >= 1 && T <= model.config.contextLength, "DecoderLosses: T \(T)")
    self.T = T
    decoder = try Decoder(model, on: team)
    cache = KVCache(try KVPool(model.config, pages: KVPool.pages(for: T)))
    losses = .allocate(capacity: T)
    // Takes the logits' memory, so that no later call can fail.
    _ = try decoder.forward([UInt32](repeating: 0, count: T), cache, logits: .all)
  }

  deinit { losses.deallocate() }

  /// See ``TokenLosses``; `count` is 1.
  public func tokenLosses(
    tokens: UnsafePointer<UInt16>, targets: UnsafePointer<UInt16>, count: Int
  ) -> UnsafeBufferPointer<Double> {
    precondition(count == 1, "DecoderLosses: \(count) sequences")
    cache.truncate(to: 0)
    let ids = (0..<T).map { UInt32(tokens[$0]) }
    guard let logits = try? decoder.forward(ids, cache, logits: .all) else {
      preconditionFailure("DecoderLosses: the logits' memory is gone")
    }
    logits.losses(losses, targets: targets, on: decoder.team)
    return UnsafeBufferPointer(start: losses, count: T)
  }
}
