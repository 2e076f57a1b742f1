/// Cuts plain text, as it arrives, into documents at each literal `<|endoftext|>`.
///
/// A line break after the separator belongs to it. `\r\n` becomes `\n`, so that a file's tokens do
/// not depend on the system it was saved on; a lone `\r` stays. Documents of white space alone are
/// dropped. A long document is handed out in pieces, so that memory does not grow with it.
struct TextSplitter {
  private static let separator = Array("<|endoftext|>".utf8)

  private let pieceBytes: Int
  /// Text of the current document not handed out yet.
  private var text: [UInt8] = []
  /// Up to here `text` holds no separator.
  private var searched = 0
  private var startsDocument = true
  private var endsInCarriageReturn = false
  private var dropsLineBreak = false
  private var ready: [DocumentPiece] = []
  private var taken = 0

  /// Hands out pieces of about `pieceBytes` (at least 16).
  init(pieceBytes: Int) {
    precondition(pieceBytes >= 16, "TextSplitter: pieces of \(pieceBytes) bytes")
    self.pieceBytes = pieceBytes
  }

  /// The next piece that is complete.
  mutating func next() -> DocumentPiece? {
    guard taken < ready.count else {
      ready.removeAll()
      taken = 0
      return nil
    }
    taken += 1
    return ready[taken - 1]
  }

  /// Takes more of the file.
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    appendNormalized(bytes)
    split()
  }

  /// The file is at its end: so is the document.
  mutating func finish() {
    if endsInCarriageReturn { text.append(UInt8(ascii: "\r")) }
    endsInCarriageReturn = false
    split()
    emit(upTo: text.count, endsDocument: true)
  }

  /// Appends to `text`, each `\r\n` as `\n`.
  private mutating func appendNormalized(_ bytes: UnsafeRawBufferPointer) {
    let (cr, lf) = (UInt8(ascii: "\r"), UInt8(ascii: "\n"))
    var rest = bytes[...]
    if endsInCarriageReturn, let first = rest.first {
      if first != lf { text.append(cr) }
      endsInCarriageReturn = false
    }
    while let i = rest.firstIndex(of: cr) {
      text.append(contentsOf: rest[..<i])
      rest = rest[(i + 1)...]
      if rest.isEmpty {
        endsInCarriageReturn = true
      } else if rest.first != lf {
        text.append(cr)
      }
    }
    text.append(contentsOf: rest)
  }

  /// Hands out what is complete in `text`.
  private mutating func split() {
    var start = 0
    while true {
      if dropsLineBreak && start < text.count {
        if text[start] == UInt8(ascii: "\n") { start += 1 }
        dropsLineBreak = false
      }
      guard let found = separatorIndex(from: max(start, searched)) else { break }
      emit(start..<found, endsDocument: true)
      start = found + Self.separator.count
      searched = start
      dropsLineBreak = true
    }
    let length = Self.separator.count
    // What is left may end in the beginning of a separator, so that much is not handed out.
    while text.count - start >= pieceBytes + length {
      let end = start + DocumentPiece.cut(text[start...], limit: pieceBytes)
      emit(start..<end, endsDocument: false)
      start = end
    }
    text.removeSubrange(..<start)
    searched = max(0, text.count - length + 1)
  }

  private func separatorIndex(from start: Int) -> Int? {
    let separator = Self.separator
    return text.withUnsafeBufferPointer { text in
      var i = start
      while i + separator.count <= text.count {
        guard let first = text[i...].firstIndex(of: separator[0]) else { return nil }
        if text[first...].starts(with: separator) { return first }
        i = first + 1
      }
      return nil
    }
  }

  private mutating func emit(upTo end: Int, endsDocument: Bool) {
    emit(0..<end, endsDocument: endsDocument)
    text.removeSubrange(..<end)
    searched = 0
  }

  private mutating func emit(_ range: Range<Int>, endsDocument: Bool) {
    let blank = text[range].allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    if !range.isEmpty && !(blank && startsDocument && endsDocument) {
      ready.append(DocumentPiece(bytes: Array(text[range]), startsDocument: startsDocument))
    }
    startsDocument = endsDocument
  }
}
