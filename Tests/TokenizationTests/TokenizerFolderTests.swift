import Files
import Testing

@testable import Tokenization

/// What the files beside a tokenizer say of it.
@Suite struct TokenizerFolderTests {
  static let vocabulary: JSON = ["a": 0, "b": 1, "ab": 2, "<|endoftext|>": 3, "<|im_end|>": 4]

  @Test func addedTokensOfASlowTokenizer() throws {
    let tokenizer = try load([
      "added_tokens.json": ["[PAD]": 5, "<|user|>": 6],
      "special_tokens_map.json": [
        "pad_token": "[PAD]", "additional_special_tokens": [["content": "<|user|>"]],
        "mask_token": "[MASK]",
      ],
    ])
    #expect(tokenizer.encode(prompt: "ab<|user|>a".utf8) == [2, 6, 0])
    #expect(tokenizer.isSpecial(5) && tokenizer.isSpecial(6))
    #expect(
      tokenizer.notices.first
        == "d/special_tokens_map.json: mask_token '[MASK]' is not in the vocabulary and is left out"
    )
    let again = try Tokenizer(json: tokenizer.serialized(), name: "written")
    #expect(again.addedTokens == tokenizer.addedTokens && again.notices.count == 1)
  }

  @Test func addedTokensDecoder() throws {
    let tokenizer = try load([
      "tokenizer_config.json": [
        "added_tokens_decoder": ["7": ["content": "<a>", "lstrip": true, "special": true]]
      ]
    ])
    #expect(tokenizer.encode(prompt: "ab  <a>b".utf8) == [2, 7, 1])
    // 5 and 6 are no tokens, which `tokenizers` would give it otherwise.
    let again = try Tokenizer(json: tokenizer.serialized(), name: "written")
    #expect(again.encode(prompt: "ab  <a>b".utf8) == [2, 7, 1])
    #expect(again.vocabularySize == 8 && again.bytes(of: 5).isEmpty)
  }

  @Test(
    arguments: [
      ("added_tokens.json", ["<|im_end|>": 5], "d/added_tokens.json: '<|im_end|>': expected id 4"),
      ("added_tokens.json", ["<x>": 1], "d/added_tokens.json: '<x>': expected an id that no other"),
      (
        "tokenizer_config.json", ["added_tokens_decoder": ["1": ["content": "<|im_end|>"]]],
        "d/tokenizer_config.json: '<|im_end|>': expected id 4, as d/vocab.json has it, found 1"
      ),
      (
        "tokenizer_config.json", ["added_tokens_decoder": ["x": ["content": "y"]]], "expected an id"
      ),
      ("config.json", [], "d/config.json: the file: expected an object, found an array"),
    ] as [(String, JSON, String)])
  func contradictions(_ file: String, _ json: JSON, _ message: String) {
    #expect { try load([file: json]) } throws: { "\($0)".contains(message) }
  }

  @Test func otherRulesThanInTheTokenizer() throws {
    let token: JSON = ["id": 4, "content": "<|im_end|>", "special": true]
    let tokenizer = try load([
      "tokenizer.json": HostileFileTests.small(Self.vocabulary, added: [token]),
      "tokenizer_config.json": [
        "add_prefix_space": true,
        "added_tokens_decoder": ["4": ["content": "<|im_end|>", "special": true, "rstrip": true]],
      ],
    ])
    #expect(tokenizer.encode(prompt: "<|im_end|>  a".utf8) == [4, 0])
    #expect(tokenizer.addsPrefixSpace)
    #expect(tokenizer.notices.count == 3)
    #expect(tokenizer.notices[0].contains("added_tokens_decoder.4: other rules for '<|im_end|>'"))
    #expect(tokenizer.notices[1].contains("add_prefix_space true holds"))
    #expect(tokenizer.notices[2].contains("bytes have no token"))
  }

  @Test(
    arguments: [
      ([:], [3], 3),
      (["tokenizer_config.json": ["eos_token": "<|im_end|>", "bos_token": "a"]], [4], 0),
      (["special_tokens_map.json": ["eos_token": ["content": "<|im_end|>"]]], [4], 4),
      (["config.json": ["eos_token_id": 4, "bos_token_id": 3]], [4], 3),
      (
        [
          "config.json": ["eos_token_id": 3], "generation_config.json": ["eos_token_id": [4, 3]],
          "tokenizer_config.json": ["eos_token": "a"],
        ], [4, 3], 4
      ),
      (
        ["config.json": ["eos_token_id": 4], "generation_config.json": ["eos_token_id": .null]],
        [4], 4
      ),
      // Hugging Face's GPT2Config names GPT-2's id whatever the vocabulary; rows may be more than tokens.
      (["config.json": ["eos_token_id": 50256, "bos_token_id": 50256]], [3], 3),
      (["config.json": ["eos_token_id": 6, "vocab_size": 7]], [6], 6),
    ] as [([String: JSON], [UInt32], UInt32)])
  func theEndOfText(_ files: [String: JSON], _ ends: [UInt32], _ begin: UInt32) throws {
    let tokenizer = try load(files)
    #expect(tokenizer.endsOfText == ends)
    #expect(tokenizer.endOfText == ends[0])
    #expect(tokenizer.beginOfText == begin)
  }

  @Test func anIdOutsideIsNamed() throws {
    let tokenizer = try load(["config.json": ["eos_token_id": 50256]])
    #expect(
      tokenizer.notices.last
        == "d/config.json: eos_token_id 50256: expected ids of the vocabulary, 0 to 4; others are left "
        + "out")
  }

  @Test func aBeginningForPrompts() throws {
    let tokenizer = try load(["tokenizer_config.json": ["add_bos_token": true]])
    #expect(tokenizer.encode(prompt: "ab".utf8) == [3, 2])
    #expect(tokenizer.encode("ab", parsingAdded: true) == [2])
  }

  @Test func theSettingsAreReadBack() throws {
    let tokenizer = try load(["config.json": ["eos_token_id": 4, "bos_token_id": 3]])
    // Only added tokens have names that a reader finds again.
    #expect(tokenizer.settings(contextLength: 9)["model_max_length"] == 9)
    #expect(tokenizer.settings()["bos_token"] == "<|endoftext|>")
    #expect(tokenizer.settings()["eos_token"] == nil)
    let usual = try load([:]).settings()
    #expect(usual["eos_token"] == "<|endoftext|>" && usual["add_prefix_space"] == false)
  }

  /// The tokenizer of a folder `d` with `vocab.json`, `merges.txt` and these files.
  private func load(_ files: [String: JSON]) throws -> Tokenizer {
    var contents = files.mapValues { $0.serialized() }
    contents["vocab.json"] = Self.vocabulary.serialized()
    contents["merges.txt"] = Array("a b\n".utf8)
    return try TokenizerFolder("d") { contents[$0] }.tokenizer()
  }
}
