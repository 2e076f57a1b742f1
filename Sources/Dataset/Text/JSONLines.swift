public import Files

/// One line of a JSON lines file: an object, and where it stands. Read as Python's `json` reads it.
public struct JSONLine: Sendable, Equatable {
  /// File and line, for messages: `tasks.jsonl, line 3`.
  public let place: String
  /// The line's value, an object.
  public let object: JSON
  /// How many lone surrogates, halves of a character, became U+FFFD in it.
  public let replacedSurrogates: Int

  /// Throws ``DatasetError`` if the line is no UTF-8 or no JSON object; nil for a blank line.
  init?(_ bytes: [UInt8], place: String) throws(DatasetError) {
    if bytes.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) { return nil }
    var checker = UTF8Checker()
    if let fault = bytes.withUnsafeBytes({ checker.check($0) }) ?? checker.faultAtEnd {
      throw fault.error(at: "\(place), byte \(fault.offset)")
    }
    do throws(JSONError) {
      (object, replacedSurrogates) = try JSON.parsingAsPython(bytes, name: place)
    } catch {
      throw DatasetError(
        .malformed, at: "\(place), byte \(error.offset)",
        "expected \(error.expected), found \(error.found.onOneLine)")
    }
    guard case .object = object else {
      throw DatasetError(.malformed, at: place, "expected a JSON object, found \(object.kind)")
    }
    self.place = place
  }

  /// The string of a member. Throws ``DatasetError`` if there is none.
  public func string(_ key: String) throws(DatasetError) -> String {
    try member(key, "a string") { $0.stringValue }
  }

  /// A member as `read` understands it. Throws ``DatasetError`` if there is none, or `read` gives
  /// nil; `expected` says in words what belongs there.
  public func member<Value>(
    _ key: String, _ expected: String, _ read: (JSON) -> Value?
  ) throws(DatasetError) -> Value {
    guard let value = object[key] else {
      throw DatasetError(.malformed, at: place, "expected a member \"\(key)\", found none")
    }
    guard let result = read(value) else {
      throw DatasetError(
        .malformed, at: place, "expected \(expected) as \"\(key)\", found \(value.kind)")
    }
    return result
  }

  /// All lines of a file, or of a pipe, but the blank ones; a name that ends in `.zst` or `.gz` is
  /// decompressed. Throws ``DatasetError`` if the file cannot be read, is empty, or has a line that
  /// is no JSON object or longer than `maxLineBytes`.
  public static func read(
    _ path: String, maxLineBytes: Int = 64 << 20, fileSystem: any FileSystem = LocalFileSystem()
  ) throws(DatasetError) -> [JSONLine] {
    let input = try Compression(ofName: path).open(path, fileSystem)
    var (splitter, lines) = (LineSplitter(maxLineBytes: maxLineBytes), [JSONLine]())
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { chunk.deallocate() }
    var (isAtEnd, isFirst) = (false, true)
    while !isAtEnd {
      let count = try input.fill(chunk)
      isAtEnd = count == 0
      var fresh = UnsafeRawBufferPointer(rebasing: chunk[..<count])
      if isFirst && fresh.starts(with: [0xEF, 0xBB, 0xBF]) {
        fresh = UnsafeRawBufferPointer(rebasing: fresh[3...])
      }
      isFirst = false
      splitter.append(fresh)
      while let range = splitter.next(atEnd: isAtEnd) {
        let place = "\(path), line \(splitter.lineNumber)"
        if let line = try JSONLine(splitter.bytes(of: range), place: place) { lines.append(line) }
      }
      if splitter.isLineTooLong {
        throw DatasetError(
          .lineTooLong, at: "\(path), line \(splitter.lineNumber + 1)",
          "expected a line of at most \(maxLineBytes) bytes, found a longer one")
      }
    }
    if lines.isEmpty {
      throw DatasetError(.empty, at: path, "has no line: expected one JSON object a line")
    }
    return lines
  }
}
