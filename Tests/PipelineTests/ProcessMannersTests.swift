import Files
import Glibc
import Testing

extension PipelineTests {
  /// What the program owes the system and the terminal: signals, exit codes, output that is escaped and
  /// fits, nothing left behind.
  @Suite struct ProcessManners {
    private func trained() throws -> Workplace {
      let place = try Workplace()
      try place.makeData()
      try #require(try place.program.run(Workplace.train("run", ["--steps", "4"])).code == 0)
      return place
    }

    /// The program through a shell, which redirects, limits or sets the environment.
    private func shell(_ place: Workplace, _ script: String, _ words: [String]) throws
      -> Program.Result
    {
      try place.program.start(
        ["-c", script, "sh", try Program.path()] + words, program: "/bin/sh"
      ).wait()
    }

    /// Waits for something that the process does; for a minute, as the machine may be busy.
    private func wait(for process: Program.Running, _ isDone: () throws -> Bool) throws {
      for _ in 0..<6000 {
        if try isDone() { return }
        usleep(10_000)
      }
      process.send(SIGKILL)
      throw Late()
    }

    private struct Late: Error {}

    @Test(arguments: [SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP])
    func aForeignSignalEndsItWithoutAReport(signal: Int32) throws {
      let place = try Workplace()
      try place.makeData()
      let process = try place.program.start(
        Workplace.train("run", ["--steps", "100000", "--checkpoint-every", "0"]))
      try wait(for: process) {
        String(decoding: try place.read("stderr"), as: UTF8.self).contains("step 1/")
      }
      process.send(signal)
      let end = try process.wait()
      #expect(end.signal.map { $0 & 0x7F } == signal && end.code == nil, "\(end.errors)")
      #expect(!end.errors.contains("crashed"), "\(end.errors)")
    }

    @Test(arguments: [
      ["--help"], ["--version"], ["help", "train"], ["info"], ["bench", "--help"],
    ])
    func outputThatIsNotWrittenIsAnError(arguments: [String]) throws {
      let end = try shell(try Workplace(), "exec \"$@\" >/dev/full", arguments)
      #expect(end.code == 1)
      #expect(end.errorLines == ["Error: standard output: cannot write: No space left on device"])
    }

    @Test(arguments: [
      ["train", "--out", "r", "--stepz", "3"], ["train", "--out", "r", "--lr=-1"],
      ["train", "--out", "r", "--optimizer", "adam"], ["train", "--out", "r", "--threads", "0"],
      ["train", "--out", "r", "--cpus", "1-"], ["train", "--out", "r", "--batch-tokens", "300"],
      ["generate", "--checkpoint", "run", "--temperature=-1"], ["info", "--threads", "99999"],
      ["bench", "gemm", "--threads", "99999"], ["bench", "--cpus", "9999"], ["infos", "--json"],
      ["evaluate", "--checkpoint", "run", "--tokens", "0"], ["--qqq"], ["info", "more"],
    ])
    func aWrongFlagIs64(arguments: [String]) throws {
      let place = try Workplace()
      let end = try place.program.run(arguments)
      #expect(end.code == 64, "\(arguments): \(end.errors)")
      #expect(!LocalFileSystem().exists(place.file("r")))
    }

    @Test(arguments: [
      ["train", "--out", "a/b/r", "--data", "nothing"],
      ["train", "--out", "a/b/r", "--context", "4096", "--batch-tokens", "4096"],
      ["train", "--out", "a/b/r", "--init-from", "nothing"],
      ["train", "--out", "a/b/r", "--config", "nothing.json"],
      ["tokenize", "nothing.txt", "--out", "a/b/r"],
      ["tokenize", "--stories", "60", "--train-vocab", "60000", "--out", "a/b/r"],
      ["export", "--checkpoint", "nothing", "--format", "gguf", "--out", "a/b/r"],
      ["compare", "nothing.json", "--out", "a/b/r"],
      ["compare", "no-data.json", "--out", "a/b/r"],
    ])
    func whatIsRefusedLeavesNothing(arguments: [String]) throws {
      let place = try Workplace()
      try place.write(
        #"{"title": "t", "model": "m.json", "data": "nothing", "tokens": 128, "seeds": [1], "#
          + #""baseline": "a", "arms": {"a": {"optimizer": "adamw"}}}"#, to: "no-data.json")
      _ = try place.fail(arguments)
      #expect(!LocalFileSystem().exists(place.file("a")), "\(arguments)")
    }

    @Test func anExistingDirectoryStaysWithWhatItHolds() throws {
      let place = try Workplace()
      try LocalFileSystem().makeDirectory(place.file("r"))
      try place.write("note", to: "r/.note")
      _ = try place.fail("train", "--out", "r", "--data", "nothing")
      #expect(try place.read("r/.note") == Array("note".utf8))
    }

    @Test func aFolderOfTheHubIsNotDownloaded() throws {
      let place = try Workplace()
      try place.write("a text", to: "t.txt")
      for arguments in [
        ["generate", "--checkpoint", "openai-community/gpt2"],
        ["evaluate", "--checkpoint", "gpt2"], ["train", "--out", "r", "--init-from", "gpt2"],
        ["tokenize", "t.txt", "--out", "d", "--tokenizer", "openai-community/gpt2"],
      ] {
        let line = try place.fail(arguments)
        #expect(line.contains("hf download"), "\(line)")
      }
    }

    @Test func aShortTextFitsTheDefaultVocabulary() throws {
      let place = try Workplace()
      try place.write(
        (0..<200).map { "word\($0 % 7) and " }.joined() + "the end", to: "short.txt")
      let end = try place.succeed("tokenize", "short.txt", "--out", "d")
      #expect(end.errors.contains(": all that the text gives, the default is 8,192"))
      let size = try #require(try place.json("d/dataset.json")["vocabulary_size"]?.intValue)
      #expect((257..<8192).contains(size))
      // A number that is given is a number that was asked for.
      let line = try place.fail(
        "tokenize", "short.txt", "--out", "e", "--train-vocab", "8192")
      #expect(line.contains("8192 were asked for"))
    }

    @Test func evaluateCountsTheTokensThatItIsTold() throws {
      let place = try trained()
      for tokens in [1, 15, 16, 17, 33] {
        let end = try place.succeed(
          "evaluate", "--checkpoint", "run", "--context", "16", "--tokens", "\(tokens)")
        let json = try JSON(parsing: Array(end.output.utf8), name: "evaluate")
        #expect(json["tokens"]?.intValue == tokens)
      }
    }

    /// Stopped in the middle of its writing, it removes what it wrote.
    @Test func aSignalInTokenizeLeavesNothing() throws {
      let place = try Workplace()
      try place.makeData()
      for signal in [SIGINT, SIGTERM] {
        let process = try place.program.start([
          "tokenize", "--stories", "3000000", "--tokenizer", "data", "--out", "d",
        ])
        try wait(for: process) {
          try LocalFileSystem().list(place.path).contains { $0.hasPrefix("d.") }
        }
        process.send(signal)
        let end = try process.wait()
        #expect(end.code == 128 + signal, "\(end.errors)")
        #expect(end.errorLines.last == "interrupted: nothing is written", "\(end.errors)")
        #expect(try LocalFileSystem().list(place.path).allSatisfy { !$0.hasPrefix("d.") })
      }
    }

    /// In the middle of windows that would take minutes.
    @Test func aSignalEndsEvaluate() throws {
      let place = try trained()
      try place.succeed("tokenize", "--stories", "2000", "--tokenizer", "data", "--out", "long")
      let process = try place.program.start([
        "evaluate", "--checkpoint", "run", "--data", "long", "--stride", "1",
      ])
      try wait(for: process) { try process.catches(SIGTERM) }
      process.send(SIGTERM)
      let end = try process.wait()
      #expect(end.code == 128 + SIGTERM && end.output.isEmpty, "\(end.errors)")
    }

    @Test func oneThreadWhereOpenMPSaysSo() throws {
      let place = try Workplace()
      let end = try shell(place, "OMP_NUM_THREADS=1 exec \"$@\"", ["info", "--json"])
      let json = try JSON(parsing: Array(end.output.utf8), name: "info")
      #expect(json["threads"]?.intValue == 1)
    }

    /// A study's names are foreign: they reach neither a terminal nor a log as they are.
    @Test func controlCharactersOfNamesAreEscaped() throws {
      let place = try Workplace()
      try place.makeData()
      try place.write(
        #"""
        {"title": "t", "model": "m.json", "data": "data", "tokens": 128, "seeds": [1],
         "baseline": "a", "settings": {"batch-tokens": 64, "context": 16}, "eval-tokens": 64,
         "arms": {"a": {"optimizer": "adamw"}, "b\u001b[31m\r\n\u009bx": {"optimizer": "lion"}}}
        """#, to: "study.json")
      let end = try place.program.run(["compare", "study.json", "--out", "s"])
      #expect(end.code == 0, "\(end.errors)")
      #expect(end.errors.contains(#"b\u{1b}[31m\u{d}\u{a}\u{9b}x"#), "\(end.errors)")
      let missing = try place.fail("evaluate", "--checkpoint", "a\u{1B}[2J\n\u{7}")
      #expect(missing.contains(#"a\u{1b}[2J\u{a}\u{7}"#), "\(missing)")
      let unknown = try place.fail("info", "--a\u{1B}[2J")
      #expect(unknown.contains(#"--a\u{1b}[2J"#), "\(unknown)")
    }

    @Test func aTerminalGetsNoControlCharactersOfAText() throws {
      let place = try trained()
      let prompt = "a\u{1B}]0;title\u{7}\tb\u{9C}\nc"
      let words = [
        "generate", "--checkpoint", "run", "--prompt", prompt, "--max-tokens", "1",
        "--temperature", "0",
      ]
      func shown(_ more: [String]) throws -> String {
        let terminal = try PseudoTerminal(columns: 80)
        let process = try place.program.start(words + more, terminals: [1: terminal.path])
        let text = String(decoding: terminal.rest(), as: UTF8.self)
        #expect(try process.wait().code == 0)
        // The terminal's own output processing.
        return text.split(separator: "\r\n", omittingEmptySubsequences: false).joined(
          separator: "\n")
      }
      #expect(try shown([]).hasPrefix(#"a\u{1b}]0;title\u{7}"# + "\tb" + #"\u{9c}"# + "\nc"))
      #expect(try shown(["--raw"]).hasPrefix(prompt))
      #expect(try place.program.run(words).output.hasPrefix(prompt))
    }

    /// Each rewrite of the progress line fits before the last column, whatever the width is by then.
    @Test func theProgressLineFitsTheTerminal() throws {
      let place = try Workplace()
      try place.makeData()
      let terminal = try PseudoTerminal(columns: 80)
      let process = try place.program.start(
        Workplace.train(
          "run", ["--steps", "3000", "--eval-every", "1000", "--auto-rho", "0.2:0.4"]),
        terminals: [2: terminal.path])
      var (text, widths) = ([UInt8](), [Int]())
      func take() {
        let parts = String(decoding: text, as: UTF8.self).components(between: "\r\u{1B}[2K")
        widths += parts.dropFirst().filter { $0.hasPrefix("step ") && !$0.contains("\n") }
          .map(\.unicodeScalars.count)
      }
      while widths.count < 200, case let chunk = terminal.next(), !chunk.isEmpty {
        text += chunk
        take()
        text = []
      }
      try #require(widths.count >= 200)
      #expect(widths.max() ?? 0 <= 79 && widths.max() ?? 0 > 60, "\(widths.max() ?? 0)")
      try terminal.resize(columns: 40)
      // What was written before the change may still wait in the terminal.
      var waiting = 0
      while waiting < 1 << 16, case let chunk = terminal.next(), !chunk.isEmpty {
        waiting += chunk.count
      }
      (text, widths) = ([], [])
      while widths.count < 200, case let chunk = terminal.next(), !chunk.isEmpty {
        text += chunk
        take()
        text = []
      }
      process.send(SIGKILL)
      _ = terminal.rest()
      _ = try process.wait()
      try #require(widths.count >= 200)
      #expect(widths.max() ?? 0 <= 39 && widths.max() ?? 0 > 20, "\(widths.max() ?? 0)")
    }
  }
}

extension String {
  /// The parts between occurrences of a separator.
  fileprivate func components(between separator: String) -> [Substring] {
    split(separator: separator, omittingEmptySubsequences: false)
  }
}
