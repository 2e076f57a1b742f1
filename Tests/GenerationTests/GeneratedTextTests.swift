import Generation
import TestTokenizers
import Testing
import Tokenization

@testable import Inference

@Suite struct GeneratedTextTests {
  private let tokenizer: Tokenizer
  init() throws { tokenizer = try testTokenizer() }

  private func step(_ id: UInt32?, _ end: EndReason? = nil) -> SequenceStep {
    SequenceStep(request: 0, token: id, logprob: id.map { -Float($0) }, end: end)
  }

  /// Characters of several tokens come whole, and pieces joined are the text.
  @Test func charactersComeWhole() {
    let ids = tokenizer.encode("né 漢🙂!")
    var text = GeneratedText(tokenizer, stops: [])
    var pieces: [String?] = ids.map { String(validating: text.take(step($0)), as: UTF8.self) }
    pieces.append(String(validating: text.take(step(nil, .maxTokens)), as: UTF8.self))
    #expect(pieces.compactMap { $0 }.joined() == "né 漢🙂!" && !pieces.contains(nil))
    #expect(pieces.count { $0 == "" } >= 6, "\(pieces)")
    #expect(text.end == .maxTokens && text.tokens.map(\.id) == ids && text.shownIDs == ids)
  }

  /// An unfinished character is shown at the end.
  @Test func anUnfinishedCharacterIsShownAtTheEnd() {
    var text = GeneratedText(tokenizer, stops: ["x"])
    let ids = tokenizer.encode([0x61, 0xF0, 0x9F])
    for id in ids.dropLast() { _ = text.take(step(id)) }
    #expect(text.shown == [0x61])
    #expect(text.take(step(ids.last, .maxTokens)) == [0xF0, 0x9F])
    #expect(text.shown == [0x61, 0xF0, 0x9F])
  }

  /// The token that ends a text is kept with its log-probability, beside the text.
  @Test func theStopTokenIsKeptBesideTheText() throws {
    let end = try #require(tokenizer.endOfText)
    var text = GeneratedText(tokenizer, stops: [])
    _ = text.take(step(tokenizer.encode("a")[0]))
    let last = SequenceStep(request: 0, logprob: -0.5, end: .endOfText(end))
    #expect(text.take(last).isEmpty)
    #expect(text.tokens.count == 1 && text.end == .endOfText(end))
    #expect(text.stopToken?.id == end && text.stopToken?.logprob == -0.5)
    #expect(text.stopToken?.start == 1)
  }

  /// A stop string that ends inside a token: the tokens that begin before it are shown, and the text
  /// goes on with the ids of what is shown.
  @Test func aStopStringInsideATokenCutsIt() throws {
    // "he" and "in" are tokens.
    var text = GeneratedText(tokenizer, stops: ["ei"])
    var shown: [UInt8] = []
    for id in tokenizer.encode("thein") where text.end == nil { shown += text.take(step(id)) }
    #expect(text.end == .stopString("ei") && shown == Array("th".utf8))
    #expect(
      text.shownTokens(from: 0).map { tokenizer.bytes(of: $0.id) } == [[0x74], Array("he".utf8)])
    #expect(text.shownIDs == tokenizer.encode("t") + tokenizer.encode("h"))
  }

  /// Before the end a token is shown when all of its bytes are.
  @Test func aTokenIsShownWhenItsBytesAre() {
    var text = GeneratedText(tokenizer, stops: ["hex"])
    _ = text.take(step(tokenizer.encode("he")[0]))
    #expect(text.shownTokens(from: 0).isEmpty && text.shown.isEmpty)
    _ = text.take(step(tokenizer.encode("y")[0]))
    #expect(text.shownTokens(from: 0).count == 2 && text.shownTokens(from: 1).count == 1)
  }

  /// A model may have more ids than its tokenizer: they have no text.
  @Test func anIdOutsideTheVocabularyHasNoText() {
    var text = GeneratedText(tokenizer, stops: [])
    #expect(text.take(step(60_000)).isEmpty)
    #expect(text.take(step(tokenizer.encode("a")[0])) == [0x61])
  }
}
