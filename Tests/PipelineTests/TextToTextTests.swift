import Checkpoints
import Files
import Testing

extension PipelineTests {
  /// The main road: text → tokens → training → checkpoint → evaluation → text.
  @Suite struct TextToText {
    @Test func everyStepOfTheReadme() throws {
      let place = try Workplace()
      // Text: the built-in stories as JSON lines, and a file of plain text with two documents.
      try place.succeed("tokenize", "--stories", "200", "--stories-text", "s.jsonl")
      try place.write(
        "The first text, with \u{e9}, \u{4f60}\u{597d} and \u{1F600}.<|endoftext|>The second.\n",
        to: "two.txt")
      let made = try place.succeed(
        "tokenize", "s.jsonl", "two.txt", "--train-vocab", "400", "--val-fraction", "0.1", "--out",
        "data")
      #expect(made.output.isEmpty)
      let data = try place.json("data/dataset.json")
      #expect(data["vocabulary_size"] == 400)
      #expect(data["train"]?["documents"] == 182 && data["validation"]?["documents"] == 20)

      let trained = try place.program.run(
        Workplace.train("run", ["--steps", "60", "--sample-every", "30", "--eval-every", "30"]))
      #expect(trained.code == 0 && trained.output.isEmpty)
      #expect(trained.errorLines.contains { $0.hasPrefix("sample at step 30: ") })
      #expect(trained.errorLines.contains { $0.hasPrefix("step 30: validation loss ") })
      #expect(try LocalFileSystem().list(place.file("run")).contains("metrics.jsonl"))

      // A run directory, its newest checkpoint, and data named or not, are the same.
      let evaluated = try place.succeed("evaluate", "--checkpoint", "run")
      let json = try JSON(parsing: Array(evaluated.output.utf8), name: "evaluate")
      let nats = try #require(json["nats_per_token"]?.doubleValue)
      #expect(nats > 3 && nats < 5.9)
      for arguments in [
        ["--checkpoint", "run/step-00000060"], ["--checkpoint", "run", "--data", "data"],
        ["--checkpoint", "run", "--threads", "1"],
      ] {
        let other = try place.program.run(["evaluate"] + arguments)
        let its = try JSON(parsing: Array(other.output.utf8), name: "evaluate")
        #expect(its["nats_per_token"]?.doubleValue == nats, "\(arguments): \(other.errors)")
      }
      let text = try place.succeed(
        "generate", "--checkpoint", "run", "--prompt", "The", "--max-tokens", "20")
      #expect(text.output.hasPrefix("The") && text.output.count > 10)
    }

    /// What the demo demands of its model, a model that saw nothing does not have; in any precision.
    @Test func storiesAreJudged() throws {
      let place = try Workplace()
      try place.succeed(
        "train", "--model", "nano", "--optimizer", "adamw", "--steps", "2", "--batch-tokens", "512",
        "--eval-tokens", "512", "--out", "run")
      let judge = ["evaluate", "--checkpoint", "run", "--tokens", "512", "--stories", "3"]
      for weights in ["f32", "int4"] {
        let judged = try place.program.run(judge + ["--weights", weights])
        #expect(judged.code == 0, "\(judged.errors)")
        let json = try JSON(parsing: Array(judged.output.utf8), name: "evaluate")
        #expect(json["texts_written"] == 3)
        #expect(try #require(json["over_generator"]?.doubleValue) > 5)
      }
      let refused = try place.program.run(judge + ["--require-good-stories"])
      #expect(refused.code == 1 && refused.output.contains("over_generator"))
      #expect(
        refused.errorLines.last?.hasPrefix("Error: nats a token: expected below the trigram")
          == true,
        "\(refused.errors)")
    }

    /// nanoGPT's shards train as they are, with the tokenizer named.
    @Test func bareShardsTrainWithTheTokenizerNamed() throws {
      let place = try Workplace()
      try place.makeData("d")
      try LocalFileSystem().makeDirectories(place.file("data"))
      for (name, own) in [("train.bin", "train_000000.bin"), ("val.bin", "val_000000.bin")] {
        try place.write(Array(try place.read("d/\(own)").dropFirst(1024)), to: "data/\(name)")
      }
      let bare = try place.fail(Workplace.train("run"))
      #expect(bare.contains("--tokenizer"), "\(bare)")
      let run = try place.program.run(Workplace.train("run", ["--tokenizer", "d"]))
      #expect(run.code == 0, "\(run.errors)")
      // The checkpoint carries the tokenizer, so it is not named again.
      try place.succeed("evaluate", "--checkpoint", "run", "--data", "data")
      try LocalFileSystem().removeTree(place.file("data"))
      try LocalFileSystem().rename(place.file("d"), to: place.file("data"))
      #expect(try place.program.run(Workplace.train("other")).code == 0)
      #expect(try place.bits("other") == place.bits("run"))
    }

    /// Everything that `transformers` reads, and the manifest with its checksums.
    @Test func aCheckpointIsAHuggingFaceFolder() throws {
      let place = try Workplace()
      try place.makeData()
      _ = try place.program.run(Workplace.train("run"))
      let folder = "run/step-00000020"
      #expect(
        try LocalFileSystem().list(place.file(folder)) == [
          "config.json", "generation_config.json", "manifest.json", "model.safetensors",
          "optimizer.safetensors", "tokenizer.json", "tokenizer_config.json", "trainer_state.json",
        ])
      let config = try place.json("\(folder)/config.json")
      #expect(config["vocab_size"] == 300 && config["eos_token_id"] == 299)
      #expect(config["architectures"] == ["GPT2LMHeadModel"] && config["attn_pdrop"] == 0.0)
      let tokenizer = try place.json("\(folder)/tokenizer_config.json")
      #expect(tokenizer["model_max_length"] == 64 && tokenizer["add_prefix_space"] == false)
      #expect(try place.read("\(folder)/tokenizer.json") == place.read("data/tokenizer.json"))
      let file = try SafetensorsFile(path: place.file("\(folder)/model.safetensors"))
      #expect(file.entries.count == 2 + 2 * 12 + 2)
      #expect(file["transformer.h.1.attn.c_attn.weight"]?.shape == [32, 96])
      let state = try SafetensorsFile(path: place.file("\(folder)/optimizer.safetensors"))
      #expect(state["m.transformer.wte.weight"]?.shape == [300, 32])
      #expect(state["h.transformer.wte.weight"] != nil && state.entries.count == 56)
    }

    @Test func configurationRunsAgainFromItsFile() throws {
      let place = try Workplace()
      try place.makeData()
      _ = try place.program.run(Workplace.train("run"))
      try place.succeed(
        "train", "--out", "again", "--config", "run/configuration.json", "--checkpoint-every", "0")
      #expect(try place.bits("again") == place.bits("run"))
    }

    @Test func initFromStartsFromTheWeights() throws {
      let place = try Workplace()
      try place.makeData()
      _ = try place.program.run(Workplace.train("run"))
      let second = try place.program.run(Workplace.train("second", ["--init-from", "run"]))
      #expect(second.code == 0, "\(second.errors)")
      #expect(try place.bits("second")[0] != place.bits("run")[0])
    }
  }
}
