/// One text to be continued.
public struct SequenceRequest: Sendable {
  /// Token ids, at least one.
  public var prompt: [UInt32]
  /// How many tokens at most are added; 0 reads the prompt and adds none.
  public var maxTokens: Int
  /// As long as the text has fewer tokens, no stop token is drawn.
  public var minTokens: Int
  /// How they are drawn.
  public var sampling: SamplingSettings
  /// Ids that end the text, such as `<|endoftext|>`.
  public var stopTokens: Set<UInt32>
  /// Keys the random numbers.
  public var seed: UInt64
  /// The number of this text among those of the same prompt and seed; each has its own numbers.
  public var sample: UInt32
  /// When the context is full: false ends the text; true reads the last ⌊n_positions / 2⌋ tokens
  /// anew, from position 0, and goes on. A longer prompt than the context is refused, or read from
  /// its last n_positions tokens on.
  public var slide: Bool
  /// Whether each step has the token's log-probability, and of how many likeliest tokens besides.
  public var logprobs: Int?
  /// Whether steps have the log-probabilities of the prompt's tokens from the second on, and of how
  /// many likeliest tokens besides. Such a prompt is read anew, whatever is at hand of it.
  public var promptLogprobs: Int?
  /// Requests share what was read of a common beginning only if they have this number in common: the
  /// time that a prompt takes tells whether another had its beginning before.
  public var cacheGroup: UInt64
  /// Most tokens that ``PromptLookup`` proposes at a time; 0 is none. It changes no token, only how
  /// many passes of the model they take.
  public var lookup: Int

  /// Memberwise.
  public init(
    prompt: [UInt32], maxTokens: Int, sampling: SamplingSettings = SamplingSettings(),
    stopTokens: Set<UInt32> = [], seed: UInt64 = 0, sample: UInt32 = 0, slide: Bool = false,
    logprobs: Int? = nil, lookup: Int = 0, minTokens: Int = 0, promptLogprobs: Int? = nil,
    cacheGroup: UInt64 = 0
  ) {
    self.prompt = prompt
    self.maxTokens = maxTokens
    self.sampling = sampling
    self.stopTokens = stopTokens
    self.seed = seed
    self.sample = sample
    self.slide = slide
    self.logprobs = logprobs
    self.lookup = lookup
    self.minTokens = minTokens
    self.promptLogprobs = promptLogprobs
    self.cacheGroup = cacheGroup
  }

  /// Throws an ``InferenceError`` if no engine could serve it.
  func validate(vocabularySize V: Int, contextLength: Int) throws(InferenceError) {
    try sampling.validate(vocabularySize: V)
    if prompt.isEmpty { throw .emptyPrompt }
    for id in prompt where id >= V { throw .unknownToken(id: id, vocabularySize: V) }
    if prompt.count > contextLength && !slide {
      throw .promptTooLong(tokens: prompt.count, contextLength: contextLength)
    }
    for (name, value) in [
      ("max tokens", maxTokens), ("min tokens", minTokens), ("logprobs", logprobs ?? 0),
      ("prompt logprobs", promptLogprobs ?? 0), ("lookup", lookup),
    ] where value < 0 {
      throw .setting(name: name, value: "\(value)", expected: "at least 0")
    }
    if promptLogprobs != nil && prompt.count > contextLength {
      throw .promptTooLong(tokens: prompt.count, contextLength: contextLength)
    }
    if minTokens > 0 {
      // Stop tokens that the model lacks are never drawn.
      let bans = stopTokens.filter { $0 < V }.union(sampling.banned)
      if bans.count >= V {
        throw .setting(
          name: "min tokens", value: "\(minTokens)",
          expected: "0, as the stop tokens and bans are the whole vocabulary")
      }
    }
  }
}

/// Why a text ended.
public enum EndReason: Sendable, Equatable {
  /// A stop token was drawn; it is not part of the text.
  case endOfText(UInt32)
  /// It has as many tokens as were asked for.
  case maxTokens
  /// The model's context is full, and the request does not slide.
  case contextFull
  /// ``Engine/cancel(_:)``.
  case stopped
  /// The model's logits are not finite numbers: its weights are broken.
  case invalidLogits
}

/// What happened to a request: a token, its end, or both.
public struct SequenceStep: Sendable, Equatable {
  /// What ``Engine/submit(_:)`` returned.
  public let request: Int
  /// A token of the text; nil if the end came without one.
  public let token: UInt32?
  /// The token's log-probability under the model's own distribution, if asked for.
  public let logprob: Float?
  /// Those of the likeliest tokens, in descending order, if asked for.
  public let top: [TokenLogprob]
  /// Prompt tokens that were read in this step, in order, if asked for; the first token of a prompt
  /// is none of them. A step may have nothing else.
  public let prompt: [PromptToken]
  /// How many tokens of the request's prompt were at hand and were not read again.
  public let cachedTokens: Int
  /// Set on the request's last step.
  public let end: EndReason?

  init(
    request: Int, token: UInt32? = nil, logprob: Float? = nil, top: [TokenLogprob] = [],
    prompt: [PromptToken] = [], cachedTokens: Int = 0, end: EndReason? = nil
  ) {
    self.request = request
    self.token = token
    self.logprob = logprob
    self.top = top
    self.prompt = prompt
    self.cachedTokens = cachedTokens
    self.end = end
  }
}

/// A token of a prompt, given those before it.
public struct PromptToken: Sendable, Equatable {
  /// Its log-probability under the model's own distribution.
  public let own: TokenLogprob
  /// Those of the likeliest tokens at its place, in descending order.
  public let top: [TokenLogprob]
}
