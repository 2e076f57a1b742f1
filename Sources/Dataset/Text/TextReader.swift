/// Documents out of the bytes of a text or JSON lines file, which are checked to be UTF-8, text as it
/// comes, JSON line by line. A byte order mark at the beginning is dropped.
struct TextReader: DocumentReader {
  private let input: any ByteInput
  private let pieceBytes: Int
  private let options: JSONLinesOptions
  private let log: BadLineLog?
  private let format: TextSource.Format
  private var chunk = [UInt8](repeating: 0, count: 1 << 18)
  private var checker = UTF8Checker()
  private var text: TextSplitter
  private var lines: LineSplitter
  private var pieces: ArraySlice<DocumentPiece> = []
  private var badLines = BadLines()
  /// Bytes read so far.
  private var offset = 0
  private var isAtEnd = false
  private var isEmpty = true

  init(
    input: any ByteInput, format: TextSource.Format, pieceBytes: Int, options: JSONLinesOptions,
    log: BadLineLog? = nil
  ) {
    self.input = input
    self.format = format
    self.pieceBytes = pieceBytes
    (self.options, self.log) = (options, log)
    text = TextSplitter(pieceBytes: pieceBytes)
    lines = LineSplitter(maxLineBytes: options.maxLineBytes)
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
        offset == 0
          ? "is empty: expected UTF-8 text" : "holds no text: expected at least one document")
    }
    log?.record(badLines, in: input.path)
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
        pieces = DocumentPiece.pieces(of: try document(inLine: line), limit: pieceBytes)[...]
      }
      return pieces.popFirst()
    }
  }

  /// Reads and checks the next chunk of the file.
  private mutating func readMore() throws(DatasetError) {
    let count = try fillChunk()
    isAtEnd = count == 0
    let isFirst = offset == 0
    offset += count
    let fault = chunk.withUnsafeBytes { bytes -> UTF8Checker.Fault? in
      var fresh = UnsafeRawBufferPointer(rebasing: bytes[..<count])
      if format == .text, let fault = checker.check(fresh) { return fault }
      if isFirst && fresh.starts(with: [0xEF, 0xBB, 0xBF]) {
        fresh = UnsafeRawBufferPointer(rebasing: fresh[3...])
      }
      switch format {
      case .text: text.append(fresh)
      case .jsonLines: lines.append(fresh)
      }
      return nil
    }
    if let fault = fault ?? (isAtEnd ? checker.faultAtEnd : nil) {
      throw fault.error(at: "\(input.path), byte \(fault.offset)")
    }
    if isAtEnd { text.finish() }
  }

  /// Fills the chunk; less only at the end of the file.
  private mutating func fillChunk() throws(DatasetError) -> Int {
    let input = input
    let result = chunk.withUnsafeMutableBytes { buffer in
      Result { () throws(DatasetError) in try input.fill(buffer) }
    }
    return try result.get()
  }

  /// The text of a JSON line; empty for a blank line, and for a bad one that may be skipped.
  private mutating func document(inLine range: Range<Int>) throws(DatasetError) -> [UInt8] {
    let number = lines.lineNumber
    do throws(DatasetError) {
      let place = "\(input.path), line \(number)"
      guard let line = try JSONLine(lines.bytes(of: range), place: place) else { return [] }
      let text = try text(of: line)
      if line.replacedSurrogates > 0 { badLines.replaced.add(number) }
      return text
    } catch {
      badLines.skipped.add(number)
      if badLines.skipped.count <= options.maxBadLines { return [] }
      guard options.maxBadLines > 0 else { throw error }
      throw DatasetError(
        error.kind, at: error.place,
        "is one bad line more than the \(options.maxBadLines) of --max-bad-lines: \(error.problem)")
    }
  }

  private func text(of line: JSONLine) throws(DatasetError) -> [UInt8] {
    if line.object[options.textKey] == nil {
      let others = (line.object.objectValue ?? []).filter { $0.value.stringValue != nil }
      guard !others.isEmpty else { return Array(try line.string(options.textKey).utf8) }
      let names = others.prefix(5).map { $0.key.onOneLine }.joined(separator: ", ")
      throw DatasetError(
        .malformed, at: line.place,
        "expected a member \"\(options.textKey.onOneLine)\", found none: name the one that holds the text by --text-key (strings here: \(names))"
      )
    }
    return Array(try line.string(options.textKey).utf8)
  }

  private func tooLong(line: Int) -> DatasetError {
    DatasetError(
      .lineTooLong, at: "\(input.path), line \(line)",
      "expected a line of at most \(options.maxLineBytes) bytes, found a longer one: split its document"
    )
  }
}
