import Kernels
public import Machine
public import Transformer

/// How likely a model holds given continuations of given contexts: what question sets such as
/// HellaSwag and LAMBADA are scored by.
///
/// A context is read once for all of its continuations, several contexts side by side; a score
/// depends on nothing but its own tokens.
public final class ContinuationScorer {
  /// A context, at least one token, and what may follow it, at least one token each.
  public struct Question: Sendable {
    /// Token ids.
    public let context: [UInt32]
    /// Token ids of each continuation.
    public let continuations: [[UInt32]]

    /// Memberwise.
    public init(context: [UInt32], continuations: [[UInt32]]) {
      self.context = context
      self.continuations = continuations
    }
  }

  /// What the model makes of a continuation.
  public struct Score: Sendable, Equatable {
    /// ln p of all of its tokens together, given the context.
    public let logprob: Double
    /// Whether each token is the likeliest one, of equals that of the lowest id.
    public let isGreedy: Bool
  }

  private let decoder: Decoder
  private let contextLength: Int
  private let scratch: [SamplerScratch]
  /// Pages that questions side by side may take; a single one may take more.
  private static let pagesTogether = 32

  /// - contextLength: tokens that the model sees at most, 1 to its own; nil is its own. Throws
  ///   ``MemoryError``.
  public init(
    _ model: DecoderModel, contextLength: Int? = nil, on team: ThreadTeam
  ) throws(MemoryError) {
    let most = model.config.contextLength
    self.contextLength = contextLength ?? most
    precondition((1...most).contains(self.contextLength), "ContinuationScorer: \(most) tokens")
    decoder = try Decoder(model, on: team)
    scratch = try SamplerScratch.forEachThread(
      of: team, vocabularySize: model.config.vocabularySize)
  }

  /// How many first tokens of a context are left out for a continuation: context and continuation
  /// together may be one token longer than what the model sees, as the last one is only predicted.
  public func leftOut(of context: Int, before continuation: Int) -> Int {
    max(0, context + continuation - contextLength - 1)
  }

  /// The scores of each question's continuations. A continuation has at most as many tokens as the
  /// model sees. Throws ``InferenceError`` for ids that the model does not have or if its logits are
  /// not finite, ``MemoryError``, and what `progress` throws, which gets the number of questions done.
  public func scores(
    _ questions: [Question], progress: (_ done: Int) throws -> Void = { _ in }
  ) throws -> [[Score]] {
    var scores: [[Score]] = []
    for question in questions { try check(question) }
    // Pages cost memory once they are written.
    let pool = try KVPool(
      decoder.model.config, pages: max(Self.pagesTogether, questions.map(pages).max() ?? 0))
    while scores.count < questions.count {
      var (count, pages) = (0, 0)
      for question in questions[scores.count...] {
        let more = self.pages(question)
        if count > 0 && pages + more > Self.pagesTogether { break }
        (count, pages) = (count + 1, pages + more)
      }
      scores += try batch(Array(questions[scores.count..<scores.count + count]), pool)
      try progress(scores.count)
    }
    return scores
  }

  private func check(_ question: Question) throws(InferenceError) {
    let V = decoder.model.config.vocabularySize
    precondition(
      question.continuations.allSatisfy { (1...contextLength).contains($0.count) },
      "ContinuationScorer: a continuation of no token or more than \(contextLength)")
    if question.context.isEmpty { throw .emptyPrompt }
    for ids in [question.context] + question.continuations {
      for id in ids where id >= V { throw .unknownToken(id: id, vocabularySize: V) }
    }
  }

  /// Pages that a question takes at most: its context's, and for each continuation a copy of the last
  /// of them and its own.
  private func pages(_ question: Question) -> Int {
    let context = min(contextLength, question.context.count)
    return question.continuations.reduce(KVPool.pages(for: context)) {
      $0 + KVPool.pages(for: min(contextLength, context + $1.count))
    }
  }

  /// A continuation after the context that is read for it.
  private struct Part {
    let cache: KVCache
    /// What the model reads: the rest of the context, and the continuation but for its last token.
    let input: [UInt32]
    let continuation: [UInt32]
  }

  private func batch(_ questions: [Question], _ pool: KVPool) throws -> [[Score]] {
    var (contexts, parts): ([Decoder.Input], [Part]) = ([], [])
    for question in questions {
      let longest = question.continuations.map(\.count).max() ?? 0
      let isShared =
        question.continuations.count > 1 && question.context.count > 1
        && leftOut(of: question.context.count, before: longest) == 0
      let cache = KVCache(pool)
      if isShared { contexts.append(Decoder.Input(cache, question.context.dropLast())) }
      for continuation in question.continuations {
        let skipped = leftOut(of: question.context.count, before: continuation.count)
        let context = isShared ? question.context.suffix(1) : question.context[skipped...]
        parts.append(
          Part(
            cache: isShared ? cache : KVCache(pool), input: context + continuation.dropLast(),
            continuation: continuation))
      }
    }
    if !contexts.isEmpty {
      _ = try decoder.forward(contexts, logits: .tail(contexts.map { _ in 0 }))
    }
    let logits = try decoder.forward(
      parts.map { Decoder.Input($0.cache.fork(), $0.input) },
      logits: .tail(parts.map(\.continuation.count)))
    var scores = try self.scores(parts.map(\.continuation), logits)[...]
    return questions.map { question in
      defer { scores = scores.dropFirst(question.continuations.count) }
      return Array(scores.prefix(question.continuations.count))
    }
  }

  /// Rows are shared out among the threads.
  private func scores(
    _ continuations: [[UInt32]], _ logits: Decoder.Logits
  ) throws(InferenceError) -> [Score] {
    let targets = continuations.flatMap { $0 }
    var rows = [Score?](repeating: nil, count: targets.count)
    rows.withUnsafeMutableBufferPointer { rows in
      decoder.team.forEach(targets.count) { row, thread in
        rows[row] = Self.score(targets[row], logits[row], scratch[thread])
      }
    }
    var (scores, row): ([Score], Int) = ([], 0)
    for continuation in continuations {
      var (sum, isGreedy) = (0.0, true)
      for _ in continuation {
        guard let score = rows[row] else { throw .invalidLogits }
        sum += score.logprob
        isGreedy = isGreedy && score.isGreedy
        row += 1
      }
      scores.append(Score(logprob: sum, isGreedy: isGreedy))
    }
    return scores
  }

  private static func score(
    _ token: UInt32, _ logits: UnsafeBufferPointer<Float>, _ scratch: SamplerScratch
  ) -> Score? {
    let greedy = Sampler(.greedy, seed: 0).draw(
      logits, position: 0, using: scratch)
    guard let own = TokenLogprob.of(token, top: 0, logits, using: scratch) else { return nil }
    return Score(logprob: Double(own.token.logprob), isGreedy: greedy == token)
  }
}
