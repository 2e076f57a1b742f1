public import Tokenization

/// A context and what follows it as tokens, cut where the context ends.
public struct ContinuationTokens: Sendable, Equatable {
  /// Token ids, at least one.
  public let context: [UInt32]
  /// Token ids; none if its text is part of the context's last token.
  public let continuation: [UInt32]

  /// As lm-evaluation-harness has it: white space at the end of the context goes to the
  /// continuation, both are encoded together, and the continuation is what comes after as many tokens
  /// as the context has by itself. An empty context is `<|endoftext|>`; nil if the tokenizer has none.
  public init?(context: String, continuation: String, _ tokenizer: Tokenizer) {
    let scalars = context.unicodeScalars
    let spaces = scalars.reversed().prefix(while: PythonText.isSpace).count
    let start = String(scalars.dropLast(spaces))
    let ids = tokenizer.encode(start)
    let both = tokenizer.encode(context + continuation)
    guard let first = ids.isEmpty ? tokenizer.endOfText : ids[0] else { return nil }
    self.context = [first] + ids.dropFirst()
    self.continuation = Array(both.dropFirst(ids.count))
  }
}
