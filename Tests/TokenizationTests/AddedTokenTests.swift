import Files
import Machine
import Testing

@testable import Tokenization

@Suite struct AddedTokenTests {
  @Test func promptsParseAddedTokensAndDocumentsDoNot() throws {
    let tokenizer = try Self.tokenizer([
      ["id": 1024, "content": "<|user|>", "special": true], ["id": 1025, "content": "<tag>"],
    ])
    let text = "<|user|>the<tag>"
    #expect(tokenizer.encode(prompt: text.utf8) == [1024] + tokenizer.encode("the") + [1025])
    #expect(tokenizer.encode(text, parsingAdded: true) == tokenizer.encode(prompt: text.utf8))
    #expect(!tokenizer.encode(text).contains { $0 > 1022 })
    #expect(tokenizer.isSpecial(1024) && !tokenizer.isSpecial(1025))
    #expect(tokenizer.decode([1024, 1025], skippingSpecial: true) == Array("<tag>".utf8))
  }

  @Test func theLongestTokenWins() throws {
    let tokenizer = try Self.tokenizer([
      ["id": 1024, "content": "<a"], ["id": 1025, "content": "<a>"], ["id": 1026, "content": "a>"],
    ])
    #expect(tokenizer.encode(prompt: "<a><aa>".utf8) == [1025, 1024, 1026])
  }

  /// White space that one match has taken is not taken again, however many matches lie in it.
  @Test func whiteSpaceIsLookedThroughOnce() throws {
    let tokenizer = try Self.tokenizer([
      ["id": 1024, "content": " ", "rstrip": true, "lstrip": true]
    ])
    let spaces = [UInt8](repeating: 0x20, count: 300_000)
    #expect(tokenizer.encode(prompt: spaces) == [1024])
  }

  @Test func manyThreadsParseAsOne() throws {
    let tokenizer = try Self.tokenizer([["id": 1024, "content": "<|user|>", "lstrip": true]])
    let documents = (0..<9).map { n in
      Array(String(repeating: "the river <|user|>stone", count: 1 + 2000 * (n % 3)).utf8)
    }
    let expected = documents.map { tokenizer.encode($0, parsingAdded: true) }
    let team = ThreadTeam(count: 2)
    #expect(tokenizer.encode(documents: documents, on: team, parsingAdded: true) == expected)
    #expect(expected[1].filter { $0 == 1024 }.count == 2001)
  }

  @Test func aSpaceInFrontIsPutOnceForADocument() throws {
    let root = try JSON(parsing: Fixtures.bytes("tokenizer.json"), name: "fixture")
    let tokenizer = try Tokenizer(
      json: edited(root, "pre_tokenizer", "add_prefix_space") { _ in true }.serialized(), name: "t")
    let plain = try Fixtures.tokenizer()
    #expect(tokenizer.encode("the") == plain.encode(" the"))
    #expect(tokenizer.encode(" the") == plain.encode(" the"))
    #expect(tokenizer.encode("") == [])
    #expect(tokenizer.encode("the", continuing: true) == plain.encode("the"))
    let pieces = [Array("the".utf8), Array("river".utf8)]
    let encoded = tokenizer.encode(
      documents: pieces, on: ThreadTeam(count: 1), continuing: [false, true])
    #expect(encoded == [plain.encode(" the"), plain.encode("river")])
    #expect(tokenizer.fingerprint != plain.fingerprint)
  }

  @Test func repeatedTokensChangeNothing() throws {
    let token: JSON = ["id": 1024, "content": "<a>", "special": true]
    let once = try Self.tokenizer([token])
    #expect(try Self.tokenizer([token, token]).serialized() == once.serialized())
    // The rules said last hold, as in `tokenizers`.
    let changed = try Self.tokenizer([token, ["id": 1024, "content": "<a>", "rstrip": true]])
    #expect(changed.encode(prompt: "<a> <a>".utf8) == [1024, 1024])
    #expect(changed.isSpecial(1024))
  }

  @Test func idsAreThoseOfTokenizers() throws {
    let tokenizer = try Self.tokenizer([["id": 1030, "content": "<a>", "special": true]])
    #expect(tokenizer.encode(prompt: "<a>".utf8) == [1024])
    #expect(tokenizer.notices.count == 1)
    #expect(tokenizer.notices[0].contains("'<a>' is 1024 here, as in `tokenizers`"))
    #expect(tokenizer.notices[0].hasSuffix("the file says 1030"))
  }

  /// The fixture's tokenizer with these tokens after its own.
  private static func tokenizer(_ added: [JSON]) throws -> Tokenizer {
    let root = try JSON(parsing: Fixtures.bytes("tokenizer.json"), name: "fixture")
    let json = edited(root, "added_tokens") { .array(($0.arrayValue ?? []) + added) }
    return try Tokenizer(json: json.serialized(), name: "t.json")
  }
}
