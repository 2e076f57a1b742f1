import Machine

/// The look-up's share of wte's gradient, apart from the head's share, since each is one chain over
/// the step's tokens. Only the rows of the step's tokens are ever touched.
final class TokenGradients {
  let arena: Arena
  private let C: Int
  private var touched: [Bool]
  private var rows: [Int] = []
  var base: UnsafeMutablePointer<Float> { arena.base }

  init(_ config: GPT2Config) throws(MemoryError) {
    arena = try Arena(count: config.vocabularySize * config.width)
    C = config.width
    touched = [Bool](repeating: false, count: config.vocabularySize)
  }

  static func bytes(_ config: GPT2Config) -> Int { 4 * config.vocabularySize * config.width }

  /// Remembers that the rows of `tokens` will be added to.
  func note(_ tokens: UnsafePointer<UInt16>, _ count: Int) {
    for n in 0..<count where !touched[Int(tokens[n])] {
      touched[Int(tokens[n])] = true
      rows.append(Int(tokens[n]))
    }
  }

  /// Adds the rows to `dwte` (V, C), once each, and clears them.
  func flush(into dwte: UnsafeMutablePointer<Float>) {
    for row in rows {
      let (from, to) = (base + row * C, dwte + row * C)
      for c in 0..<C { to[c] += from[c] }
    }
    discard()
  }

  /// Clears the rows: a step that was begun and not finished leaves nothing to the next.
  func discard() {
    for row in rows {
      (base + row * C).update(repeating: 0, count: C)
      touched[row] = false
    }
    rows.removeAll(keepingCapacity: true)
  }
}
