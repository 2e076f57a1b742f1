import Files
import Recipes
import Testing
import Training

extension PipelineTests {
  /// Flags, keys and help.
  @Suite struct CommandLineOptions {
    @Test(arguments: [
      (
        ["train", "--stepz", "3", "--out", "r"], "Unknown option '--stepz'. Did you mean '--steps'?"
      ),
      (
        ["train", "--out", "r", "--qqqqqqqqqqqqq"],
        "Unknown option '--qqqqqqqqqqqqq'. Did you mean '"
      ),
      (["generate", "--tempreature", "1"], "Did you mean '--temperature'?"),
      (["evaluate", "--checkpiont", "r"], "Did you mean '--checkpoint'?"),
      (["tokenize", "--trian-vocab", "9"], "Did you mean '--train-vocab'?"),
      (["info", "--jason"], "Did you mean '--json'?"),
      (["trian", "--out", "r"], "Unknown command 'trian'. Did you mean 'train'?"),
      (["train"], "Missing expected argument '--out <dir>'"),
      (["generate"], "Missing expected argument '--checkpoint <dir>'"),
      (["train", "--out", "r", "--lr", "fast"], "The value 'fast' is invalid for '--lr <x>'"),
      (["train", "--out", "r", "--lr=-1"], "--lr: expected a number in 0.0...1000.0, found -1.0"),
      (
        ["train", "--out", "r", "--lr", "-1"],
        "Missing value for '--lr <x>'. A value that begins with '-' is written --lr=-1"
      ),
      (["train", "--out", "r", "--steps", "0"], "--steps: expected an integer in 1..."),
      (["train", "--out", "r", "--keep", "0"], "--keep: expected an integer in 1..."),
      (
        ["train", "--out", "r", "--optimizer", "adam"],
        "--optimizer: expected one of sophia-g, sophia-h, adamw"
      ),
      (["train", "--out", "r", "--recipe", "papers"], "--recipe: expected one of none, paper"),
      (["train", "--out", "r", "--gamma", "0"], "--gamma 0.0: sophia-g expects"),
      (["train", "--out", "r", "--batch-tokens", "300"], "is not a multiple of --context"),
      (["train", "--out", "r", "--threads", "0"], "--threads 0: expected 1 to"),
      (["train", "--out", "r", "--cpus", "1-"], "--cpus '1-'"),
      (["train", "--out", "r", "--model", "gpt2-meduim"], "did you mean gpt2-medium?"),
      (["tokenize", "--out", "d"], "name at least one text file"),
      (
        ["tokenize", "a.txt", "--out", "d", "--val-fraction", "nan"], "--val-fraction nan: expected"
      ),
      (["tokenize", "a.txt", "--out", "d", "--stories-text", "s"], "--stories-text"),
      (["generate", "--checkpoint", "r", "--prompt", "a", "--prompt-file", "b"], "not both"),
      (["generate", "--checkpoint", "r", "--prompts", "a", "--interactive"], "not both"),
      (["generate", "--checkpoint", "r", "--interactive", "--num-samples", "2"], "one text at a"),
      (["generate", "--checkpoint", "r", "--logprobs=-1"], "--logprobs -1: expected at least 0"),
      (
        ["generate", "--checkpoint", "r", "--max-tokens", "0"], "--max-tokens 0: expected at least"
      ),
      (["generate", "--checkpoint", "r", "--weights", "int7"], "f32, bf16, int8, int4"),
      (["generate", "--checkpoint", "r", "--kv", "int8"], "--kv int8: expected one of f32, bf16"),
      (["generate", "--checkpoint", "r", "--num-samples", "0"], "--num-samples 0: expected 1 to"),
      (
        ["generate", "--checkpoint", "r", "--temperature=-1"], "--temperature -1.0: expected a num"
      ),
      (["generate", "--checkpoint", "r", "--temperature", "nan"], "--temperature nan: expected a"),
      (["generate", "--checkpoint", "r", "--top-k=-1"], "--top-k -1: expected at least 0"),
      (
        ["generate", "--checkpoint", "r", "--top-p", "1.5"], "--top-p 1.5: expected above 0, at mo"
      ),
      (["generate", "--checkpoint", "r", "--min-p", "nan"], "--min-p nan: expected 0 to 1"),
      (["generate", "--checkpoint", "r", "--stop", ""], "--stop \"\": expected at least one char"),
      (
        ["generate", "--checkpoint", "r", "--repetition-penalty", "0"],
        "--repetition-penalty 0.0: expected 1e-6 to 1e6"
      ),
    ])
    func aMistakeIsOneLine(arguments: [String], expected: String) throws {
      let place = try Workplace()
      let line = try place.fail(arguments)
      #expect(line.contains(expected), "\(line)")
    }

    @Test func anUnknownKeyOfAConfigurationNamesTheNearest() throws {
      let place = try Workplace()
      try place.write("{\"lr\": 0.1, \"weight-decai\": 0.2}", to: "c.json")
      let unknown = try place.fail("train", "--out", "r", "--config", "c.json")
      #expect(unknown == "c.json: unknown key \"weight-decai\"; did you mean \"weight-decay\"?")
      try place.write("{\"lr\": 0.1, \"lr\": 0.2}", to: "c.json")
      #expect(
        try place.fail("train", "--out", "r", "--config", "c.json").hasPrefix("c.json, line 1"))
      try place.write("[]", to: "c.json")
      let array = try place.fail("train", "--out", "r", "--config", "c.json")
      #expect(array == "c.json: expected a JSON object, found an array")
    }

    /// Each key of the configuration is a flag of `train`, with a value or as a switch.
    @Test func everyKeyIsAFlag() throws {
      let help = try Workplace().succeed("train", "--help").output
      for key in TrainingSettings.standard.keys + RunSettings.standard.keys {
        let isSwitch = help.contains("--\(key)/--no-\(key)\n")
        #expect(isSwitch || help.contains("--\(key) <"), "\(key)")
      }
    }

    @Test func helpAndVersionAreNoFailures() throws {
      let place = try Workplace()
      for arguments in [["--help"], ["--version"], ["help", "train"], ["generate", "--help"], []] {
        let end = try place.program.run(arguments)
        #expect(end.code == 0 && !end.output.isEmpty && end.errors.isEmpty, "\(arguments)")
      }
      let info = try place.succeed("info", "--json")
      let json = try JSON(parsing: Array(info.output.utf8), name: "info")
      #expect(json["presets"]?.arrayValue?.count == 8)
    }
  }
}
