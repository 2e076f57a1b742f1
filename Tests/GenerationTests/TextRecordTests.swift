import Generation
import TestTokenizers
import Testing

@testable import Inference

@Suite struct TextRecordTests {
  /// The line of `generate --prompts`, byte for byte.
  @Test func aTextAsJSON() throws {
    let tokenizer = try testTokenizer()
    let (a, he) = (tokenizer.encode("a")[0], tokenizer.encode("he")[0])
    func text(_ logprobs: Bool) -> GeneratedText {
      var text = GeneratedText(tokenizer, stops: [])
      for (id, end) in [(a, nil), (he, EndReason.maxTokens)] as [(UInt32, EndReason?)] {
        let top = [TokenLogprob(token: he, logprob: -0.1), TokenLogprob(token: a, logprob: -2.75)]
        _ = text.take(
          SequenceStep(
            request: 0, token: id, logprob: logprobs ? (id == a ? -2.75 : -0.1) : nil,
            top: logprobs && id == a ? top : [], end: end))
      }
      return text
    }
    func line(_ logprobs: Bool) -> String {
      let record = TextRecord(index: 3, sample: 1, prompt: "p", text(logprobs), tokenizer)
      return String(decoding: record.json.serialized(), as: UTF8.self)
    }
    let start =
      #"{"index":3,"sample":1,"prompt":"p","text":"ahe","tokens":2,"finish_reason":"max_tokens""#
    #expect(line(false) == start + "}")
    let top =
      #"[{"id":\#(he),"token":"he","logprob":-0.1},{"id":\#(a),"token":"a","logprob":-2.75}]"#
    #expect(
      line(true) == start
        + #","logprobs":[{"id":\#(a),"token":"a","logprob":-2.75,"top_logprobs":\#(top)},"#
        + #"{"id":\#(he),"token":"he","logprob":-0.1}]}"#)
  }
}
