import Testing

@testable import Tokenization

@Suite struct StreamingDecoderTests {
  /// Byte tokens have the ids of the alphabet's order, so any bytes can be fed one by one.
  private func ids(_ bytes: [UInt8], _ tokenizer: Tokenizer) -> [UInt32] {
    bytes.map { tokenizer.vocabulary.alphabet[$0] }
  }

  @Test func charactersComeWhole() throws {
    let tokenizer = try Fixtures.tokenizer()
    let text = "aé€🙂\u{10FFFF}z"
    var decoder = StreamingDecoder(tokenizer)
    var pieces: [String] = []
    for id in ids(Array(text.utf8), tokenizer) { pieces.append(decoder.append(id)) }
    pieces.append(decoder.finish())
    #expect(pieces.filter { !$0.isEmpty } == ["a", "é", "€", "🙂", "\u{10FFFF}", "z"])
  }

  @Test func anUnfinishedCharacterIsReplacedAtTheEnd() throws {
    let tokenizer = try Fixtures.tokenizer()
    var decoder = StreamingDecoder(tokenizer)
    #expect(decoder.append(ids([0x61, 0xF0, 0x9F, 0x99], tokenizer)) == "a")
    #expect(decoder.finish() == "\u{FFFD}")
    #expect(decoder.finish() == "")
    #expect(decoder.append(ids([0x62], tokenizer)) == "b")
  }

  @Test func rawBytesAreKept() throws {
    let tokenizer = try Fixtures.tokenizer()
    var decoder = StreamingDecoder(tokenizer)
    let bytes: [UInt8] = [0xFF, 0x61, 0xE2, 0x82, 0x62, 0xC3]
    var pieces: [[UInt8]] = []
    for id in ids(bytes, tokenizer) { pieces.append(decoder.appendBytes(id)) }
    #expect(pieces == [[0xFF], [0x61], [], [], [0xE2, 0x82, 0x62], []])
    #expect(decoder.finishBytes() == [0xC3])
  }

  /// Pieces are `String(decoding:)` of all bytes, however they are fed.
  @Test func piecesAreTheWholeText() throws {
    let tokenizer = try Fixtures.tokenizer()
    var random = TestRandom(state: 5)
    let leads: [UInt8] = [
      0x41, 0x80, 0x9F, 0xA0, 0xBF, 0xC1, 0xC3, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0xF5,
    ]
    for _ in 0..<2000 {
      let bytes = (0..<12).map { _ in leads[Int.random(in: 0..<leads.count, using: &random)] }
      var decoder = StreamingDecoder(tokenizer)
      var text = ""
      for id in ids(bytes, tokenizer) { text += decoder.append(id) }
      text += decoder.finish()
      #expect(Array(text.utf8) == Array(String(decoding: bytes, as: UTF8.self).utf8), "\(bytes)")
    }
  }

  @Test func specialTokensCanBeSkipped() throws {
    let tokenizer = try Fixtures.tokenizer()
    let endOfText = try #require(tokenizer.endOfText)
    var decoder = StreamingDecoder(tokenizer)
    #expect(decoder.append([64, endOfText, 65]) == "a<|endoftext|>b")
    decoder = StreamingDecoder(tokenizer, skippingSpecial: true)
    #expect(decoder.append([64, endOfText, 65]) == "ab")
  }
}
