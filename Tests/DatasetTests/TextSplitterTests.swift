import Machine
import Testing

@testable import Dataset

/// The documents of a text that arrives in chunks of `chunk` bytes, pieces marked by `+`.
private func split(_ text: String, chunk: Int = 1 << 20, pieceBytes: Int = 1 << 20) -> [String] {
  var splitter = TextSplitter(pieceBytes: pieceBytes)
  var pieces: [String] = []
  func drain() {
    while let piece = splitter.next() {
      pieces.append(
        (piece.startsDocument ? "" : "+") + String(decoding: piece.bytes, as: UTF8.self))
    }
  }
  let bytes = Array(text.utf8)
  var start = 0
  while start < bytes.count {
    let end = min(start + chunk, bytes.count)
    bytes[start..<end].withUnsafeBytes { splitter.append($0) }
    drain()
    start = end
  }
  splitter.finish()
  drain()
  return pieces
}

@Suite struct TextSplitterTests {
  @Test func separators() {
    #expect(split("one") == ["one"])
    #expect(split("one\n<|endoftext|>\ntwo\n") == ["one\n", "two\n"])
    #expect(split("<|endoftext|>one<|endoftext|>two<|endoftext|>") == ["one", "two"])
    #expect(split("one<|endoftext|>\n\n two") == ["one", "\n two"])
    #expect(split("a<|endoftext|> \n\t<|endoftext|><|endoftext|>b") == ["a", "b"])
    #expect(split("<|endoftext<|endoftext|>|>") == ["<|endoftext", "|>"])
    #expect(split("a<|endoftext|") == ["a<|endoftext|"])
    #expect(split(" \n ") == [])
  }

  @Test func lineEndings() {
    #expect(split("a\r\nb\rc\r\r\nd\r") == ["a\nb\rc\r\nd\r"])
    #expect(split("a\r\n<|endoftext|>\r\nb\r\n") == ["a\n", "b\n"])
  }

  @Test("Where the chunks are cut makes no difference", arguments: [1, 2, 3, 5, 12, 13, 14])
  func chunks(chunk: Int) {
    let text =
      "é\r\n<|endoftext|>\r\n<|endo<|endoftext|>\r\r\n<<|endoftext|>x<|endoftext|>\n\r\ny\r"
    #expect(split(text, chunk: chunk) == split(text))
    #expect(split(text) == ["é\n", "<|endo", "\r\n<", "x", "\ny\r"])
  }

  @Test("The pieces of a long document are the document", arguments: [16, 17, 64, 1000])
  func pieces(pieceBytes: Int) {
    let words = (0..<400).map { "word\($0)" + ($0 % 7 == 0 ? "\n\n" : " ") }
    let text = words.joined() + "日本語".description + String(repeating: "語", count: 300)
    for chunk in [1, 50, 1 << 20] {
      let pieces = split("a b<|endoftext|>" + text, chunk: chunk, pieceBytes: pieceBytes)
      #expect(pieces[0] == "a b")
      let document = pieces.dropFirst()
      #expect(document.first?.hasPrefix("word0") == true)
      #expect(document.dropFirst().allSatisfy { $0.hasPrefix("+") })
      let joined = document.first.map { $0 + document.dropFirst().map { $0.dropFirst() }.joined() }
      #expect(joined == text)
      #expect(pieces.allSatisfy { $0.utf8.count <= pieceBytes + 14 })
    }
  }

  @Test("A cut is before white space where there is any, else between characters")
  func cuts() {
    func cut(_ text: String, _ limit: Int) -> Int {
      DocumentPiece.cut(Array(text.utf8)[...], limit: limit)
    }
    #expect(cut("one two three", 9) == 7)
    #expect(cut("one two three", 7) == 7)
    #expect(cut("one  two", 5) == 3)
    #expect(cut("語語語語", 8) == 6)
    #expect(cut("abcdefgh", 5) == 5)
  }
}

@Suite struct UTF8CheckerTests {
  /// The first fault by Swift's own decoder: the start of the first ill-formed sequence is at or
  /// before the byte that our checker names, at most three bytes before.
  private func isText(_ bytes: [UInt8]) -> Bool {
    String(validating: bytes, as: UTF8.self) != nil && !bytes.contains(0)
  }

  private func isAccepted(_ bytes: [UInt8], chunk: Int) -> Bool {
    var checker = UTF8Checker()
    var start = 0
    while start < bytes.count {
      let end = min(start + chunk, bytes.count)
      if bytes[start..<end].withUnsafeBytes({ checker.check($0) }) != nil { return false }
      start = end
    }
    return checker.faultAtEnd == nil
  }

  @Test("Every sequence of two bytes, and of three and four at the borders")
  func exhaustive() {
    let borders: [UInt8] = [
      0, 1, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC,
      0xED,
      0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
    ]
    var sequences: [[UInt8]] = []
    for a in UInt8.min ... .max { for b in UInt8.min ... .max { sequences.append([a, b]) } }
    for a in borders {
      for b in borders {
        for c in borders {
          sequences.append([a, b, c])
          for d in borders { sequences.append([a, b, c, d]) }
        }
      }
    }
    for bytes in sequences {
      let expected = isText(bytes)
      let padded = Array("12345678".utf8) + bytes + Array("12345678".utf8)
      if isAccepted(bytes, chunk: 1) != expected || isAccepted(bytes, chunk: 9) != expected
        || isAccepted(padded, chunk: 7) != expected
      {
        Issue.record("\(bytes): expected \(expected)")
        return
      }
    }
  }

  @Test func offsets() {
    func fault(_ bytes: [UInt8]) -> UTF8Checker.Fault? {
      var checker = UTF8Checker()
      return bytes.withUnsafeBytes { checker.check($0) }
    }
    let ascii = Array("twelve bytes".utf8)
    #expect(fault(ascii) == nil)
    #expect(fault(ascii + [0]) == .init(offset: 12, byte: 0))
    #expect(fault(ascii + [0xFF] + ascii) == .init(offset: 12, byte: 0xFF))
    #expect(fault([0xC3, 0x28]) == .init(offset: 0, byte: 0xC3))
  }
}
