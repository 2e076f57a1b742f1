import Kernels
import Machine

/// The look-up's share of wte's gradient, apart from the head's share, since each is one chain over
/// the step's tokens. A row for each different token of the step, in the order of their first
/// appearance: only so many rows are ever touched.
final class TokenGradients {
  let arena: Arena
  private let C: Int
  /// The row of each token, -1 for none.
  private var rowOfToken: [Int32]
  /// The token of each row.
  private var tokens: [Int] = []
  /// The rows of the tokens that came last.
  private var rows: [UInt16] = []
  var base: UnsafeMutablePointer<Float> { arena.base }

  init(_ config: GPT2Config) throws(MemoryError) {
    arena = try Arena(count: config.vocabularySize * config.width)
    C = config.width
    rowOfToken = [Int32](repeating: -1, count: config.vocabularySize)
  }

  /// Bytes that steps of so many tokens touch.
  static func bytes(_ config: GPT2Config, stepTokens: Int) -> Int {
    4 * min(config.vocabularySize, stepTokens) * config.width
  }

  /// Calls `body` with the rows that the gradients of `tokens` are to be added to.
  func withRows(
    of tokens: UnsafePointer<UInt16>, _ count: Int, _ body: (UnsafePointer<UInt16>) -> Void
  ) {
    rows.removeAll(keepingCapacity: true)
    for n in 0..<count {
      let token = Int(tokens[n])
      if rowOfToken[token] < 0 {
        rowOfToken[token] = Int32(self.tokens.count)
        self.tokens.append(token)
      }
      rows.append(UInt16(rowOfToken[token]))
    }
    rows.withUnsafeBufferPointer { rows in
      if let rows = rows.baseAddress { body(rows) }
    }
  }

  /// Adds the rows to `dwte` (V, C), once each, and clears them.
  func flush(into dwte: UnsafeMutablePointer<Float>, on team: ThreadTeam) {
    Embedding.addRows(dwte: dwte, rows: base, tokens: tokens, C: C, on: team)
    discard(on: team)
  }

  /// Clears the rows: a step that was begun and not finished leaves nothing to the next.
  func discard(on team: ThreadTeam) {
    team.parallelFor(tokens.count * C, grain: Arena.chunk) { range in
      (base + range.lowerBound).update(repeating: 0, count: range.count)
    }
    for token in tokens { rowOfToken[token] = -1 }
    tokens.removeAll(keepingCapacity: true)
  }
}
