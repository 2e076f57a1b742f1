import Files
import Testing

extension PipelineTests {
  /// `generate --prompts`.
  @Suite struct PromptsFiles {
    private func place() throws -> Workplace {
      let place = try Workplace()
      try place.makeData()
      try #require(try place.program.run(Workplace.train("run", ["--steps", "40"])).code == 0)
      return place
    }

    private func lines(_ end: Program.Result) throws -> [JSON] {
      try #require(end.code == 0, "\(end.errors)")
      return try end.output.split(separator: "\n").map {
        try JSON(parsing: Array($0.utf8), name: "output")
      }
    }

    /// Each line's text is the one that the same prompt and options give alone, whatever the company
    /// and the threads, and they come in order.
    @Test func eachTextIsTheOneThatItIsAlone() throws {
      let place = try place()
      let prompts: [(json: String, flags: [String])] = [
        (#"{"prompt": "Once", "max_tokens": 30}"#, ["--prompt", "Once", "--max-tokens", "30"]),
        (
          #"{"prompt": "The cat", "temperature": 0, "max_tokens": 3}"#,
          ["--prompt", "The cat", "--temperature", "0", "--max-tokens", "3"]
        ),
        (
          #"{"seed": 9, "prompt": "Once", "top_k": 7, "top_p": 0.9, "min_p": 0.01}"#,
          ["--prompt", "Once", "--seed", "9", "--top-k", "7", "--top-p", "0.9", "--min-p", "0.01"]
        ),
        (
          #"{"prompt": "你好, ", "repetition_penalty": 1.3, "stop": "e"}"#,
          ["--prompt", "你好, ", "--repetition-penalty", "1.3", "--stop", "e"]
        ),
        (
          #"{"prompt": "Once upon", "stop": ["t", "a", "e"], "temperature": 1}"#,
          [
            "--prompt", "Once upon", "--stop", "t", "--stop", "a", "--stop", "e", "--temperature",
            "1",
          ]
        ),
      ]
      // A blank line is none, and many together are more than fit side by side.
      let text = prompts.map(\.json).joined(separator: "\n\n") + "\n"
      try place.write(String(repeating: text, count: 8), to: "p.jsonl")
      let general = ["generate", "--checkpoint", "run", "--max-tokens", "12", "--seed", "4"]
      let first = try place.program.run(general + ["--prompts", "p.jsonl"])
      let all = try lines(first)
      #expect(all.map { $0["index"] } == (0..<40).map { .integer($0) })
      for (n, prompt) in prompts.enumerated() {
        let alone = try place.program.run(general + prompt.flags).output
        let line = all[n + 15]
        let (start, text) = (try #require(line["prompt"]?.stringValue), line["text"]?.stringValue)
        #expect(start + (text ?? "") + "\n" == alone, "\(prompt.json)")
        #expect(line["sample"] == 0)
        #expect(all[n + 35]["text"] == line["text"])
      }
      #expect(all[0]["finish_reason"] == "max_tokens" && all[0]["tokens"] == 30)
      #expect(all[4]["finish_reason"] == "stop" || all[3]["finish_reason"] == "stop")
      for more in [["--threads", "1"], ["--threads", "3"], ["--lookup"]] {
        let other = try place.program.run(general + ["--prompts", "p.jsonl"] + more)
        #expect(other.output == first.output, "\(more)")
      }
    }

    @Test func samplesAndLogprobs() throws {
      let place = try place()
      let input = #"{"id": "o", "prompt": "Once", "num_samples": 3}"# + "\n" + #"{"prompt": "A"}"#
      let end = try place.program.run(
        [
          "generate", "--checkpoint", "run", "--prompts", "-", "--max-tokens", "6", "--seed", "1",
          "--logprobs", "2",
        ], input: input)
      let all = try lines(end)
      #expect(all.map { $0["id"] } == ["o", "o", "o", nil])
      #expect(all.map { $0["index"] } == [0, 0, 0, 1] && all.map { $0["sample"] } == [0, 1, 2, 0])
      #expect(Set(all.prefix(3).map { $0["text"]?.stringValue }).count > 1)
      for line in all {
        let tokens = try #require(line["logprobs"]?.arrayValue)
        #expect(line["tokens"] == .integer(tokens.count))
        let text = tokens.compactMap { $0["token"]?.stringValue }.joined()
        #expect(line["text"] == .string(text))
        for token in tokens {
          let own = try #require(token["logprob"]?.doubleValue)
          let top = try #require(token["top_logprobs"]?.arrayValue)
          let values = top.compactMap { $0["logprob"]?.doubleValue }
          try #require(values.count == 2)
          #expect(own < 0 && values[0] >= values[1] && values[0] >= own)
          for one in top where one["id"] == token["id"] {
            #expect(one["logprob"] == token["logprob"])
          }
        }
      }
    }

    @Test func aBadLineIsNamedBeforeAnythingIsGenerated() throws {
      let place = try Workplace()
      try place.write("{\"prompt\": \"x\"}\n{\"prompt\": \"a\", \"top_k\": -1}\n", to: "p.jsonl")
      let bad = try place.fail("generate", "--checkpoint", "none", "--prompts", "p.jsonl")
      #expect(bad == "p.jsonl, line 2: expected at least 0 as \"top_k\", found -1", "\(bad)")
      try place.write("\n", to: "p.jsonl")
      let empty = try place.fail("generate", "--checkpoint", "none", "--prompts", "p.jsonl")
      #expect(empty.hasPrefix("p.jsonl: has no line"), "\(empty)")
      let trained = try self.place()
      let long = String(repeating: "The cat sat on the mat. ", count: 20)
      try trained.write("{\"prompt\": \"x\"}\n{\"prompt\": \"\(long)\"}\n", to: "p.jsonl")
      let line = try trained.fail("generate", "--checkpoint", "run", "--prompts", "p.jsonl")
      #expect(line.hasPrefix("p.jsonl, line 2: the prompt has"), "\(line)")
    }
  }
}
