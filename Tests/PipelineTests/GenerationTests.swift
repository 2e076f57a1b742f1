import Files
import Testing

extension PipelineTests {
  /// `generate`, as a user calls it.
  @Suite struct Generation {
    private func place() throws -> Workplace {
      let place = try Workplace()
      try place.makeData()
      try #require(try place.program.run(Workplace.train("run", ["--steps", "40"])).code == 0)
      return place
    }

    @Test func theSameSeedGivesTheSameTextForAnyThreads() throws {
      let place = try place()
      func text(_ more: String...) throws -> String {
        let end = try place.program.run(
          ["generate", "--checkpoint", "run", "--prompt", "Once", "--max-tokens", "30"] + more)
        #expect(end.code == 0, "\(end.errors)")
        return end.output
      }
      let one = try text("--seed", "7", "--threads", "1")
      #expect(one.hasPrefix("Once") && one.count > 10)
      for threads in ["2", "3"] { #expect(try text("--seed", "7", "--threads", threads) == one) }
      #expect(try text("--seed", "8") != one)
      let greedy = try text("--temperature", "0")
      #expect(try text("--temperature", "0", "--seed", "9") == greedy)
      #expect(try text("--top-k", "1", "--seed", "5") == greedy)
    }

    @Test func aPromptComesFromFlagFileOrStandardInput() throws {
      let place = try place()
      try place.write("Once upon", to: "prompt.txt")
      let arguments = ["generate", "--checkpoint", "run", "--max-tokens", "12", "--seed", "3"]
      let flag = try place.program.run(arguments + ["--prompt", "Once upon"]).output
      #expect(try place.program.run(arguments + ["--prompt-file", "prompt.txt"]).output == flag)
      #expect(
        try place.program.run(arguments + ["--prompt-file", "-"], input: "Once upon").output == flag
      )
      #expect(try place.program.run(arguments, input: "Once upon").output == flag)
      let none = try place.program.run(arguments)
      #expect(none.code == 0 && !none.output.isEmpty, "\(none.errors)")
    }

    @Test func aStopStringEndsTheTextAndIsNotShown() throws {
      let place = try place()
      let arguments = [
        "generate", "--checkpoint", "run", "--prompt", "Once", "--max-tokens", "40", "--seed", "1",
      ]
      let whole = try place.program.run(arguments).output
      let text = Array(whole.dropFirst(4))
      try #require(text.count > 12)
      let stop = String(text[8..<11])
      let cut = try place.program.run(arguments + ["--stop", stop]).output
      let shown =
        "Once"
        + String(text).split(
          separator: stop, maxSplits: 1,
          omittingEmptySubsequences: false)[0]
      #expect(cut == shown + "\n")
    }

    @Test func aFullContextStopsWithAReasonOrSlides() throws {
      let place = try place()
      let prompt = String(repeating: "The cat sat on the mat. ", count: 3)
      let arguments = [
        "generate", "--checkpoint", "run", "--prompt", prompt, "--max-tokens", "200", "--seed", "2",
      ]
      let stopped = try place.program.run(arguments)
      #expect(stopped.code == 0 && stopped.errors.contains("--slide"), "\(stopped.errors)")
      let slid = try place.program.run(arguments + ["--slide"])
      #expect(slid.code == 0 && slid.output.count > stopped.output.count, "\(slid.errors)")
      #expect(!slid.errors.contains("--slide goes on"))
    }

    @Test func samplesDifferAndTheFirstIsTheSingleOne() throws {
      let place = try place()
      let arguments = [
        "generate", "--checkpoint", "run", "--prompt", "Once", "--max-tokens", "16", "--seed", "4",
      ]
      let one = try place.program.run(arguments).output
      let three = try place.program.run(arguments + ["--num-samples", "3"]).output
      let texts = three.split(separator: "--- sample ").map {
        $0.drop { $0 != "\n" }.dropFirst()
      }
      #expect(texts.count == 3 && texts[0] == one[...])
      #expect(Set(texts).count == 3)
    }
  }
}
