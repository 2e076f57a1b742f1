import Machine
import Testing

@testable import Tokenization

@Suite struct ParallelTests {
  @Test(arguments: [1, 2, 3, 7]) func threadsDoNotChangeTokens(_ count: Int) throws {
    let tokenizer = try Fixtures.tokenizer()
    let documents = try Fixtures.corpus() + [[], [0x20], [0xFF, 0x20]]
    let team = ThreadTeam(count: count)
    #expect(
      tokenizer.encode(documents: documents, on: team) == documents.map { tokenizer.encode($0) })
    // One text of several parts, among small ones.
    let text = Array((0..<24).map { _ in documents.joined() }.joined())
    #expect(text.count > 3 * 128 << 10)
    let expected = tokenizer.encode(text)
    #expect(tokenizer.encode(text, on: team) == expected)
    let mixed = tokenizer.encode(documents: [documents[0], text, [], documents[1]], on: team)
    #expect(
      mixed == [tokenizer.encode(documents[0]), expected, [], tokenizer.encode(documents[1])])
  }

  /// Cut as often as possible, between spaces, letters and ill-formed bytes alike.
  @Test func cutsDoNotChangeTokens() throws {
    let tokenizer = try Fixtures.tokenizer()
    var random = TestRandom(state: 4)
    let alphabet = Array("aé'1! \n\t\u{A0}\u{3000}".utf8) + [0xFF, 0xC3, 0x80]
    for _ in 0..<200 {
      let text = (0..<100).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
      let parts = TextParts(of: [text], partBytes: 1).parts
      #expect(parts.count > 1)
      var encoder = TextEncoder(tokenizer.vocabulary, caching: false)
      var ids: [UInt32] = []
      for part in parts { encoder.encode(text.span, part.range, into: &ids) }
      #expect(ids == tokenizer.encode(text))
    }
  }

  @Test func progressReachesTheEnd() throws {
    let tokenizer = try Fixtures.tokenizer()
    var fractions: [Double] = []
    _ = tokenizer.encode(documents: try Fixtures.corpus(), on: ThreadTeam(count: 1)) {
      fractions.append($0)
    }
    #expect(fractions.last == 1)
    #expect(fractions == fractions.sorted())
  }

  @Test func noDocuments() throws {
    let tokenizer = try Fixtures.tokenizer()
    #expect(tokenizer.encode(documents: [[UInt8]](), on: ThreadTeam(count: 2)).isEmpty)
    #expect(tokenizer.encode([UInt8](), on: ThreadTeam(count: 2)).isEmpty)
  }
}
