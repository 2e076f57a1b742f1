import Kernels
public import Machine
public import Transformer

/// Continues many texts at once: requests wait in order until the pool has pages for the longest
/// text they may become, join, and leave between steps. A request's tokens depend on no other
/// request, on the pool, or on the number of threads.
///
/// A prompt that begins like a text at hand, or like one that has ended and whose pages were not
/// needed since, shares its pages and is read from where they part; so samples of one prompt read it
/// once. One thread at a time may call an engine.
public final class Engine {
  /// Work so far; see ``EngineTiming``.
  public private(set) var timing = EngineTiming()
  /// Requests that have not ended.
  public var unfinished: Int { waiting.count + active.count }
  /// Requests that have not joined yet.
  public var waitingCount: Int { waiting.count }
  /// Key and value pages.
  public var pageCount: Int { pool.pageCount }
  /// Pages set aside for the texts at hand: as many as they may come to need.
  public var reservedPages: Int { active.reduce(0) { $0 + $1.pages } }
  /// Pages that hold beginnings of ended texts alone, and are given up when others need them.
  public var cachedPages: Int { ended.pages(besides: active.map(\.cache)) }

  private let decoder: Decoder
  private let pool: KVPool
  private let scratch: [SamplerScratch]
  /// Rows that a step takes, as long as any of them are a prompt's.
  private let promptRows: Int
  /// How long a step should take that reads a prompt while texts are being written.
  private let stepTarget: Duration?
  private var waiting: [(id: Int, request: SequenceRequest)] = []
  private var active: [ActiveSequence] = []
  private var ended = EndedPrefixes()
  /// Requests that ended thus and are not reported yet.
  private var cancelled: [Int] = []
  private var nextID = 0
  /// A shorter common beginning is not worth sharing.
  private static let shortestShared = 16
  /// Proposed tokens are checked as long as a step has no more rows than this: beyond, a row more
  /// costs more than it is likely to bring.
  private static let rowsWithProposals = 24
  /// A step with fewer rows reads the weights for too little.
  private static let fewestPromptRows = 32

  /// The weights.
  public var model: DecoderModel { decoder.model }

  private var config: GPT2Config { decoder.model.config }

  /// - pages: key and value pages of the pool; nil is enough for one text of the whole context.
  /// - kv: how they hold their numbers.
  /// - promptRows: rows that a step with prompts takes at most, so that long prompts do not hold up
  ///   the texts that are being written.
  /// - stepTarget: how long such a step should take; while texts are being written it has fewer rows
  ///   where prompts were read more slowly so far. Nil is no target. It enters no bit. Throws
  ///   ``MemoryError``.
  public init(
    _ model: DecoderModel, pages: Int? = nil, kv: KVPrecision = .f32, promptRows: Int = 512,
    stepTarget: Duration? = nil, on team: ThreadTeam
  ) throws(MemoryError) {
    precondition(promptRows >= 1, "Engine: \(promptRows) rows")
    decoder = try Decoder(model, blockRows: promptRows, on: team)
    pool = try KVPool(
      model.config, kv, pages: pages ?? KVPool.pages(for: model.config.contextLength))
    (self.promptRows, self.stepTarget) = (promptRows, stepTarget)
    scratch = try SamplerScratch.forEachThread(
      of: team, vocabularySize: model.config.vocabularySize)
  }

  /// Queues a request; the number it returns names the request in ``SequenceStep/request``. Throws an
  /// ``InferenceError`` that says what is wrong with it.
  public func submit(_ request: SequenceRequest) throws(InferenceError) -> Int {
    try check(request)
    defer { nextID += 1 }
    waiting.append((nextID, request))
    return nextID
  }

  /// Throws what ``submit(_:)`` would throw.
  public func check(_ request: SequenceRequest) throws(InferenceError) {
    try request.validate(
      vocabularySize: config.vocabularySize, contextLength: config.contextLength)
    let needed = ActiveSequence.pages(request, contextLength: config.contextLength)
    if needed > pool.pageCount { throw .poolTooSmall(needed: needed, pages: pool.pageCount) }
  }

  /// Ends a request: the next step reports ``EndReason/stopped`` for it. Nothing if it has ended.
  public func cancel(_ id: Int) {
    let known = waiting.contains { $0.id == id } || active.contains { $0.id == id }
    if known && !cancelled.contains(id) { cancelled.append(id) }
  }

  /// One pass of the model over all texts at hand: a token for each whose prompt is read, and one
  /// more for each that ``PromptLookup`` proposed rightly, in the text's order; log-probabilities of
  /// the prompt tokens that were read, where they were asked for. Empty
  /// while other prompts are being read; when nothing is left to do, too (``unfinished`` is 0).
  ///
  /// Throws ``MemoryError`` if there is none for the logits; the step may be tried again.
  public func step() throws(MemoryError) -> [SequenceStep] {
    dropCancelled()
    admit()
    if active.isEmpty { return takeCancelled() }
    let start = ContinuousClock.now
    let batch = plan()
    makeRoom(for: batch)
    let scores = PromptScores(batch.map(\.sequence), scratch: scratch, team: decoder.team)
    let logits = try decoder.forward(
      batch.map(\.input), logits: .tail(batch.map(\.logitRows)),
      scoring: scores.wanted(batch.map(\.input.tokens.count)))
    var steps = takeCancelled()
    steps += finishPrompts(batch, scores)
    var (items, row): ([SequenceDraws.Item], Int) = ([], 0)
    for part in batch where part.logitRows > 0 {
      items.append(
        SequenceDraws.Item(sequence: part.sequence, proposal: part.proposal, firstRow: row))
      row += part.logitRows
    }
    let draws = SequenceDraws(logits: logits, scratch: scratch, team: decoder.team).run(items)
    for (item, draws) in zip(items, draws) where active.contains(where: { $0 === item.sequence }) {
      for draw in draws { steps.append(finish(item.sequence, draw)) }
      item.sequence.settle(proposed: item.proposal.count, accepted: draws.count - 1)
    }
    timing.add(ContinuousClock.now - start, batch, accepted: draws.map { $0.count - 1 })
    return steps
  }

  private func dropCancelled() {
    if cancelled.isEmpty { return }
    let ids = Set(cancelled)
    waiting.removeAll { ids.contains($0.id) }
    for sequence in active where ids.contains(sequence.id) { leave(sequence) }
  }

  /// Takes a sequence out; what it has read stays at hand.
  private func leave(_ sequence: ActiveSequence) {
    active.removeAll { $0 === sequence }
    ended.keep(sequence)
  }

  /// Gives up beginnings of ended texts until the pool has the pages that a step needs. What is set
  /// aside for the texts at hand is never more than the pool, so that they are enough.
  private func makeRoom(for batch: [Part]) {
    func needed() -> Int {
      batch.reduce(0) { $0 + $1.sequence.cache.pagesNeeded(for: $1.input.tokens.count) }
    }
    while needed() > pool.freePages && ended.forgetOldest() {}
  }

  /// What is known of prompts that were read in this step; a request that wants no text ends.
  private func finishPrompts(_ batch: [Part], _ scores: PromptScores) -> [SequenceStep] {
    var steps: [SequenceStep] = []
    for (i, part) in batch.enumerated() {
      let sequence = part.sequence
      let isRead = part.endsPrompt && sequence.request.maxTokens == 0
      let tokens = scores.tokens(of: i)
      let end: EndReason? = tokens == nil ? .invalidLogits : isRead ? .maxTokens : nil
      if tokens?.isEmpty ?? false && end == nil { continue }
      if end != nil { leave(sequence) }
      steps.append(
        SequenceStep(
          request: sequence.id, prompt: tokens ?? [], cachedTokens: sequence.cachedTokens, end: end)
      )
    }
    return steps
  }

  private func takeCancelled() -> [SequenceStep] {
    defer { cancelled = [] }
    return cancelled.map { SequenceStep(request: $0, end: .stopped) }
  }

  /// Lets waiting requests join, in order, while pages last.
  private func admit() {
    while let (id, request) = waiting.first {
      let pages = ActiveSequence.pages(request, contextLength: config.contextLength)
      let reserved = active.reduce(0) { $0 + $1.pages }
      guard reserved + pages <= pool.pageCount, let cache = cache(for: request) else { return }
      waiting.removeFirst()
      active.append(ActiveSequence(id: id, request: request, cache: cache, config: config))
    }
  }

  /// An empty cache, or one that shares the beginning of a text at hand or an ended one; nil while
  /// that text's prompt is still being read.
  private func cache(for request: SequenceRequest) -> KVCache? {
    // Logits of what is at hand are not: such a prompt is read anew.
    if request.promptLogprobs != nil || request.prompt.count > config.contextLength {
      return KVCache(pool)
    }
    // The last token must be read by its own sequence: its logits are needed.
    let most = min(request.prompt.count - 1, config.contextLength - 1)
    var (donor, shared): (ActiveSequence?, Int) = (nil, 0)
    for sequence in active {
      let common = min(most, sequence.sharedPrefix(request))
      if common > shared { (donor, shared) = (sequence, common) }
    }
    if let old = ended.best(for: request, most: most), old.shared >= Self.shortestShared,
      old.shared >= shared
    {
      return old.cache.fork(first: old.shared)
    }
    guard let donor, shared >= Self.shortestShared else { return KVCache(pool) }
    if donor.cache.length < shared {
      if donor.isReadingPrompt { return nil }
      shared = donor.cache.length
    }
    return donor.cache.fork(first: shared)
  }

  /// What a sequence feeds in a step.
  struct Part {
    let sequence: ActiveSequence
    let input: Decoder.Input
    /// Whether it reads its prompt, or after a slide its own text.
    let isPrompt: Bool
    /// The last tokens of the input, where they are guesses.
    let proposal: [UInt32]
    /// Whether nothing of it is left to read.
    let endsPrompt: Bool
    /// Rows of logits that are needed: none while the prompt is not read.
    let logitRows: Int
  }

  /// What each sequence feeds: the newest token and, while no prompt is read, what may follow it; or
  /// as much of its prompt as fits this step.
  private func plan() -> [Part] {
    for sequence in active { sequence.slideIfFull() }
    let writing = active.count { !$0.isReadingPrompt }
    var rows = max(1, promptRows(beside: writing) - writing)
    let room = writing == active.count ? max(0, Self.rowsWithProposals - writing) : 0
    let proposed = room / max(1, writing)
    var batch: [Part] = []
    for sequence in active {
      let (pending, isPrompt) = (sequence.pending, sequence.isReadingPrompt)
      let count = isPrompt ? min(rows, pending.count) : 1
      if count == 0 { continue }
      if isPrompt { rows -= count }
      let proposal = isPrompt ? [] : sequence.proposal(most: proposed)
      batch.append(
        Part(
          sequence: sequence,
          input: Decoder.Input(sequence.cache, pending.prefix(count) + proposal),
          isPrompt: isPrompt, proposal: proposal, endsPrompt: count == pending.count,
          logitRows: count == pending.count && sequence.request.maxTokens > 0
            ? 1 + proposal.count : 0))
    }
    return batch
  }

  /// Rows of a step that reads prompts while so many texts are being written.
  private func promptRows(beside writing: Int) -> Int {
    let rate = timing.prefillTokensPerSecond
    guard let stepTarget, writing > 0, rate > 0 else { return promptRows }
    return min(promptRows, max(Self.fewestPromptRows, Int(rate * (stepTarget / .seconds(1)))))
  }

  /// Appends what was drawn; a sequence that ends gives its pages back.
  private func finish(_ sequence: ActiveSequence, _ draw: SequenceDraws.Draw?) -> SequenceStep {
    var (token, end): (UInt32?, EndReason?) = (nil, .invalidLogits)
    if let draw {
      let stops = sequence.request.stopTokens.contains(draw.token)
      token = stops ? nil : draw.token
      end = stops ? .endOfText(draw.token) : sequence.append(draw.token)
    }
    if end != nil { leave(sequence) }
    return SequenceStep(
      request: sequence.id, token: token, logprob: draw?.logprob, top: draw?.top ?? [],
      cachedTokens: sequence.cachedTokens, end: end)
  }
}
