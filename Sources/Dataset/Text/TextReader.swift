/// Documents out of the bytes of a text or JSON lines file, which are checked to be UTF-8 as they
/// come. A byte order mark at the beginning is dropped.
struct TextReader: DocumentReader {
  private let input: any ByteInput
  private let pieceBytes: Int
  private let maxLineBytes: Int
  private let format: TextSource.Format
  private var chunk = [UInt8](repeating: 0, count: 1 << 18)
  private var checker = UTF8Checker()
  private var text: TextSplitter
  private var lines: LineSplitter
  private var pieces: ArraySlice<DocumentPiece> = []
  private var isAtEnd = false
  private var isEmpty = true

  init(input: any ByteInput, format: TextSource.Format, pieceBytes: Int, maxLineBytes: Int) {
    self.input = input
    self.format = format
    self.pieceBytes = pieceBytes
    self.maxLineBytes = maxLineBytes
    text = TextSplitter(pieceBytes: pieceBytes)
    lines = LineSplitter(maxLineBytes: maxLineBytes)
  }

  mutating func next() throws(DatasetError) -> DocumentPiece? {
    while true {
      if let piece = try nextComplete() {
        isEmpty = false
        return piece
      }
      if isAtEnd { break }
      try readMore()
    }
    if isEmpty {
      throw DatasetError(
        .empty, at: input.path,
        checker.offset == 0
          ? "is empty: expected UTF-8 text" : "holds no text: expected at least one document")
    }
    return nil
  }

  /// The next piece of what has been read.
  private mutating func nextComplete() throws(DatasetError) -> DocumentPiece? {
    switch format {
    case .text: return text.next()
    case .jsonLines:
      while pieces.isEmpty {
        guard let line = lines.next(atEnd: isAtEnd) else {
          if lines.isLineTooLong { throw tooLong(line: lines.lineNumber + 1) }
          return nil
        }
        pieces = DocumentPiece.pieces(of: try document(in: line), limit: pieceBytes)[...]
      }
      return pieces.popFirst()
    }
  }

  /// Reads and checks the next chunk of the file.
  private mutating func readMore() throws(DatasetError) {
    let isFirst = checker.offset == 0
    let count = try fillChunk()
    isAtEnd = count == 0
    let fault = chunk.withUnsafeBytes { bytes -> UTF8Checker.Fault? in
      var fresh = UnsafeRawBufferPointer(rebasing: bytes[..<count])
      if let fault = checker.check(fresh) { return fault }
      if isFirst && fresh.starts(with: [0xEF, 0xBB, 0xBF]) {
        fresh = UnsafeRawBufferPointer(rebasing: fresh[3...])
      }
      switch format {
      case .text: text.append(fresh)
      case .jsonLines: lines.append(fresh)
      }
      return nil
    }
    if let fault { throw notText(fault) }
    if isAtEnd {
      if !checker.isBetweenCharacters { throw notText(.init(offset: checker.offset, byte: nil)) }
      text.finish()
    }
  }

  /// Fills the chunk; less only at the end of the file.
  private mutating func fillChunk() throws(DatasetError) -> Int {
    let input = input
    let result = chunk.withUnsafeMutableBytes { buffer in
      Result { () throws(DatasetError) in try input.fill(buffer) }
    }
    return try result.get()
  }

  /// The text of a JSON line; empty for a blank line.
  private func document(in line: Range<Int>) throws(DatasetError) -> [UInt8] {
    let place = "\(input.path), line \(lines.lineNumber)"
    guard let line = try JSONLine(lines.bytes(of: line), place: place) else { return [] }
    return Array(try line.string("text").utf8)
  }

  private func tooLong(line: Int) -> DatasetError {
    DatasetError(
      .lineTooLong, at: "\(input.path), line \(line)",
      "expected a line of at most \(maxLineBytes) bytes, found a longer one: split its document")
  }

  private func notText(_ fault: UTF8Checker.Fault) -> DatasetError {
    let found = fault.byte.map { $0 == 0 ? "a NUL byte" : "byte 0x\(hex($0))" }
    return DatasetError(
      .notText, at: "\(input.path), byte \(fault.offset)",
      "expected UTF-8 text, found \(found ?? "the end of the file inside a character"): the file is binary or in another encoding"
    )
  }

  private func hex(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }
}
