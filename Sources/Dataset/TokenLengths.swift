public import Tokenization

/// Bytes of text that each token id stands for: 0 for the special ones.
public struct TokenLengths: Sendable, Equatable {
  /// Bytes of each id.
  public let bytes: [Int32]

  /// The lengths, by id.
  public init(bytes: [Int32]) { self.bytes = bytes }

  /// The lengths of a tokenizer's ids.
  public init(_ tokenizer: Tokenizer) {
    bytes = (0..<UInt32(tokenizer.vocabularySize)).map { id in
      tokenizer.isSpecial(id) ? 0 : Int32(tokenizer.bytes(of: id).count)
    }
  }

  /// Bytes of text of the tokens of `range`, each id below the vocabulary size.
  public func bytes(of stream: TokenStream, in range: Range<Int>) -> Int {
    var sum = 0
    stream.forEachSlice(range) { slice in for token in slice { sum += Int(bytes[Int(token)]) } }
    return sum
  }
}
