import Files
import TestTokenizers
import Testing
import Tokenization

@testable import Dataset
@testable import Tasks

/// Question sets: their files, and how texts become tokens. (PipelineTests compares with
/// lm-evaluation-harness.)
@Suite struct TaskTests {
  private func line(_ json: String) throws -> JSONLine {
    try #require(try JSONLine(Array(json.utf8), place: "q.jsonl, line 7"))
  }

  private func message(_ json: String, _ read: (JSONLine) throws -> Void) throws -> String {
    let error = #expect(throws: DatasetError.self) { try read(try line(json)) }
    return "\(try #require(error))"
  }

  @Test(arguments: [
    ("  a b\u{1F} ", "a b"), ("x [title] Y", "x. Y"), ("[header] How to", " How to"),
    ("a [step] b", "a b"), ("a [step]  b", "a  b"), ("a   b", "a  b"), ("a [x\n] b", "a [x\n] b"),
    ("a [[x] b] c", "a b] c"), ("a [b", "a [b"), ("a ] b [] c", "a ] b c"), ("", ""),
    ("e\u{301} [title]\u{301}", "e\u{301}. \u{301}"),
  ])
  func marksAreCleanedAway(text: String, expected: String) {
    let cleaned = MultipleChoiceQuestion.cleaned(text)
    #expect(cleaned.utf8.elementsEqual(expected.utf8), "\(cleaned)")
  }

  /// In linear time, or the test would take minutes.
  @Test func bracketsThatNobodyCloses() {
    let open = String(repeating: "[", count: 2_000_000)
    #expect(MultipleChoiceQuestion.cleaned(open).utf8.elementsEqual(open.utf8))
    let lines = String(repeating: "[\n[a] b", count: 1000)
    #expect(
      MultipleChoiceQuestion.cleaned(lines).utf8
        .elementsEqual(String(repeating: "[\n b", count: 1000).utf8))
  }

  @Test func contextsAreJoined() throws {
    let rest = #""endings": ["x", " y "], "label": 1"#
    for (members, expected) in [
      (#""ctx_a": "A man.", "ctx_b": "the DOG", "activity_label": "Play""#, "Play: A man. The dog"),
      (#""ctx_a": "A man.", "ctx_b": """#, "A man."),
      (#""ctx": "a  man the DOG", "activity_label": "Play""#, "Play: a man the DOG"),
      (#""ctx": "z", "ctx_a": "a", "ctx_b": "ßB""#, "a Ssb"),
    ] {
      let question = try MultipleChoiceQuestion(line("{\(members), \(rest)}"))
      #expect(question.context == expected)
      #expect(question.endings == ["x", "y"] && question.label == 1)
    }
  }

  @Test func badQuestionsSayWhatIsWrong() throws {
    for (members, expected) in [
      (#""endings": ["a", "b"], "label": 0"#, "expected a member \"ctx_a\", found none"),
      (#""ctx_a": "x", "endings": ["a", "b"], "label": 0"#, "a member \"ctx_b\", found none"),
      (#""ctx": "x", "endings": ["a", 2], "label": 0"#, "an array of two strings or more as"),
      (#""ctx": "x", "endings": ["a"], "label": 0"#, "an array of two strings or more as"),
      (#""ctx": "x", "endings": ["a", "b"], "label": 2"#, "an ending, 0 to 1 as \"label\""),
      (#""ctx": "x", "endings": ["a", "b"], "label": "-1""#, "as \"label\", found a string"),
      (#""ctx": 1, "endings": ["a", "b"], "label": "0""#, "as \"ctx\", found the integer 1"),
    ] {
      let message = try message("{\(members)}") { _ = try MultipleChoiceQuestion($0) }
      #expect(message.hasPrefix("q.jsonl, line 7: expected"), "\(message)")
      #expect(message.contains(expected), "\(message)")
    }
    #expect(try message("{\"text\": \"\"}") { _ = try LastWordPassage($0) }.contains("found none"))
  }

  @Test(arguments: [
    ("a b c", "a b", " c"), ("a b ", "a b", " "), ("word", "", " word"), (" x", "", " x"),
    ("a\nb c\u{301}", "a\nb", " c\u{301}"), ("a  b", "a ", " b"),
  ])
  func theLastWordIsWhatFollowsTheLastSpace(text: String, context: String, word: String) throws {
    let json = JSON.object([JSONMember("text", .string(text))]).serialized()
    let passage = try LastWordPassage(try #require(try JSONLine(json, place: "p")))
    #expect(passage.context == context && passage.word == word)
  }

  @Test func continuationsBeginWhereTheContextEnds() throws {
    let tokenizer = try testTokenizer()
    let end = try #require(tokenizer.endOfText)
    for (context, stripped, continuation) in [
      ("the", "the", " inn"), ("a or \n", "a or", " b"), ("x\u{A0} ", "x", "y"),
    ] {
      let tokens = try #require(
        ContinuationTokens(context: context, continuation: continuation, tokenizer))
      #expect(tokens.context == tokenizer.encode(stripped))
      let bytes = tokenizer.decode(tokens.context + tokens.continuation)
      #expect(bytes == Array((context + continuation).utf8))
    }
    // "he" is one token, as many as "h" is: nothing is left.
    let crossing = try #require(ContinuationTokens(context: "h", continuation: "e", tokenizer))
    #expect(crossing.context == tokenizer.encode("h") && crossing.continuation.isEmpty)
    for context in ["", " \n"] {
      let tokens = try #require(
        ContinuationTokens(context: context, continuation: "or", tokenizer))
      #expect(tokens.context == [end] && tokens.continuation == tokenizer.encode(context + "or"))
    }
    let other = try testTokenizer(endOfText: false)
    #expect(ContinuationTokens(context: "", continuation: "or", other) == nil)
  }

  @Test func lengthsDecideBetweenEndings() throws {
    func question(_ endings: [String], _ label: Int) throws -> MultipleChoiceQuestion {
      let strings = endings.map { "\"\($0)\"" }.joined(separator: ",")
      return try MultipleChoiceQuestion(
        line("{\"ctx\": \"c\", \"endings\": [\(strings)], \"label\": \(label)}"))
    }
    // By itself the first is likeliest, by characters the second, by bytes the third.
    let endings = ["ab", "abcd", "你好你"]
    let logprobs = [-4.0, -5.0, -4.5]
    for label in 0..<3 {
      let result = MultipleChoiceResult([try question(endings, label)], logprobs: [logprobs])
      #expect(result.accuracy.mean == (label == 0 ? 1 : 0))
      #expect(result.accuracyByCharacters.mean == (label == 1 ? 1 : 0))
      #expect(result.accuracyByBytes.mean == (label == 2 ? 1 : 0))
    }
    // Of equals the first; an empty ending is never the likeliest for its length.
    let equals = MultipleChoiceResult(
      [try question(["ab", "cd"], 0), try question(["", "cd"], 0)],
      logprobs: [[-1, -1], [-1, -9]])
    #expect(equals.accuracy.mean == 1 && equals.accuracyByCharacters.mean == 0.5)
  }

  @Test func standardErrorIsThatOfTheMean() throws {
    let mean = SampleMean([1.0, 2, 4, 9])
    #expect(mean.mean == 4 && mean.count == 4)
    // Squares 9 + 4 + 0 + 25, by 3, by 4.
    #expect(try #require(mean.standardError) == (38.0 / 12).squareRoot())
    #expect(SampleMean([true]).standardError == nil && SampleMean([true, false]).mean == 0.5)
  }
}
