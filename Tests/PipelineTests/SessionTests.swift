import Files
import Glibc
import Testing

extension PipelineTests {
  /// `generate` as a part of pipes and at the terminal: output that nobody reads, `--interactive`,
  /// `--logprobs`.
  @Suite struct GenerationSessions {
    private func place() throws -> Workplace {
      let place = try Workplace()
      try place.makeData()
      try #require(try place.program.run(Workplace.train("run", ["--steps", "40"])).code == 0)
      return place
    }

    /// `generate … | head`: no word, and the status of a program that SIGPIPE ended.
    @Test(arguments: [[], ["--num-samples", "3"], ["--logprobs", "1"]])
    func aClosedPipeEndsIt(more: [String]) throws {
      let place = try place()
      let words =
        [
          "generate", "--checkpoint", "run", "--prompt", "Once", "--slide", "--max-tokens",
          "2000000000", "--temperature", "0",
        ] + more
      // Samples come at the end, so that nothing is written before: the reader goes at once.
      let reader = more.first == "--num-samples" ? "true" : "head -c 1 >/dev/null"
      let script = "{ timeout 20 \"$@\" 2>noise </dev/null; echo $? >code; } | \(reader)"
      let end = try place.program.start(
        ["-c", script, "sh", try Program.path()] + words, program: "/bin/sh"
      ).wait()
      #expect(end.code == 0, "\(end.errors)")
      #expect(String(decoding: try place.read("code"), as: UTF8.self) == "141\n")
      #expect(try place.read("noise").isEmpty)
    }

    @Test func aFullDiskIsAnError() throws {
      let place = try place()
      let end = try place.program.start(
        [
          "-c", "exec \"$@\" >/dev/full", "sh", try Program.path(), "generate", "--checkpoint",
          "run",
          "--prompt", "Once",
        ], program: "/bin/sh"
      ).wait()
      #expect(end.code == 1)
      #expect(
        end.errorLines == ["Error: standard output: cannot write: No space left on device"])
    }

    @Test func linesOfStandardInputArePrompts() throws {
      let place = try place()
      let arguments = ["generate", "--checkpoint", "run", "--max-tokens", "8", "--seed", "3"]
      let end = try place.program.run(arguments + ["--interactive"], input: "Once\n\nThe cat")
      #expect(end.code == 0, "\(end.errors)")
      let one = try place.program.run(arguments + ["--prompt", "Once"]).output
      #expect(end.output.hasPrefix(one))
      // The last line is a prompt although it has no end.
      #expect(end.output.contains("\nThe cat") && end.output.hasSuffix("\n"))
      // The empty line goes on with the text: the same tokens, as likely as in one text.
      let greedy = arguments + ["--temperature", "0", "--logprobs", "3"]
      let two = try place.program.run(greedy + ["--interactive"], input: "Once\n\n").output
      let whole = try place.program.run(greedy + ["--prompt", "Once", "--max-tokens", "16"]).output
      #expect(two.split(separator: "\n") == whole.split(separator: "\n"))
      #expect(try place.program.run(arguments + ["--interactive"], input: "").output.isEmpty)
      // A prompt that does not fit is told, and the session goes on.
      let long = String(repeating: "The cat sat on the mat. ", count: 20)
      let after = try place.program.run(arguments + ["--interactive"], input: "\(long)\nOnce\n")
      #expect(after.code == 0 && after.output.hasPrefix("Once"))
      #expect(after.errors.contains("[the prompt has"), "\(after.errors)")
    }

    /// SIGINT ends the text under way; the session takes the next line, and ends with its input.
    @Test func anInterruptEndsTheTextAlone() throws {
      let place = try place()
      try #require(mkfifo(place.file("lines"), 0o600) == 0)
      let process = try place.program.start(
        [
          "-c", "exec \"$@\" <lines", "sh", try Program.path(), "generate", "--checkpoint", "run",
          "--interactive", "--slide", "--max-tokens", "2000000000", "--seed", "1",
        ], program: "/bin/sh")
      let lines = open(place.file("lines"), O_WRONLY)
      try #require(lines >= 0)
      func outputGrows(from size: Int) throws -> Int {
        for _ in 0..<2000 {
          let now = try LocalFileSystem().readBytes(process.output, limit: 1 << 26).count
          if now > size + 50 { return now }
          usleep(5000)
        }
        Issue.record("no text within ten seconds")
        return size
      }
      var size = 0
      for line in ["Once\n", "The\n"] {
        _ = Array(line.utf8).withUnsafeBytes { write(lines, $0.baseAddress, $0.count) }
        size = try outputGrows(from: size)
        process.send(SIGINT)
        usleep(200_000)
        size = try LocalFileSystem().readBytes(process.output, limit: 1 << 26).count
      }
      close(lines)
      let end = try process.wait()
      #expect(end.code == 0 && end.signal == nil, "\(end.errors)")
      #expect(end.output.hasPrefix("Once") && end.output.contains("\nThe"))
    }

    @Test func logprobsAreOneLineAToken() throws {
      let place = try place()
      let arguments = [
        "generate", "--checkpoint", "run", "--prompt", "Once", "--max-tokens", "9", "--seed", "5",
      ]
      let text = try place.program.run(arguments).output.dropFirst(4).dropLast()
      let table = try place.program.run(arguments + ["--logprobs", "3"]).output
      let rows = table.split(separator: "\n").map { $0.split(separator: "\t") }
      #expect(rows.count == 9 && rows.allSatisfy { $0.count == 5 }, "\(table)")
      let tokens = try rows.map {
        try #require(try JSON(parsing: Array($0[0].utf8), name: "token").stringValue)
      }
      #expect(tokens.joined() == text)
      for row in rows { #expect(try #require(Double(row[1])) <= 0) }
      // Greedy tokens are the first of the likeliest.
      let greedy = try place.program.run(arguments + ["--logprobs", "1", "--temperature", "0"])
      for row in greedy.output.split(separator: "\n").map({ $0.split(separator: "\t") }) {
        #expect("\(row[0]) \(row[1])" == row[2])
      }
      // Of a stop string that cuts the text only the tokens are shown that begin before it.
      let stop = String(text.dropFirst(5).prefix(2))
      let cut = try place.program.run(arguments + ["--stop", stop]).output.dropFirst(4).dropLast()
      let short = try place.program.run(arguments + ["--stop", stop, "--logprobs", "3"]).output
      #expect(table.hasPrefix(short) && !cut.isEmpty)
      let kept = short.split(separator: "\n").count
      #expect(tokens.prefix(kept).joined().hasPrefix(cut))
      #expect(tokens.prefix(kept - 1).joined().utf8.count < cut.utf8.count)
      let none = try place.program.run(arguments + ["--logprobs", "0"]).output
      #expect(none == rows.map { "\($0[0])\t\($0[1])\n" }.joined())
    }

    @Test func lookupChangesNoText() throws {
      let place = try place()
      let arguments = [
        "generate", "--checkpoint", "run", "--prompt", "The cat and the dog and the cat and the",
        "--max-tokens", "400", "--slide",
      ]
      for more in [
        ["--temperature", "0"], ["--seed", "2"], ["--top-k", "4", "--num-samples", "3"],
      ] {
        let plain = try place.program.run(arguments + more)
        let looked = try place.program.run(arguments + more + ["--lookup"])
        #expect(plain.code == 0 && looked.output == plain.output, "\(looked.errors)")
        #expect(looked.errors.contains("proposed tokens accepted"), "\(looked.errors)")
        #expect(!plain.errors.contains("proposed"))
      }
    }
  }
}
