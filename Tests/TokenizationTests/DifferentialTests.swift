import Files
import Glibc
import Testing

@testable import Tokenization

/// Random `tokenizer.json` files, and what Hugging Face `tokenizers` makes of texts with them
/// (`scripts/tokenizer_cases.py`).
@Suite struct DifferentialTests {
  @Test func theFixture() throws {
    #expect(try replay(Fixtures.bytes("tokenizers.jsonl"), name: "tokenizers.jsonl") == 300)
  }

  /// Cases made now, from a file that the environment names.
  @Test(.enabled(if: getenv("SOPHIA_TOKENIZER_CASES") != nil)) func freshCases() throws {
    let path = String(cString: try #require(getenv("SOPHIA_TOKENIZER_CASES")))
    let bytes = try LocalFileSystem().readBytes(path, limit: 1 << 30)
    #expect(try replay(bytes, name: path) > 0)
  }

  /// Number of texts.
  private func replay(_ bytes: [UInt8], name: String) throws -> Int {
    var texts = 0
    for (number, line) in try Fixtures.lines(bytes, name: name).enumerated() {
      let file = try #require(line["tokenizer"]).serialized()
      let tokenizer = try Tokenizer(json: file, name: "\(name):\(number + 1)")
      #expect(tokenizer.notices.allSatisfy { $0.contains("of the 256 bytes have no token") })
      let again = try Tokenizer(json: tokenizer.serialized(), name: "written")
      #expect(again.fingerprint == tokenizer.fingerprint)
      #expect(again.addedTokens == tokenizer.addedTokens)
      for i in try #require(line["texts"]?.arrayValue).indices {
        let text = try #require(line["texts"]?.arrayValue?[i].stringValue)
        let (ids, raw) = (try Self.ids(line["ids"], i), try Self.ids(line["raw"], i))
        let place: Comment = "line \(number + 1), \(text.debugDescription)"
        #expect(tokenizer.encode(prompt: text.utf8) == ids, place)
        #expect(tokenizer.encode(text) == raw, place)
        #expect(again.encode(prompt: text.utf8) == ids, place)
        #expect(again.encode(text) == raw, place)
        texts += 1
      }
    }
    return texts
  }

  private static func ids(_ json: JSON?, _ index: Int) throws -> [UInt32] {
    try #require(json?.arrayValue?[index].arrayValue).map { UInt32(try #require($0.intValue)) }
  }
}
