/// Text of one document, or a piece of a long one. The pieces of a document follow each other and
/// joined are the document.
public struct DocumentPiece: Sendable, Equatable {
  /// UTF-8, not empty.
  public let bytes: [UInt8]
  /// Whether a document begins here.
  public let startsDocument: Bool

  /// A piece.
  public init(bytes: [UInt8], startsDocument: Bool) {
    self.bytes = bytes
    self.startsDocument = startsDocument
  }

  /// Cuts a document into pieces of at most about `limit` bytes.
  static func pieces(of document: [UInt8], limit: Int) -> [DocumentPiece] {
    if document.count <= limit {
      return document.isEmpty ? [] : [DocumentPiece(bytes: document, startsDocument: true)]
    }
    var pieces: [DocumentPiece] = []
    var start = 0
    while start < document.count {
      let rest = document[start...]
      let end = rest.count <= limit ? document.count : start + cut(rest, limit: limit)
      pieces.append(
        DocumentPiece(bytes: Array(document[start..<end]), startsDocument: start == 0))
      start = end
    }
    return pieces
  }

  /// Where to cut a text of more than `limit` bytes: the last place up to there where a space or
  /// line break follows a printable ASCII character. GPT-2's pre-tokenizer ends a word there
  /// whatever comes before and after, so the pieces have the tokens of the whole. Text without such
  /// a place (in the last 64 KiB) is cut between two characters, where a word may come apart.
  static func cut(_ text: ArraySlice<UInt8>, limit: Int) -> Int {
    precondition(limit >= 4 && text.count > limit, "cut: \(text.count) bytes, limit \(limit)")
    let end = text.startIndex + limit
    var i = end
    while i > max(text.startIndex, end - 65536) {
      let isBreak = text[i] == UInt8(ascii: " ") || text[i] == UInt8(ascii: "\n")
      if isBreak && (0x21...0x7E).contains(text[i - 1]) { return i - text.startIndex }
      i -= 1
    }
    i = end
    while i > end - 4 && text[i] & 0xC0 == 0x80 { i -= 1 }
    return i - text.startIndex
  }
}
