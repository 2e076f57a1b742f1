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
    Case("model/ignore_merges", true, "model.ignore_merges true is not supported: expected false"),
    Case("model", .null, "model: expected an object, found null"),
    Case("normalizer", ["type": "NFC"], "normalizer 'NFC' is not supported: expected null"),
    Case(
      "pre_tokenizer/type", "Metaspace",
      "pre_tokenizer 'Metaspace' is not supported: expected 'ByteLevel'"),
    Case("pre_tokenizer", .null, "pre_tokenizer nothing is not supported: expected 'ByteLevel'"),
    Case(
      "pre_tokenizer/add_prefix_space", true,
      "add_prefix_space true is not supported: expected false"),
    Case("pre_tokenizer/use_regex", false, "use_regex false is not supported: expected true"),
    Case(
      "post_processor", ["type": "TemplateProcessing"], "post_processor 'TemplateProcessing' is not"
    ),
    Case(
      "post_processor",
      [
        "type": "TemplateProcessing",
        "single": [["SpecialToken": ["id": "<|endoftext|>"]], ["Sequence": ["id": "A"]]],
      ], "post_processor 'TemplateProcessing' is not"),
    Case(
      "post_processor",
      ["type": "TemplateProcessing", "single": [["SpecialToken": ["id": "<|endoftext|>"]]]],
      "post_processor 'TemplateProcessing' is not"),
    Case("decoder/type", "WordPiece", "decoder 'WordPiece' is not supported: expected 'ByteLevel'"),
    Case("version", "2.0", "version \"2.0\" is not supported: expected \"1.0\""),
  ]

  static let contents: [Case] = [
    Case("model/vocab", [], "model.vocab: expected an object of tokens and ids, found an array"),
    Case("model/vocab/!", -1, "model.vocab.!: expected an id, a whole number from 0, found -1"),
    Case("model/vocab/!", 0.5, "model.vocab.!: expected an id, a whole number from 0, found 0.5"),
    Case("model/vocab/!", "0", "model.vocab.!: expected an id, a whole number from 0, found \"0\""),
    Case("model/vocab/!", 4_294_967_296, "a whole number from 0, found 4294967296"),
    Case("model/vocab/!", 1, "expected ids 0…1023, each once, found 1 again"),
    Case("model/vocab/!", 1024, "model.vocab.!: expected ids 0…1023, each once, found 1024"),
    Case("model/vocab/zzzz", 5, "expected ids 0…1024, each once, found"),
    Case("model/vocab/", 1024, "tokens of at least one byte"),
    Case("model/vocab/a b", 1024, "model.vocab.a b: expected characters of the byte alphabet"),
    Case("model/merges", 7, "model.merges: expected an array, found 7"),
    Case("model/merges", ["a"], "model.merges[0]: expected \"a b\" or [\"a\", \"b\"], found \"a\""),
    Case("model/merges", ["a b c"], "model.merges[0]: expected \"a b\" or [\"a\", \"b\"], found"),
    Case(
      "model/merges", [["a"]], "model.merges[0]: expected \"a b\" or [\"a\", \"b\"], found an array"
    ),
    Case(
      "model/merges", [["a", 1]],
      "model.merges[0]: expected \"a b\" or [\"a\", \"b\"], found an array"),
    Case("model/merges", ["i n", ["i", "n"]], "model.merges[1]: expected each merge once"),
    Case("model/merges", ["i qqq"], "model.merges[0]: expected two ordinary tokens"),
    Case("model/merges", ["~ ~"], "concatenation is one, found '~~', which is none"),
    Case("model/merges", [" a"], "found '', which is none"),
    Case("added_tokens", 1, "added_tokens: expected an array, found 1"),
    Case(
      "added_tokens", [["id": 1023, "special": true]], "added_tokens[0].content: expected a string"),
    Case(
      "added_tokens", [["id": 1023, "content": "", "special": true]], "a token of at least one byte"
    ),
    Case(
      "added_tokens", [["id": 1023, "content": "<x>"]],
      "added token '<x>' that is not special is not"),
    Case("added_tokens", [["id": 9999, "content": "<x>", "special": true]], "found 9999"),
    Case(
      "added_tokens", [["id": -1, "content": "<x>", "special": true]],
      "added_tokens[0].id: expected"),
    Case(
      "added_tokens", [["content": "<x>", "special": true]], "a whole number from 0, found nothing"),
    Case(
      "added_tokens", [["id": 5, "content": "!", "special": true]],
      "expected 0 as in the vocabulary"),
    Case(
      "added_tokens",
      [
        ["id": 1023, "content": "<x>", "special": true],
        ["id": 1023, "content": "<x>", "special": true],
      ], "added_tokens[1].id: expected 1023 as in the vocabulary, once"),
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

  @Test func aByteWithoutToken() throws {
    let root = try JSON(parsing: Fixtures.bytes("tokenizer.json"), name: "fixture")
    // "Ā", byte 0, takes no part in merges of the fixture; its id is taken over by another token.
    let json = edited(root, "model", "vocab") { vocab in
      .object(
        (vocab.objectValue ?? []).map { JSONMember($0.key == "Ā" ? "!!!!" : $0.key, $0.value) })
    }
    #expect { try Tokenizer(json: json.serialized(), name: "t.json") } throws: {
      "\($0)".contains("expected a token for each of the 256 bytes, found none for byte 0, 'Ā'")
    }
  }

  @Test func aByteThatIsSpecial() throws {
    let root = try JSON(parsing: Fixtures.bytes("tokenizer.json"), name: "fixture")
    let json = edited(root, "added_tokens") { tokens in
      .array(
        (tokens.arrayValue ?? []) + [["id": 188, "content": "Ā", "special": true]])
    }
    #expect { try Tokenizer(json: json.serialized(), name: "t.json") } throws: {
      "\($0)".contains("expected a token for each of the 256 bytes")
    }
  }

  @Test(arguments: [
    "", "{", "[]", "{}", "null", "{\"model\": {}}", "{\"model\": {\"type\": \"BPE\"}}",
  ])
  func notATokenizer(_ text: String) {
    #expect(throws: TokenizerError.self) { try Tokenizer(json: Array(text.utf8), name: "t.json") }
  }

  @Test(arguments: [
    ("a b c", "line 1"), ("i n\nab", "line 2"), ("i n\ni n", "line 2: expected each merge"),
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
        #expect(tokenizer.decode(tokenizer.encode(whole)) == whole)
      }
    }
  }
}
