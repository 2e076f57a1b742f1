import Files
import ReferenceKernels
import Testing

extension PipelineTests {
  /// Special tokens and the end of text, as a folder's files say them, in every command.
  @Suite struct SpecialTokens {
    private let place: Workplace

    init() throws {
      place = try Workplace()
      try place.makeData()
      try #require(try place.program.run(Workplace.train("run", ["--steps", "2"])).code == 0)
      // The folder as others have it: the end of text is `!` (id 0) here, then <|endoftext|>.
      for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        try LocalFileSystem().makeDirectories(place.file("m"))
        try place.write(place.read("run/step-00000002/\(name)"), to: "m/\(name)")
      }
      try place.write(
        "{\"eos_token_id\": [0, 299], \"bos_token_id\": 1}", to: "m/generation_config.json")
    }

    @Test func exportWritesTheEndsOfTheFolder() throws {
      try place.succeed(
        "export", "--checkpoint", "m", "--format", "gguf", "--type", "f32", "--out", "m.gguf")
      let file = try GGUFReader(place.read("m.gguf"))
      #expect(file["tokenizer.ggml.eos_token_id"] == .integer(0))
      #expect(file["tokenizer.ggml.eot_token_id"] == .integer(299))
      #expect(file["tokenizer.ggml.bos_token_id"] == .integer(1))
    }

    @Test func trainingFromAFolderKeepsItsEnds() throws {
      let run = try place.program.run(
        Workplace.train("second", ["--init-from", "m", "--steps", "2"]))
      try #require(run.code == 0, "\(run.errors)")
      func ends(_ step: Int) throws -> JSON? {
        try place.json("second/step-0000000\(step)/generation_config.json")["eos_token_id"]
      }
      #expect(try ends(2) == [0, 299])
      #expect(try place.json("second/step-00000002/config.json")["eos_token_id"] == 0)
      #expect(try place.json("second/step-00000002/config.json")["bos_token_id"] == 1)
    }

    @Test func documentsAreSeparatedByTheEnd() throws {
      try place.write("one<|endoftext|>two", to: "t.txt")
      let end = try place.succeed(
        "tokenize", "t.txt", "--tokenizer", "m", "--out", "d", "--val-fraction", "0")
      #expect(end.errors.contains("special and added tokens in the text were read as plain text"))
      #expect(try place.json("d/dataset.json")["end_of_text"] == 0)
      let ids = try tokens("d")
      #expect(ids.first == 0 && ids.filter { $0 == 0 }.count == 2)
      // It is read back as what it is.
      let flags = Workplace.train(
        "third", ["--steps", "1", "--context", "4", "--batch-tokens", "4"])
      let run = try place.program.run(flags.map { $0 == "data" ? "d" : $0 })
      #expect(!run.errors.contains("end_of_text"), "\(run.errors)")
    }

    @Test func theTextMaySpellSpecialTokens() throws {
      try place.write("{\"text\": \"one<|endoftext|>two\"}\n", to: "t.jsonl")
      for (more, count) in [([], 1), (["--special"], 2)] as [([String], Int)] {
        let end = try place.program.run(
          [
            "tokenize", "t.jsonl", "--tokenizer", "data", "--out", "d", "--val-fraction", "0",
            "--overwrite",
          ] + more)
        #expect(end.code == 0, "\(end.errors)")
        #expect(try tokens("d").filter { $0 == 299 }.count == count)
      }
    }

    /// The prompt's `<|endoftext|>` is one token, unless it is to be plain text.
    @Test func promptsMaySpellSpecialTokens() throws {
      func prompt(_ more: String...) throws -> Int {
        let end = try place.program.run(
          [
            "generate", "--checkpoint", "run", "--prompt", "<|endoftext|>", "--max-tokens", "63",
            "--logprobs", "0", "--seed", "1",
          ] + more)
        #expect(end.code == 0, "\(end.errors)")
        return end.output.split(separator: "\n").count
      }
      // The context of 64 tokens has less room after a longer prompt.
      #expect(try place.program.run(["generate", "--help"]).output.contains("--no-special"))
      #expect(try prompt() != prompt("--no-special"))
    }

    @Test func aByteOrderMarkIsNoText() throws {
      let arguments = ["generate", "--checkpoint", "run", "--max-tokens", "5", "--seed", "3"]
      let plain = try place.program.run(arguments, input: "Once").output
      #expect(try place.program.run(arguments, input: "\u{FEFF}Once").output == plain)
      try place.write("\u{FEFF}Once", to: "p.txt")
      #expect(try place.program.run(arguments + ["--prompt-file", "p.txt"]).output == plain)
    }

    /// The ids of a dataset's only shard of training tokens, after its header.
    private func tokens(_ name: String) throws -> [Int] {
      let bytes = try place.read("\(name)/train_000000.bin").dropFirst(1024)
      return stride(from: bytes.startIndex, to: bytes.endIndex, by: 2).map {
        Int(bytes[$0]) | Int(bytes[$0 + 1]) << 8
      }
    }
  }
}
