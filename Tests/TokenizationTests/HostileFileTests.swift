import Files
import Testing

@testable import Tokenization

/// Each broken file gives its own one-line error, and none traps.
@Suite struct HostileFileTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let path: [String]
    let value: JSON
    let message: String
    init(_ path: String, _ value: JSON, _ message: String) {
      self.path = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      self.value = value
      self.message = message
    }
    var testDescription: String { message }
  }

  static let kinds: [Case] = [
    Case(
      "model/type", "Unigram", "model type 'Unigram' is not supported: expected 'BPE' byte-level"),
    Case("model/type", "WordPiece", "model type 'WordPiece' is not supported"),
    Case("model/dropout", 0.1, "model.dropout 0.1 is not supported: expected null"),
    Case("model/continuing_subword_prefix", "##", "model.continuing_subword_prefix \"##\" is not"),
    Case("model/end_of_word_suffix", "</w>", "model.end_of_word_suffix \"</w>\" is not supported"),
    Case("model/ignore_merges", 1, "model.ignore_merges: expected a flag, found 1"),
    Case("model/unk_token", 1, "model.unk_token: expected a string or null, found 1"),
    Case("model", .null, "model: expected an object, found null"),
    Case("normalizer", ["type": "NFC"], "normalizer 'NFC' is not supported: expected null"),
    Case(
      "normalizer",
      [
        "type": "Sequence",
        "normalizers": [["type": "Sequence", "normalizers": []], ["type": "Lowercase"]],
      ], "normalizer 'Lowercase' is not supported: expected null"),
    Case(
      "pre_tokenizer/type", "Metaspace",
      "pre_tokenizer 'Metaspace' is not supported: expected 'ByteLevel'"),
    Case("pre_tokenizer", .null, "pre_tokenizer nothing is not supported: expected 'ByteLevel'"),
    Case(
      "pre_tokenizer/add_prefix_space", .null,
      "add_prefix_space null is not supported: expected true or false"),
    Case("pre_tokenizer/use_regex", 0, "use_regex 0 is not supported: expected true or false"),
    Case(
      "pre_tokenizer",
      [
        "type": "Sequence",
        "pretokenizers": [["type": "Digits"], ["type": "ByteLevel", "add_prefix_space": false]],
      ], "pre_tokenizer 'Digits', 'ByteLevel' is not supported: expected 'ByteLevel'"),
    Case(
      "pre_tokenizer",
      [
        "type": "Sequence",
        "pretokenizers": [
          ["type": "Split", "pattern": ["Regex": "\\d"], "behavior": "Isolated", "invert": false],
          ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false],
        ],
      ], "pre_tokenizer 'Split' \"\\\\d\" is not supported"),
    Case(
      "post_processor", ["type": "TemplateProcessing"],
      "post_processor 'TemplateProcessing' without the text is not"),
    Case("post_processor", ["type": "Fancy"], "post_processor 'Fancy' is not supported"),
    Case(
      "post_processor", ["type": "RobertaProcessing", "cls": ["a", 0], "sep": ["b", 4096]],
      "post_processor: expected ids of the vocabulary, found 4096"),
    Case(
      "post_processor",
      [
        "type": "TemplateProcessing",
        "single": [["SpecialToken": ["id": "<|endoftext|>"]], ["Sequence": ["id": "A"]]],
      ], "post_processor.special_tokens.<|endoftext|>: expected ids, found nothing"),
    Case(
      "post_processor", ["type": "TemplateProcessing", "single": [["Sequence": ["id": "B"]]]],
      "post_processor.single: expected special tokens and the sequence A once"),
    Case("decoder/type", "WordPiece", "decoder 'WordPiece' is not supported: expected 'ByteLevel'"),
    Case("version", "2.0", "version \"2.0\" is not supported: expected \"1.0\""),
  ]

  static let contents: [Case] = [
    Case("model/vocab", [], "model.vocab: expected an object of tokens and ids, found an array"),
    Case(
      "model/vocab/!", -1,
      "model.vocab.!: expected an id, a whole number from 0 to 16777215, found -1"),
    Case("model/vocab/!", 0.5, "a whole number from 0 to 16777215, found 0.5"),
    Case("model/vocab/!", "0", "a whole number from 0 to 16777215, found \"0\""),
    Case("model/vocab/!", 4_294_967_296, "a whole number from 0 to 16777215, found 4294967296"),
    Case("model/vocab/!", 1, "expected each id once, found 1 again"),
    Case("model/vocab/zzzz", 5, "model.vocab.zzzz: expected each id once, found 5 again"),
    Case("model/vocab", .object([]), "expected two tokens whose concatenation is one"),
    Case("model/merges", 7, "model.merges: expected an array, found 7"),
    Case("model/merges", ["a"], "model.merges[0]: expected \"a b\" or [\"a\", \"b\"], found \"a\""),
    Case("model/merges", ["a b c"], "model.merges[0]: expected \"a b\" or [\"a\", \"b\"], found"),
    Case(
      "model/merges", [["a"]], "model.merges[0]: expected \"a b\" or [\"a\", \"b\"], found an array"
    ),
    Case(
      "model/merges", [["a", 1]],
      "model.merges[0]: expected \"a b\" or [\"a\", \"b\"], found an array"),
    Case("model/merges", ["i qqq"], "model.merges[0]: expected two tokens whose"),
    Case("model/merges", ["~ ~"], "concatenation is one, found '~~', which is none"),
    Case("model/merges", [" a"], "found '', which is none"),
    Case("added_tokens", 1, "added_tokens: expected an array, found 1"),
    Case(
      "added_tokens", [["id": 1023, "special": true]], "added_tokens[0].content: expected a string"),
    Case(
      "added_tokens", [["id": 1023, "content": "<x>", "lstrip": 1]],
      "added_tokens[0].lstrip: expected a flag, found 1"),
    Case(
      "added_tokens", [["id": -1, "content": "<x>", "special": true]],
      "added_tokens[0].id: expected"),
    Case(
      "added_tokens", [["content": "<x>", "special": true]],
      "a whole number from 0 to 16777215, found nothing"),
    Case(
      "added_tokens", [["id": 5, "content": "!", "special": true]],
      "expected 0 as before for this token, found 5"),
    Case(
      "added_tokens",
      [
        ["id": 1023, "content": "<x>", "special": true],
        ["id": 1024, "content": "<x>", "special": true],
      ], "added_tokens[1].id: expected 1023 as before for this token, found 1024"),
  ]

  @Test(arguments: kinds + contents) func isRefused(_ hostile: Case) throws {
    let root = try JSON(parsing: Fixtures.bytes("tokenizer.json"), name: "fixture")
    let json = change(root, hostile.path[...], to: hostile.value)
    #expect {
      try Tokenizer(json: json.serialized(), name: "t.json")
    } throws: {
      let line = "\($0)"
      if line.hasPrefix("t.json: "), line.contains(hostile.message), !line.contains("\n") {
        return true
      }
      Issue.record("\(line)")
      return false
    }
  }

  private func change(_ json: JSON, _ path: ArraySlice<String>, to value: JSON) -> JSON {
    guard let key = path.first else { return value }
    // "model/vocab/" names the empty member.
    return edited(json, key) { change($0, path.dropFirst(), to: value) }
  }

  /// `tokenizers` gives the added token the number of the model's tokens, which another has.
  @Test func anIdThatIsTaken() throws {
    let json = Self.small(["a": 0, "b": 2], added: [["id": 3, "content": "<x>"]])
    #expect { try Tokenizer(json: json.serialized(), name: "t.json") } throws: {
      "\($0)".contains("gives it 2, which is taken, found 3")
    }
  }

  /// Bytes without a token are left out, which is said.
  @Test func bytesWithoutTokens() throws {
    let json = Self.small(["a": 0, "b": 1])
    let tokenizer = try Tokenizer(json: json.serialized(), name: "t.json")
    #expect(tokenizer.encode("a?b") == [0, 1])
    #expect(
      tokenizer.notices == [
        "t.json: 254 of the 256 bytes have no token and are left out of a text, as in `tokenizers`"
      ])
  }

  @Test func anUnknownTokenThatIsNone() throws {
    let json = edited(Self.small(["a": 0]), "model", "unk_token") { _ in "[U]" }
    #expect { try Tokenizer(json: json.serialized(), name: "t.json") } throws: {
      "\($0)".contains(
        "model.unk_token: expected a token of the vocabulary, which has none for byte 0")
    }
  }

  /// A `tokenizer.json` of these tokens without merges.
  static func small(_ vocabulary: JSON, added: JSON = []) -> JSON {
    [
      "version": "1.0", "added_tokens": added,
      "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": false],
      "model": ["type": "BPE", "vocab": vocabulary, "merges": []],
    ]
  }

  @Test(arguments: [
    "", "{", "[]", "{}", "null", "{\"model\": {}}", "{\"model\": {\"type\": \"BPE\"}}",
  ])
  func notATokenizer(_ text: String) {
    #expect(throws: TokenizerError.self) { try Tokenizer(json: Array(text.utf8), name: "t.json") }
  }

  @Test(arguments: [
    ("a b c", "line 1"), ("i n\nab", "line 2"),
  ])
  func brokenMerges(_ merges: String, _ message: String) throws {
    let root = try JSON(parsing: Fixtures.tokenizer().serialized(), name: "written")
    let vocabulary = try #require(root["model"]?["vocab"]).serialized()
    #expect {
      try Tokenizer(vocabulary: vocabulary, merges: Array(merges.utf8), directory: "d")
    } throws: { "\($0)".hasPrefix("d/merges.txt: \(message)") }
  }

  /// Bytes cut off and bits flipped anywhere: an error or a tokenizer, never a trap.
  @Test func damagedFiles() throws {
    let whole = try Fixtures.bytes("tokenizer.json")
    var random = TestRandom(state: 7)
    for _ in 0..<150 {
      let length = Int.random(in: 0..<whole.count, using: &random)
      #expect(throws: TokenizerError.self) {
        try Tokenizer(json: Array(whole[..<length]), name: "t.json")
      }
      var flipped = whole
      for _ in 0..<3 {
        flipped[Int.random(in: 0..<whole.count, using: &random)] ^= UInt8(
          1 << Int.random(in: 0..<8, using: &random))
      }
      if let tokenizer = try? Tokenizer(json: flipped, name: "t.json") {
        // A byte may have lost its token.
        if tokenizer.vocabulary.alphabet.isComplete {
          #expect(tokenizer.decode(tokenizer.encode(whole)) == whole)
        }
      }
    }
  }
}
