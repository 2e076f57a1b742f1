import Dataset
import Files
import Tasks
import Testing

extension PipelineTests {
  /// `evaluate` on question sets and in strides.
  @Suite struct QuestionSets {
    private static let fixture = parentDirectory(of: #filePath) + "/Fixtures/questions"

    private func evaluate(_ place: Workplace, _ arguments: String...) throws -> JSON {
      let end = try place.program.run(["evaluate", "--checkpoint"] + arguments)
      try #require(end.code == 0, "\(end.errors)")
      #expect(end.errors.isEmpty)
      return try JSON(parsing: Array(end.output.utf8), name: "evaluate")
    }

    /// Everything that the harness' rules in numpy gave (Fixtures/make_questions.py).
    @Test(arguments: [("--multiple-choice", "hellaswag"), ("--last-word", "lambada")], ["1", "3"])
    func scoresAreTheHarnesss(set: (flag: String, name: String), threads: String) throws {
      let json = try evaluate(
        try Workplace(), Self.fixture, set.flag, "\(Self.fixture)/\(set.name).jsonl", "--threads",
        threads)
      let bytes = try LocalFileSystem().readBytes("\(Self.fixture)/expected.json", limit: 1 << 20)
      let expected = try #require(JSON(parsing: bytes, name: "expected")[set.name]?.objectValue)
      #expect(expected.count >= 7)
      for member in expected {
        let ours = try #require(json[member.key]?.doubleValue, "\(member.key)")
        let theirs = try #require(member.value.doubleValue)
        #expect(abs(ours - theirs) <= 2e-6 * abs(theirs), "\(member.key): \(ours), \(theirs)")
      }
    }

    @Test func textsArePreparedAsTheHarnessDoes() throws {
      let bytes = try LocalFileSystem().readBytes("\(Self.fixture)/prepared.json", limit: 1 << 20)
      let expected = try #require(try JSON(parsing: bytes, name: "prepared").arrayValue)
      let ours = try MultipleChoiceQuestion.read("\(Self.fixture)/hellaswag.jsonl")
      try #require(ours.count == expected.count)
      for (question, theirs) in zip(ours, expected) {
        #expect(theirs["query"] == .string(question.context))
        #expect(theirs["choices"] == .array(question.endings.map { .string($0) }))
        #expect(theirs["gold"] == .integer(question.label))
      }
    }

    @Test func badSetsAreOneLine() throws {
      let place = try Workplace()
      let long = String(repeating: "the café ", count: 60)
      try place.write("{\"text\": \"a b\"}\n{\"txt\": 1}\n", to: "l.jsonl")
      try place.write("{\"text\": \"a \(String(repeating: "b", count: 99))\"}\n", to: "long.jsonl")
      try place.write(
        "{\"ctx\": \"a\", \"endings\": [\"x\", \"\(long)\"], \"label\": 0}\n", to: "m.jsonl")
      let run = ["evaluate", "--checkpoint", Self.fixture]
      for (arguments, expected) in [
        (["--last-word", "l.jsonl"], "l.jsonl, line 2: expected a member \"text\", found none"),
        (
          ["--last-word", "long.jsonl"], "long.jsonl, line 1: expected an ending of 1 to 80 tokens"
        ),
        (
          ["--multiple-choice", "m.jsonl"], "m.jsonl, line 1: expected an ending of 1 to 80 tokens"
        ),
        (["--multiple-choice", "nowhere"], "nowhere: cannot open"),
        (["--last-word", "l.jsonl", "--data", "d"], "give either --data or --last-word, not both"),
        (
          ["--last-word", "l", "--multiple-choice", "m"], "give either --multiple-choice or --last"
        ),
        (["--last-word", "l.jsonl", "--stride", "4"], "--stride is for --data: leave it out with"),
        (["--last-word", "long.jsonl", "--context", "81"], "--context 81: expected 1...80"),
        (["--context", "0"], "--context 0: expected at least 1"),
      ] {
        let line = try place.fail(run + arguments)
        #expect(line.hasPrefix(expected), "\(line)")
      }
    }

    @Test func stridesOverlapWindows() throws {
      let place = try Workplace()
      try place.makeData()
      try #require(try place.program.run(Workplace.train("run", ["--steps", "40"])).code == 0)
      func nats(_ more: String...) throws -> Double {
        let end = try place.program.run(
          ["evaluate", "--checkpoint", "run", "--context", "16", "--tokens", "320"] + more)
        try #require(end.code == 0, "\(end.errors)")
        let json = try JSON(parsing: Array(end.output.utf8), name: "evaluate")
        #expect(json["tokens"] == 320)
        return try #require(json["nats_per_token"]?.doubleValue)
      }
      let plain = try nats()
      #expect(try nats("--stride", "16") == plain)
      let (eight, one) = (try nats("--stride", "8"), try nats("--stride", "1"))
      #expect(Set([plain, eight, one]).count == 3)
      let line = try place.fail(
        "evaluate", "--checkpoint", "run", "--context", "16", "--stride", "17")
      #expect(line == "--stride 17: expected 1...16, the context")
    }
  }
}
