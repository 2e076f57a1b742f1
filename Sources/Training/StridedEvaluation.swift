public import Dataset
public import Transformer

/// Mean loss over a stream by overlapping windows, so that no token is predicted from little: each
/// window after the first begins `stride` tokens further on, and only its last `stride` predictions
/// count. A token has T - stride + 1 to T tokens before it, but for those of the first window.
///
/// It is what Hugging Face's guide to perplexity does with a `max_length` of T + 1 (there a window's
/// last token is only predicted), each token counted alike.
public struct StridedEvaluation: Sendable {
  /// Tokens predicted: each after the first, once.
  public let tokens: Int
  /// Nats a token.
  public let nats: Double
  /// Bits a byte of text, where the tokens' lengths are known.
  public let bitsPerByte: Double?

  /// Predicts the first `limit` (nil: all) tokens after the first one of a stream of two or more.
  /// - stride: 1 to the pass's T. - pass: its buffers are used; no gradient is touched.
  /// - progress: is told of windows that are done, and how many there are; what it throws ends the
  ///   evaluation.
  public init(
    of stream: TokenStream, limit: Int?, stride: Int, lengths: TokenLengths?,
    with pass: some TokenLosses, progress: (_ done: Int, _ count: Int) throws -> Void = { _, _ in }
  ) rethrows {
    let (B, T) = (pass.microBatch, pass.T)
    let total = min(stream.count - 1, limit ?? .max)
    precondition(total >= 1, "StridedEvaluation: \(total) tokens")
    precondition((1...T).contains(stride), "StridedEvaluation: stride \(stride) of \(T)")
    let windows = 1 + (max(0, total - T) + stride - 1) / stride
    var (inputs, targets) = (
      [UInt16](repeating: 0, count: B * T), [UInt16](repeating: 0, count: B * T)
    )
    var sum = 0.0
    for first in Swift.stride(from: 0, to: windows, by: B) {
      let batch = first..<min(windows, first + B)
      for window in batch {
        let (at, start) = ((window - first) * T, window * stride)
        // Past the end stays what was there: nothing before it sees it.
        let count = min(T, total - start)
        Self.copy(stream, start, into: &inputs, at..<at + count)
        Self.copy(stream, start + 1, into: &targets, at..<at + count)
      }
      inputs.withUnsafeBufferPointer { inputs in
        targets.withUnsafeBufferPointer { targets in
          guard let x = inputs.baseAddress, let y = targets.baseAddress else { return }
          let losses = pass.tokenLosses(tokens: x, targets: y, count: batch.count)
          for window in batch {
            let at = (window - first) * T
            let counted = (window == 0 ? 0 : T - stride)..<min(T, total - window * stride)
            for t in counted { sum += losses[at + t] }
          }
        }
      }
      try progress(batch.upperBound, windows)
    }
    tokens = total
    nats = sum / Double(total)
    let bytes = lengths.map { $0.bytes(of: stream, in: 1..<total + 1) } ?? 0
    // ln 2 = 0.6931…
    bitsPerByte = bytes > 0 ? sum / 0.693_147_180_559_945_3 / Double(bytes) : nil
  }

  private static func copy(
    _ stream: TokenStream, _ start: Int, into tokens: inout [UInt16], _ range: Range<Int>
  ) {
    tokens.withUnsafeMutableBufferPointer {
      stream.copy(from: start, into: UnsafeMutableBufferPointer(rebasing: $0[range]))
    }
  }
}
