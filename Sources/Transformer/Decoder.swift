public import Kernels
public import Machine

/// GPT-2 over cached keys and values: prefill and decoding are one function that takes, for each
/// sequence of a batch, its cache and its next tokens.
///
/// A row's logits have the bits of the training forward's if weights, keys and values are in fp32; in
/// any precision they are the same however its sequence is split into
/// calls, whatever else is in the batch, and for any number of threads.
public final class Decoder {
  /// A sequence's next tokens.
  public struct Input {
    /// The tokens before; grows by the tokens.
    public let cache: KVCache
    /// At least one id below V.
    public let tokens: [UInt32]

    /// Memberwise.
    public init(_ cache: KVCache, _ tokens: [UInt32]) {
      self.cache = cache
      self.tokens = tokens
    }
  }

  /// Which positions' logits are computed.
  public enum Rows: Sendable {
    /// Of each input's last token: one row an input, in their order.
    case last
    /// Of every token: the inputs' rows one after another.
    case all
    /// Of each input's last so many tokens, one number an input, 0 to all of its tokens: the inputs'
    /// rows one after another.
    case tail([Int])
  }

  /// Logits that are looked at while a batch passes and then forgotten, so that a long prompt's never
  /// take V floats a token.
  public struct Scoring {
    /// Of each input, how many of its first tokens have their logits computed.
    public let tokens: [Int]
    /// Gets some rows, at most ``Decoder/scoredRows``: of `input`'s tokens from `first` on.
    public let take: (_ input: Int, _ first: Int, _ logits: Logits) -> Void

    /// Memberwise.
    public init(
      tokens: [Int], take: @escaping (_ input: Int, _ first: Int, _ logits: Logits) -> Void
    ) {
      self.tokens = tokens
      self.take = take
    }
  }

  /// Rows of logits in the decoder's memory, to be read before the next `forward`.
  public struct Logits {
    /// Number of rows.
    public let rows: Int
    fileprivate let vocabularySize: Int
    fileprivate let stride: Int
    fileprivate let arena: Arena

    /// The loss of each row, in nats; the logits are used up. - losses, targets: (rows).
    func losses(
      _ losses: UnsafeMutablePointer<Double>, targets: UnsafePointer<UInt16>, on team: ThreadTeam
    ) {
      CrossEntropy.forward(
        losses: losses, logits: arena.base, ld: stride, targets: targets, R: rows,
        V: vocabularySize, on: team)
    }

    /// The V logits of a row.
    public subscript(row: Int) -> UnsafeBufferPointer<Float> {
      precondition(row >= 0 && row < rows, "Logits: row \(row) of \(rows)")
      return UnsafeBufferPointer(start: arena.base + row * stride, count: vocabularySize)
    }
  }

  /// The weights.
  public let model: DecoderModel
  /// Threads.
  public let team: ThreadTeam
  /// Rows of logits that a ``Scoring`` gets at a time: enough that the head's weights are read seldom.
  public static let scoredRows = 64
  let workspace: DecoderWorkspace
  private var logits: Arena
  private var scored: Arena

  /// - blockRows: rows that pass the layers together; more are taken block by block. It bounds the
  ///   memory and enters no bit. Throws ``MemoryError``.
  public init(
    _ model: DecoderModel, blockRows: Int = 512, on team: ThreadTeam
  ) throws(MemoryError) {
    precondition(blockRows >= 1, "Decoder: \(blockRows) rows")
    self.model = model
    self.team = team
    workspace = try DecoderWorkspace(
      model.config, model.precision, rows: blockRows, threads: team.count)
    logits = try Arena(count: 0)
    scored = try Arena(count: 0)
  }

  /// Bytes that a decoder takes beside its model and logits.
  public static func bytes(
    _ config: GPT2Config, _ precision: WeightPrecision = .f32, blockRows: Int = 512, threads: Int
  ) -> Int {
    DecoderWorkspace.bytes(config, precision, rows: blockRows, threads: threads)
  }

  /// One sequence's next tokens; see ``forward(_:logits:)-([Input],_)``.
  public func forward(
    _ tokens: [UInt32], _ cache: KVCache, logits rows: Rows = .last
  ) throws(MemoryError) -> Logits {
    try forward([Input(cache, tokens)], logits: rows)
  }

  /// Appends each input's tokens to its cache and computes logits. The caches must be different
  /// ones, with room for their tokens: within the context, and pages left in the pool
  /// (``KVCache/reserve(_:)`` tells). Throws ``MemoryError`` if there is none for the logits; then
  /// nothing has changed.
  /// - scoring: logits that are wanted besides.
  public func forward(
    _ batch: [Input], logits rows: Rows = .last, scoring: Scoring? = nil
  ) throws(MemoryError) -> Logits {
    let (config, tails) = (model.config, Self.tails(batch, rows))
    let rowCount = tails.reduce(0, +)
    let stride = (config.vocabularySize + 15) / 16 * 16
    if logits.count < rowCount * stride { logits = try Arena(count: rowCount * stride) }
    let scoredRows = min(Self.scoredRows, scoring?.tokens.max() ?? 0)
    if scored.count < scoredRows * stride { scored = try Arena(count: scoredRows * stride) }
    check(batch)
    let out = logits.base
    var row = 0
    for block in blocks(batch, tails) {
      let pass = DecoderPass(
        model: model, workspace: workspace, team: team, spans: block,
        tokens: block.flatMap { Array($0.tokens) })
      pass.run()
      for span in block { span.cache.advance(span.tokens.count) }
      if let scoring { score(block, pass, scoring, stride) }
      let wanted = pass.wantedRows
      pass.head(wanted, logits: out + row * stride, stride: stride)
      row += wanted.count
    }
    return Logits(
      rows: rowCount, vocabularySize: config.vocabularySize, stride: stride, arena: logits)
  }

  /// Hands the block's scored rows over, before the head uses up the residual stream.
  private func score(
    _ block: [DecoderSpan], _ pass: DecoderPass, _ scoring: Scoring, _ stride: Int
  ) {
    for span in block {
      let wanted = min(span.tokens.count, scoring.tokens[span.input] - span.start)
      var done = 0
      while done < wanted {
        let count = min(Self.scoredRows, wanted - done)
        let first = span.row + done
        pass.head(first..<first + count, logits: scored.base, stride: stride)
        scoring.take(
          span.input, span.start + done,
          Logits(
            rows: count, vocabularySize: model.config.vocabularySize, stride: stride, arena: scored)
        )
        done += count
      }
    }
  }

  /// How many of each input's last tokens have their logits computed.
  private static func tails(_ batch: [Input], _ rows: Rows) -> [Int] {
    switch rows {
    case .last: return batch.map { _ in 1 }
    case .all: return batch.map(\.tokens.count)
    case .tail(let counts):
      precondition(
        counts.count == batch.count
          && zip(batch, counts).allSatisfy { $1 >= 0 && $1 <= $0.tokens.count },
        "Decoder: logits of the last \(counts) tokens of \(batch.map(\.tokens.count))")
      return counts
    }
  }

  private func check(_ batch: [Input]) {
    precondition(
      Set(batch.map { ObjectIdentifier($0.cache) }).count == batch.count,
      "Decoder: a cache twice in a batch")
    for input in batch {
      precondition(
        !input.tokens.isEmpty && input.tokens.allSatisfy { $0 < model.config.vocabularySize },
        "Decoder: no token, or an id of V \(model.config.vocabularySize) or more")
      precondition(
        input.cache.pool.config == model.config, "Decoder: the cache of another model")
      let hasRoom = input.cache.reserve(input.tokens.count)
      precondition(hasRoom, "Decoder: the cache's pool is full")
    }
  }

  /// The batch's rows one after another, cut into blocks of at most the workspace's rows.
  private func blocks(_ batch: [Input], _ tails: [Int]) -> [[DecoderSpan]] {
    var blocks: [[DecoderSpan]] = [[]]
    var used = 0
    for (number, (input, tail)) in zip(batch, tails).enumerated() {
      var start = 0
      while start < input.tokens.count {
        if used == workspace.rows {
          blocks.append([])
          used = 0
        }
        let count = min(workspace.rows - used, input.tokens.count - start)
        blocks[blocks.count - 1].append(
          DecoderSpan(
            input: number, start: start, cache: input.cache, row: used,
            position: input.cache.length + start,
            tokens: input.tokens[start..<start + count],
            firstWanted: min(count, max(0, input.tokens.count - tail - start))))
        start += count
        used += count
      }
    }
    return blocks
  }
}

/// Consecutive positions of one sequence in a block of rows.
struct DecoderSpan {
  /// The number of its sequence in the batch, and which of its tokens is the first here.
  let input, start: Int
  let cache: KVCache
  /// First row of the block.
  let row: Int
  /// Its position in the sequence.
  let position: Int
  let tokens: ArraySlice<UInt32>
  /// The logits of its tokens from this one on are asked for; their number if of none.
  let firstWanted: Int
}
