import Files
import Machine
import Testing

@testable import Tokenization

@Suite struct EncodingTests {
  @Test func hardCasesAreThoseOfHuggingFace() throws {
    let tokenizer = try Fixtures.tokenizer()
    let cases = try Fixtures.lines(Fixtures.bytes("cases.jsonl"), name: "cases.jsonl")
    #expect(cases.count > 100)
    for encoding in try cases.map(Encoding.init) {
      #expect(tokenizer.encode(encoding.text) == encoding.ids, "\(encoding.text.debugDescription)")
      #expect(tokenizer.decode(encoding.ids) == Array(encoding.text.utf8))
    }
  }

  /// All cases in one long text: through the caches, twice over.
  @Test func longTextsAreTheirPieces() throws {
    let tokenizer = try Fixtures.tokenizer()
    let cases = try Fixtures.lines(Fixtures.bytes("cases.jsonl"), name: "cases.jsonl")
    var (text, ids): ([UInt8], [UInt32]) = ([], [])
    for encoding in try (cases + cases).map(Encoding.init) where !encoding.ids.isEmpty {
      // A newline after something else begins a piece, and so does a letter after a newline.
      guard let last = encoding.text.unicodeScalars.last, !last.properties.isWhitespace else {
        continue
      }
      guard let first = encoding.text.utf8.first, UInt8(ascii: "a")...UInt8(ascii: "z") ~= first
      else { continue }
      text += Array(encoding.text.utf8) + [0x0A]
      ids += encoding.ids + tokenizer.encode("\n")
    }
    text += text
    ids += ids
    #expect(text.count > 4096)
    #expect(tokenizer.encode(text) == ids)
  }

  @Test(.enabled(if: Fixtures.gpt2 != nil)) func everyGPT2Encoding() throws {
    let folder = try #require(Fixtures.gpt2)
    let tokenizer = try Tokenizer.load(directory: folder)
    #expect(tokenizer.vocabularySize == 50257)
    #expect(tokenizer.endOfText == 50256)
    let bytes = try LocalFileSystem().readBytes("\(folder)/encodings.jsonl", limit: 1 << 24)
    let encodings = try Fixtures.lines(bytes, name: "encodings.jsonl").map(Encoding.init)
    #expect(encodings.count == 1500)
    for encoding in encodings {
      #expect(tokenizer.encode(encoding.text) == encoding.ids, "\(encoding.text.debugDescription)")
      #expect(tokenizer.decode(encoding.ids) == Array(encoding.text.utf8))
    }
    let reread = try Tokenizer(json: tokenizer.serialized(), name: "written")
    #expect(reread.fingerprint == tokenizer.fingerprint)
  }

  /// Counted over all scalars by Oniguruma as Hugging Face `tokenizers` 0.23.3 has it.
  @Test func scalarClassesAreThoseOfUnicode16() {
    var counts = [0, 0, 0, 0]
    for kind in ScalarClass.table { counts[Int(kind)] += 1 }
    #expect(counts[Int(ScalarClass.letter)] == 141_028)
    #expect(counts[Int(ScalarClass.number)] == 1_911)
    #expect(counts[Int(ScalarClass.space)] == 25)
  }

  @Test func anyBytesComeBack() throws {
    let tokenizer = try Fixtures.tokenizer()
    var random = TestRandom(state: 1)
    let ranges: [ClosedRange<UInt8>] = [
      0...255, 0x20...0x7F, 0x80...0xFF, 0xC0...0xF8, 0x09...0x27,
    ]
    for round in 0..<400 {
      let bytes = random.bytes(round * 3, in: ranges[round % ranges.count])
      #expect(tokenizer.decode(tokenizer.encode(bytes)) == bytes)
    }
  }

  /// Ill-formed bytes stay together with punctuation, as U+FFFD does.
  @Test(arguments: [
    [0xFF], [0x80, 0xBF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80], [0xF4, 0x90, 0x80, 0x80],
    [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0xE0, 0x9F, 0x80],
  ]) func illFormedBytesArePunctuation(_ bytes: [UInt8]) {
    let text = Array("a !".utf8) + bytes + Array("! b".utf8)
    let preTokenizer = PreTokenizer()
    #expect(preTokenizer.end(ofPieceAt: 0, in: text.span) == 1)
    #expect(preTokenizer.end(ofPieceAt: 1, in: text.span) == 4 + bytes.count)
    #expect(preTokenizer.end(ofPieceAt: 4 + bytes.count, in: text.span) == text.count)
  }

  @Test func specialTokensDoNotComeFromText() throws {
    let tokenizer = try Fixtures.tokenizer()
    let endOfText = try #require(tokenizer.endOfText)
    #expect(endOfText == 1023)
    let ids = tokenizer.encode("a<|endoftext|>b")
    #expect(!ids.contains(endOfText))
    #expect(tokenizer.decode([endOfText]) == Array("<|endoftext|>".utf8))
    #expect(tokenizer.decode([64, endOfText, 65], skippingSpecial: true) == Array("ab".utf8))
    #expect(tokenizer.isSpecial(endOfText) && !tokenizer.isSpecial(0))
  }

  @Test func idsOutsideTheVocabularyAreNoBytes() throws {
    let tokenizer = try Fixtures.tokenizer()
    #expect(tokenizer.decode([1024, .max, 64]) == Array("a".utf8))
    #expect(tokenizer.bytes(of: .max).isEmpty)
  }

  /// A quadratic algorithm would take hours.
  @Test func anEnormousPieceIsNotQuadratic() throws {
    let tokenizer = try Fixtures.tokenizer()
    var random = TestRandom(state: 2)
    for text in [
      [UInt8](repeating: UInt8(ascii: "a"), count: 10_000_000),
      random.bytes(1_000_000, in: UInt8(ascii: "a")...UInt8(ascii: "z")),
      [UInt8](repeating: UInt8(ascii: " "), count: 1_000_000),
      [UInt8](repeating: 0xFF, count: 1_000_000),
    ] { #expect(tokenizer.decode(tokenizer.encode(text)) == text) }
  }

  /// Both ways to merge a piece, around the length where one takes over from the other.
  @Test func theHeapMergesAsTheScanDoes() throws {
    let tokenizer = try Fixtures.tokenizer()
    let (alphabet, pairs) = (tokenizer.vocabulary.alphabet, tokenizer.vocabulary.pairs)
    var random = TestRandom(state: 3)
    let letters = Array("theinrstomvqua ".utf8)
    var merged = 0
    for length in 2..<300 {
      let text = (0..<length).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)]
      }
      var scan = WordMerger(alphabet: alphabet, merges: pairs, heapThreshold: .max)
      var heap = WordMerger(alphabet: alphabet, merges: pairs, heapThreshold: 0)
      var (a, b): ([UInt32], [UInt32]) = ([], [])
      scan.merge(0..<length, of: text.span, into: &a)
      heap.merge(0..<length, of: text.span, into: &b)
      #expect(a == b)
      merged += length - a.count
    }
    #expect(merged > 1000)
  }
}
