import Kernels
import Machine

/// Draws the tokens of one text. A draw is a function of the logits, the tokens before, and
/// (seed, sample, position) alone: its random number comes from a counter-based generator.
public struct Sampler: Sendable {
  /// How tokens are drawn.
  public let settings: SamplingSettings
  private let random: Philox
  private let sample: UInt32

  /// The settings must be valid (``SamplingSettings/validate()``).
  /// - sample: the number of the text among those of one prompt and seed.
  public init(_ settings: SamplingSettings, seed: UInt64, sample: UInt32 = 0) {
    self.settings = settings
    random = Philox(seed: seed)
    self.sample = sample
  }

  /// The next token, or nil if the logits are not all finite numbers.
  /// - logits: (V); - position: where in the text the token goes; - history: the tokens before it,
  ///   read if there is a penalty; - banned: ids that this draw leaves out, beside those of the
  ///   settings. One token at least must be left.
  public func draw(
    _ logits: UnsafeBufferPointer<Float>, position: Int, history: TokenHistory = TokenHistory(),
    banned: Set<UInt32> = [], using scratch: SamplerScratch
  ) -> UInt32? {
    guard let base = logits.baseAddress else { return nil }
    let V = logits.count
    var x = base
    let bans = banned.isEmpty ? settings.banned : settings.banned.union(banned)
    if settings.readsHistory || !settings.logitBias.isEmpty || !bans.isEmpty {
      // Bans hide logits, so broken ones are looked for first.
      if Softmax.maximum(base, count: V) == nil { return nil }
      scratch.adjust(logits, settings, history, banned: bans)
      x = UnsafePointer(scratch.adjusted.base)
    }
    guard let top = Softmax.maximum(x, count: V) else { return nil }
    // A subnormal one counts as 0, as it does where subnormals are flushed.
    if settings.temperature < .leastNormalMagnitude {
      return UnsafeBufferPointer(start: x, count: V).firstIndex(of: top).map { UInt32($0) }
    }
    scratch.candidates.start(
      x, count: V, top: top, temperature: settings.temperature, topK: settings.topK)
    if !bans.isEmpty { scratch.candidates.remove(bans) }
    if let p = settings.topP, p < 1 { scratch.candidates.keepNucleus(p) }
    if let p = settings.minP, p > 0 { scratch.candidates.keep(atLeast: p) }
    return scratch.candidates.pick(
      random.uniform(stream: .texts, UInt64(sample) << 32 | UInt64(position)))
  }
}

/// Natural logarithm of a token's probability.
public struct TokenLogprob: Sendable, Equatable {
  /// The token.
  public let token: UInt32
  /// ln p.
  public let logprob: Float

  /// Memberwise.
  public init(token: UInt32, logprob: Float) {
    self.token = token
    self.logprob = logprob
  }

  /// ln p under the model's own distribution, before penalty, temperature and cuts: of `token`,
  /// then of the `top` likeliest in descending order, equals by id. Nil if the logits are not all
  /// finite.
  /// - logits: (V).
  public static func of(
    _ token: UInt32, top count: Int, _ logits: UnsafeBufferPointer<Float>,
    using scratch: SamplerScratch
  ) -> (token: TokenLogprob, top: [TokenLogprob])? {
    let V = logits.count
    guard let x = logits.baseAddress, let top = Softmax.maximum(x, count: V) else { return nil }
    let logSum = VectorMath.log(scratch.candidates.sumOfExponentials(x, count: V, top: top))
    func entry(_ id: UInt32) -> TokenLogprob {
      TokenLogprob(token: id, logprob: Float(Double(x[Int(id)]) - Double(top) - logSum))
    }
    if count <= 0 { return (entry(token), []) }
    var ids: [UInt32] = []
    let k = min(count, V)
    TopK.indices(x, count: V, atLeast: TopK.threshold(x, count: V, k: k), into: &ids)
    ids.sort { x[Int($0)] != x[Int($1)] ? x[Int($0)] > x[Int($1)] : $0 < $1 }
    return (entry(token), ids.prefix(k).map(entry))
  }
}
