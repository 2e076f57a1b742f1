/// One text to be continued.
public struct SequenceRequest: Sendable {
  /// Token ids, at least one.
  public var prompt: [UInt32]
  /// How many tokens at most are added, at least one.
  public var maxTokens: Int
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
  /// Most tokens that ``PromptLookup`` proposes at a time; 0 is none. It changes no token, only how
  /// many passes of the model they take.
  public var lookup: Int

  /// Memberwise.
  public init(
    prompt: [UInt32], maxTokens: Int, sampling: SamplingSettings = SamplingSettings(),
    stopTokens: Set<UInt32> = [], seed: UInt64 = 0, sample: UInt32 = 0, slide: Bool = false,
    logprobs: Int? = nil, lookup: Int = 0
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
  }

  /// Throws an ``InferenceError`` if no engine could serve it.
  func validate(vocabularySize V: Int, contextLength: Int) throws(InferenceError) {
    try sampling.validate()
    if prompt.isEmpty { throw .emptyPrompt }
    for id in prompt where id >= V { throw .unknownToken(id: id, vocabularySize: V) }
    if prompt.count > contextLength && !slide {
      throw .promptTooLong(tokens: prompt.count, contextLength: contextLength)
    }
    if maxTokens < 1 {
      throw .setting(name: "max tokens", value: "\(maxTokens)", expected: "at least 1")
    }
    if let logprobs, logprobs < 0 {
      throw .setting(name: "logprobs", value: "\(logprobs)", expected: "at least 0")
    }
    if lookup < 0 { throw .setting(name: "lookup", value: "\(lookup)", expected: "at least 0") }
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
  /// Set on the request's last step.
  public let end: EndReason?

  init(
    request: Int, token: UInt32? = nil, logprob: Float? = nil, top: [TokenLogprob] = [],
    end: EndReason? = nil
  ) {
    self.request = request
    self.token = token
    self.logprob = logprob
    self.top = top
    self.end = end
  }
}
