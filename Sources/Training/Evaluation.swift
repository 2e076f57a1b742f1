public import Dataset
public import Transformer

/// Mean loss over a fixed slice of validation windows.
public struct Evaluation: Sendable {
  /// Nats a token.
  public let nats: Double
  /// Bits a byte of text, where the tokens' lengths are known.
  public let bitsPerByte: Double?

  /// Runs the slice through the model.
  /// - gradient: its buffers are used; no gradient is touched.
  /// - progress: is told of windows that are done, and how many there are; what it throws ends the
  ///   evaluation.
  public init<Stop: Error>(
    of slice: ValidationSlice, lengths: TokenLengths?, with gradient: some TokenLosses,
    progress: (_ done: Int, _ count: Int) throws(Stop) -> Void
  ) throws(Stop) {
    let (B, T) = (gradient.microBatch, slice.context)
    precondition(T == gradient.T, "Evaluation: windows of \(T) for a pass of \(gradient.T)")
    var (tokens, targets) = (
      [UInt16](repeating: 0, count: B * T), [UInt16](repeating: 0, count: B * T)
    )
    var sum = 0.0
    try tokens.withUnsafeMutableBufferPointer { (tokens) throws(Stop) in
      try targets.withUnsafeMutableBufferPointer { (targets) throws(Stop) in
        guard let x = tokens.baseAddress, let y = targets.baseAddress else { return }
        for first in stride(from: 0, to: slice.count, by: B) {
          let count = min(B, slice.count - first)
          slice.fillBatch(first: first, count: count, tokens: x, targets: y)
          // Token by token, so that the micro-batch does not enter the order of addition.
          for loss in gradient.tokenLosses(tokens: x, targets: y, count: count) { sum += loss }
          try progress(first + count, slice.count)
        }
      }
    }
    nats = sum / Double(slice.count * T)
    let bytes = lengths.map { slice.textBytes($0) } ?? 0
    // ln 2 = 0.6931…
    bitsPerByte = bytes > 0 ? sum / 0.693_147_180_559_945_3 / Double(bytes) : nil
  }
}
