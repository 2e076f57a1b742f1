import Transformer

/// A request that the engine works on.
final class ActiveSequence {
  let id: Int
  let request: SequenceRequest
  let cache: KVCache
  let sampler: Sampler
  /// Key and value pages set aside for it.
  let pages: Int
  /// Prompt and text.
  private(set) var tokens: [UInt32]
  /// The cache's position 0 is this token.
  private(set) var windowStart: Int
  /// What penalties count, kept if there are any.
  private(set) var history: TokenHistory
  /// Tokens of the prompt that were at hand when it began.
  let cachedTokens: Int
  /// Stop tokens that the model has: banned as long as the text is shorter than the request wants.
  private let earlyBans: Set<UInt32>
  private var lookup = PromptLookup()
  private let contextLength: Int

  init(id: Int, request: SequenceRequest, cache: KVCache, config: GPT2Config) {
    let (contextLength, vocabularySize) = (config.contextLength, config.vocabularySize)
    self.id = id
    self.request = request
    self.cache = cache
    pages = Self.pages(request, contextLength: contextLength)
    self.contextLength = contextLength
    sampler = Sampler(request.sampling, seed: request.seed, sample: request.sample)
    tokens = request.prompt
    windowStart = max(0, tokens.count - contextLength)
    history = request.sampling.readsHistory ? TokenHistory(prompt: tokens) : TokenHistory()
    cachedTokens = cache.length
    earlyBans =
      request.minTokens > 0 ? request.stopTokens.filter { $0 < vocabularySize } : []
  }

  /// Ids that are not drawn as token number `n` (from 0) of the text.
  func bans(at n: Int) -> Set<UInt32> { n < request.minTokens ? earlyBans : [] }

  /// Prompt tokens whose log-probabilities the next `count` pending tokens give.
  func scored(of count: Int) -> Int {
    if request.promptLogprobs == nil { return 0 }
    return max(0, min(count, request.prompt.count - 1 - cache.length))
  }

  /// Tokens that the cache lacks.
  var pending: ArraySlice<UInt32> { tokens[(windowStart + cache.length)...] }

  /// Whether part of the prompt is still to be read, beyond what a decoding step takes.
  var isReadingPrompt: Bool { pending.count > 1 }

  /// Starts the context anew with its last half if it is full.
  func slideIfFull() {
    if tokens.count - windowStart <= contextLength { return }
    windowStart = tokens.count - max(1, contextLength / 2)
    cache.truncate(to: 0)
  }

  /// Tokens that may follow, if the request wants them looked up: no more than the text and the
  /// context have room for, the draw after them included.
  func proposal(most: Int) -> [UInt32] {
    let left = request.maxTokens - (tokens.count - request.prompt.count)
    let room = min(left - 1, contextLength - cache.length - 1)
    return lookup.proposal(
      after: tokens.suffix(contextLength), most: min(most, request.lookup, room))
  }

  /// Takes how many of the tokens proposed became the text's; the keys and values of the others are
  /// forgotten.
  func settle(proposed: Int, accepted: Int) {
    lookup.learn(proposed: proposed, accepted: accepted)
    cache.truncate(to: min(cache.length, tokens.count - 1 - windowStart))
  }

  /// Appends a token. Returns why the text ends with it, if it does.
  func append(_ token: UInt32) -> EndReason? {
    tokens.append(token)
    if request.sampling.readsHistory { history.append(token) }
    if tokens.count - request.prompt.count == request.maxTokens { return .maxTokens }
    return tokens.count - windowStart > contextLength && !request.slide ? .contextFull : nil
  }

  /// How many first tokens of a request's prompt this cache has, or will have once its prompt is
  /// read.
  func sharedPrefix(_ other: SequenceRequest) -> Int {
    if windowStart > 0 || other.cacheGroup != request.cacheGroup { return 0 }
    return zip(other.prompt, tokens).prefix { $0 == $1 }.count
  }

  /// Key and value pages that a request needs at most.
  static func pages(_ request: SequenceRequest, contextLength: Int) -> Int {
    // The last token is never read. (No overflow: both summands are at most contextLength.)
    KVPool.pages(
      for: min(
        contextLength,
        min(request.prompt.count, contextLength)
          + min(max(0, request.maxTokens - 1), contextLength)))
  }
}
