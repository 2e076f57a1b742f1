import CZlib
import Files
import Glibc
import TemporaryDirectories
import Testing

@testable import Dataset

@Suite struct TextSourceTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// The documents of a file with these bytes.
  private func documents(
    _ bytes: some Sequence<UInt8>, _ name: String, maxLineBytes: Int = 64 << 20,
    maxBadLines: Int = 0, textKey: String = "text", log: BadLineLog? = nil
  ) throws -> [String] {
    let path = try directory.write(bytes, to: name)
    var options = JSONLinesOptions()
    (options.maxLineBytes, options.maxBadLines) = (maxLineBytes, maxBadLines)
    options.textKey = textKey
    var reader = try TextSource(path: path, options: options, log: log).makeReader(
      pieceBytes: 1 << 20)
    var documents: [String] = []
    while let piece = try reader.next() {
      let text = String(decoding: piece.bytes, as: UTF8.self)
      if piece.startsDocument {
        documents.append(text)
      } else {
        documents[documents.count - 1] += text
      }
    }
    return documents
  }

  /// The message for a file with these bytes, without its directory.
  private func message(
    _ bytes: some Sequence<UInt8>, _ name: String, maxLineBytes: Int = 64 << 20,
    maxBadLines: Int = 0
  ) -> String {
    do {
      return
        "no error: \(try documents(bytes, name, maxLineBytes: maxLineBytes, maxBadLines: maxBadLines))"
    } catch {
      return String("\(error)".dropFirst(directory.path.count + 1))
    }
  }

  @Test func plainText() throws {
    #expect(try documents("one\n<|endoftext|>\ntwo\n".utf8, "a.txt") == ["one\n", "two\n"])
    #expect(try documents("\u{FEFF}one\r\ntwo".utf8, "a.txt") == ["one\ntwo"])
    #expect(try documents("a\u{FEFF}b".utf8, "a.txt") == ["a\u{FEFF}b"])
  }

  @Test func jsonLines() throws {
    let text = #"""
      {"text": "one", "title": {"x": [1, null]}}
      {"title": "t", "text": "caf\u00e9 \ud83d\ude00\r\n"}

      {"text": ""}
      {"text": "<|endoftext|>"}
      """#
    let expected = ["one", "café 😀\r\n", "<|endoftext|>"]
    // A CRLF inside of a text counts as content; one between lines does not.
    #expect(try documents(text.utf8, "a.jsonl").map(\.unicodeScalars.count) == [3, 8, 13])
    #expect(try documents(text.utf8, "a.jsonl") == expected)
    #expect(try documents(("\u{FEFF}" + text + "\n").utf8, "a.jsonl") == expected)
    let windows = text.replacing("\n", with: "\r\n")
    #expect(try documents(windows.utf8, "a.jsonl") == expected)
  }

  @Test("Long lines and long documents, larger than any buffer")
  func long() throws {
    let words = (0..<400_000).map { "w\($0)" }.joined(separator: " ")
    #expect(try documents("{\"text\": \"\(words)\"}".utf8, "a.jsonl") == [words])
    #expect(try documents((words + "<|endoftext|>" + words).utf8, "a.txt") == [words, words])
    let zst = try compressed(Array("{\"text\": \"\(words)\"}\n{\"text\": \"end\"}".utf8))
    #expect(try documents(zst, "a.jsonl.zst") == [words, "end"])
  }

  @Test func gzipMembers() throws {
    let words = (0..<400_000).map { "w\($0)" }.joined(separator: " ")
    let lines = try gzipped(Array("{\"text\": \"\(words)\"}\n{\"text\": \"end\"}".utf8))
    #expect(try documents(lines, "a.jsonl.gz") == [words, "end"])
    let members = try gzipped(Array("one<|endo".utf8)) + gzipped(Array("ftext|>two".utf8))
    #expect(try documents(members, "a.txt.gz") == ["one", "two"])
    #expect(try documents(members + [0, 0, 0], "a.txt.gz") == ["one", "two"])
    let empty = "a.txt.gz: is empty: expected UTF-8 text"
    #expect(message("".utf8, "a.txt.gz") == empty)
    #expect(try message(gzipped([]), "a.txt.gz") == empty)
    #expect(message(members + [7], "a.txt.gz").hasPrefix("a.txt.gz: expected the end of the gzip"))
    #expect(
      message("plain text".utf8, "a.txt.gz").hasPrefix(
        "a.txt.gz: expected gzip data, found something else near compressed byte"))
  }

  @Test(
    "A gzip file cut anywhere is an error; with any bit flipped an error or still the same text")
  func damagedGzip() throws {
    let text = Self.lines
    // Some bits mean nothing, such as the time and the system in the header.
    try expectDamageIsSeen(try gzipped(text), of: text) { (bytes) throws(DatasetError) in
      try GzipInput(MemoryInput(bytes))
    }
  }

  private static let lines = Array((0..<300).map { "line \($0 * 7919 % 1000)\n" }.joined().utf8)

  /// Reads `whole`, which is `text` compressed, cut at each length and with each bit flipped.
  private func expectDamageIsSeen(
    _ whole: [UInt8], of text: [UInt8],
    open: ([UInt8]) throws(DatasetError) -> some ByteInput
  ) throws {
    func read(_ bytes: [UInt8]) throws(DatasetError) -> [UInt8] {
      var reader = TextReader(
        input: try open(bytes), format: .text, pieceBytes: 1 << 20, options: JSONLinesOptions())
      var text: [UInt8] = []
      while let piece = try reader.next() { text += piece.bytes }
      return text
    }
    #expect(try read(whole) == text)
    for length in 1..<whole.count {
      let error = #expect(throws: DatasetError.self) { try read(Array(whole[..<length])) }
      #expect(error?.kind == .truncated, "\(length)")
    }
    for bit in 0..<whole.count * 8 {
      var bytes = whole
      bytes[bit / 8] ^= 1 << (bit % 8)
      if let found = try? read(bytes) { #expect(found.elementsEqual(text), "bit \(bit)") }
    }
  }

  @Test func zstdFrames() throws {
    let frames = try compressed(Array("one<|endo".utf8)) + compressed(Array("ftext|>two".utf8))
    #expect(try documents(frames, "a.txt.zst") == ["one", "two"])
    #expect(message("".utf8, "a.txt.zst") == "a.txt.zst: is empty: expected UTF-8 text")
    #expect(
      message(try compressed([]), "a.txt.zst") == "a.txt.zst: is empty: expected UTF-8 text")
  }

  @Test(
    "A zstd file cut anywhere is an error; with any bit flipped an error or still the same text")
  func damagedZstd() throws {
    let (text, whole) = (Self.lines, try compressed(Self.lines))
    // Some bits mean nothing, such as one of the header and the padding of a bit stream.
    try expectDamageIsSeen(whole, of: text) { (bytes) throws(DatasetError) in
      try ZstdInput(MemoryInput(bytes))
    }
    #expect(
      message("plain text".utf8, "a.txt.zst")
        == "a.txt.zst: expected zstd data, found something else near compressed byte 0")
    #expect(message(whole + Array("tail".utf8), "a.txt.zst").contains("expected zstd data"))
  }

  @Test func emptyFiles() {
    #expect(message("".utf8, "a.txt") == "a.txt: is empty: expected UTF-8 text")
    #expect(message("".utf8, "a.jsonl") == "a.jsonl: is empty: expected UTF-8 text")
    #expect(message(" \n".utf8, "a.txt") == "a.txt: holds no text: expected at least one document")
    #expect(
      message("\n\n".utf8, "a.jsonl") == "a.jsonl: holds no text: expected at least one document")
  }

  @Test func binaryFiles() {
    let advice = "the file is binary or in another encoding; convert it, such as by iconv -f"
    #expect(
      message("text\0".utf8, "a.txt")
        == "a.txt, byte 4: expected UTF-8 text, found a NUL byte: \(advice) LATIN1 -t UTF-8")
    // The byte that is wrong in Latin-1 is the one before the one that does not continue it.
    #expect(
      message(Array("caf".utf8) + [0xE9] + Array(" one".utf8), "a.txt")
        == "a.txt, byte 3: expected UTF-8 text, found byte 0xE9: \(advice) LATIN1 -t UTF-8")
    #expect(
      message([0x61, 0xC3], "a.txt").hasPrefix(
        "a.txt, byte 1: expected UTF-8 text, found byte 0xC3 and the end inside a character"))
    #expect(message([0xE2, 0x82, 0xE2, 0x82, 0xAC], "a.txt").contains("byte 0: expected UTF-8"))
    #expect(message([0xFF, 0xFE, 0x61, 0], "a.txt").contains("iconv -f UTF-16"))
    #expect(
      message([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0], "a.jsonl").hasPrefix(
        "a.jsonl, line 1, byte 7: expected UTF-8 text, found a NUL byte"))
    let line = Array("{\"text\": \"a\"}\n{\"text\": \"caf".utf8) + [0xE9] + Array("\"}\n".utf8)
    #expect(
      message(line, "a.jsonl").contains("line 2, byte 13: expected UTF-8 text, found byte 0xE9"))
    let far = [UInt8](repeating: 0x20, count: 1_000_003) + [0xFF]
    #expect(message(far, "a.txt").hasPrefix("a.txt, byte 1000003: "))
    let inTwoChunks = [UInt8](repeating: 0x20, count: (1 << 18) - 1) + [0xE9, 0x20]
    #expect(
      message(inTwoChunks, "a.txt").hasPrefix(
        "a.txt, byte 262143: expected UTF-8 text, found byte 0xE9"))
  }

  /// A folder that was cloned without Git LFS has a few lines of text under its files' names.
  @Test func gitLFSPointers() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 548105171\n"
    for name in ["a.txt", "a.jsonl", "a.txt.gz", "a.jsonl.zst"] {
      #expect(
        message(pointer.utf8, name)
          == "\(name): is a Git LFS pointer instead of the file: fetch it, such as by git lfs pull")
    }
  }

  @Test func badLines() {
    #expect(
      message("{\"text\": \"a\"}\n{\"txt\": \"b\"}".utf8, "a.jsonl")
        == "a.jsonl, line 2: expected a member \"text\", found none: name the one that holds the text by --text-key (strings here: txt)"
    )
    #expect(
      message("{\"n\": 1}".utf8, "a.jsonl")
        == "a.jsonl, line 1: expected a member \"text\", found none")
    #expect(
      message("{\"text\": 7}".utf8, "a.jsonl")
        == "a.jsonl, line 1: expected a string as \"text\", found the integer 7")
    #expect(
      message("[1]".utf8, "a.jsonl")
        == "a.jsonl, line 1: expected a JSON object, found an array")
    #expect(
      message("{\"text\": \"a\"} x".utf8, "a.jsonl").hasPrefix("a.jsonl, line 1, byte 14: expected")
    )
    #expect(
      message("\n{\"text\": \"a".utf8, "a.jsonl").hasPrefix("a.jsonl, line 2, byte 11: expected"))
  }

  /// Python's `json` wrote most of the files there are, and reads them all.
  @Test func whatPythonReads() throws {
    let text = #"""
      {"text": "one", "score": NaN, "best": [-Infinity, Infinity, 1e999]}
      {"text": "bad \ud83d end"}
      {"text": "\ud83d\ud83d\ude00 \ude00"}
      {"text": "a", "text": "last"}
      """#
    let log = BadLineLog()
    #expect(
      try documents(text.utf8, "a.jsonl", log: log)
        == ["one", "bad \u{FFFD} end", "\u{FFFD}😀 \u{FFFD}", "last"])
    #expect(
      log.notices == [
        "\(directory("a.jsonl")): replaced lone surrogates by U+FFFD in 2 lines (the first is line 2)"
      ])
  }

  @Test func badLinesAreSkippedUpToABound() throws {
    let good = #"{"text": "good"}"#
    let bad = ["[1]", #"{"text": 7}"#, #"{"text": "a"#, #"{"txt": "a"}"#, "{'text': 'a'}"]
    let text = ([good] + bad + [good, ""]).joined(separator: "\n")
    let bytes = Array(text.utf8) + Array("{\"text\": \"".utf8) + [0xE9, 0x22, 0x7D]
    let log = BadLineLog()
    for _ in 0..<2 {
      #expect(
        try documents(bytes, "a.jsonl", maxBadLines: 6, log: log) == ["good", "good"])
    }
    #expect(
      log.notices == [
        "\(directory("a.jsonl")): skipped 6 lines (the first is line 2) without a JSON object and its text"
      ])
    #expect(
      message(bytes, "a.jsonl", maxBadLines: 5).hasPrefix(
        "a.jsonl, line 8, byte 10: is one bad line more than the 5 of --max-bad-lines: expected UTF-8"
      ))
    #expect(
      message("[]\n[]".utf8, "a.jsonl", maxBadLines: 9)
        == "a.jsonl: holds no text: expected at least one document")
  }

  @Test func textKey() throws {
    let text = #"{"content": "one", "text": 3}"#
    #expect(try documents(text.utf8, "a.jsonl", textKey: "content") == ["one"])
  }

  @Test("A line is refused as soon as it is too long")
  func longLines() throws {
    let line = "{\"text\": \"\(String(repeating: "a", count: 88))\"}"
    #expect(try documents((line + "\n" + line).utf8, "a.jsonl", maxLineBytes: 100).count == 2)
    for end in ["", "\n"] {
      #expect(
        message((line + "\n\n" + line + " " + end).utf8, "a.jsonl", maxLineBytes: 100)
          == "a.jsonl, line 3: expected a line of at most 100 bytes, found a longer one: split its document"
      )
    }
    let last = String(repeating: " ", count: 1 << 18) + line
    #expect(
      message(last.utf8, "a.jsonl", maxLineBytes: 1 << 18).contains("line 1: expected a line"))
    let path = try directory.write(Array(last.utf8), to: "long.jsonl")
    let error = #expect(throws: DatasetError.self) {
      try JSONLine.read(path, maxLineBytes: 1 << 18)
    }
    #expect(error?.kind == .lineTooLong)
    #expect(try JSONLine.read(path, maxLineBytes: 1 << 19).count == 1)
    let bomb = try compressed([UInt8](repeating: 0x20, count: 4 << 20))
    #expect(message(bomb, "a.jsonl.zst", maxLineBytes: 1 << 20).contains("line 1: expected a line"))
  }

  /// Its two passes would not see the same; opening it would wait for ever.
  @Test func pipes() throws {
    let path = directory("pipe.txt")
    try #require(mkfifo(path, 0o600) == 0)
    let source = try TextSource(path: path)
    let error = #expect(throws: DatasetError.self) { try source.makeReader(pieceBytes: 1 << 20) }
    #expect(error?.problem.hasPrefix("is a pipe or a device, but is read more than once") == true)
  }

  @Test func names() throws {
    for (name, advice) in [
      ("a.pdf", "convert or rename it"), ("txt", "convert or rename it"),
      ("a.zst", "convert or rename it"), ("", "convert or rename it"),
      ("a.json", "of a JSON array make a line of each element, such as by jq -c '.[]'"),
      ("a.parquet", "convert it by python3 scripts/convert_parquet.py"),
    ] {
      let error = #expect(throws: DatasetError.self) { try TextSource(path: name) }
      #expect(
        error?.problem
          == "expected a name that ends in .txt or .jsonl, or in one of them and .zst or .gz: \(advice)"
      )
    }
    #expect(try TextSource(path: "x/a.jsonl.zst").compression == .zstd)
    #expect(try TextSource(path: "x/A.JSONL.GZ").compression == .gzip)
    #expect(try TextSource(path: "x/A.JSONL.GZ").format == .jsonLines)
    #expect(try documents("one".utf8, "A.TXT") == ["one"])
    let missing = try TextSource(path: directory("no.txt"))
    let error = #expect(throws: DatasetError.self) { try missing.makeReader(pieceBytes: 100) }
    #expect(
      error?.description == "\(directory.path)/no.txt: cannot open: No such file or directory")
    let folder = try TextSource(path: directory("d.txt"))
    try LocalFileSystem().makeDirectory(directory("d.txt"))
    #expect(throws: DatasetError.self) { try folder.makeReader(pieceBytes: 100) }
  }
}

/// Bytes of a file that is not on disk, a few at a time.
private final class MemoryInput: ByteInput {
  let path = "memory"
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let next = rest.prefix(min(buffer.count, 7))
    buffer.copyBytes(from: next)
    rest = rest.dropFirst(next.count)
    return next.count
  }
}

/// A gzip member.
private func gzipped(_ bytes: [UInt8]) throws -> [UInt8] {
  var stream = z_stream()
  let size = Int32(MemoryLayout<z_stream>.size)
  try #require(
    deflateInit2_(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
      == Z_OK)
  defer { deflateEnd(&stream) }
  var (input, output) = (bytes, [UInt8](repeating: 0, count: bytes.count + 1000))
  let count = input.withUnsafeMutableBufferPointer { input in
    output.withUnsafeMutableBufferPointer { output in
      (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
      (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
      return deflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.total_out) : 0
    }
  }
  return Array(output[..<count])
}
