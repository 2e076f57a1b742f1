import Files
import Glibc
import Testing

extension PipelineTests {
  /// Bad input: one clear line on standard error, a code that is not 0, no crash.
  @Suite struct BadInput {
    private let disk = LocalFileSystem()

    @Test func text() throws {
      let place = try Workplace()
      try place.write("", to: "empty.txt")
      try place.write([0x80, 0xFF, 0x00, 0x12], to: "binary.txt")
      try place.write("{\"text\": \"a\"}\n{\"txt\": 1}\n", to: "bad.jsonl")
      try place.write("short", to: "short.txt")
      for (file, expected) in [
        ("empty.txt", "empty.txt: is empty"),
        ("binary.txt", "binary.txt, byte 0: expected UTF-8 text, found byte 0x80"),
        ("bad.jsonl", "bad.jsonl"), ("missing.txt", "missing.txt: cannot open"),
        ("m.json", "m.json: expected a name that ends in .txt"),
      ] {
        let line = try place.fail("tokenize", file, "--out", "data")
        #expect(line.hasPrefix(expected), "\(line)")
        #expect(!disk.exists(place.file("data")))
      }
      // The default is fitted to a short text; what was asked for is not.
      let line = try place.fail("tokenize", "short.txt", "--out", "d", "--train-vocab", "300")
      #expect(line.hasPrefix("5 bytes of text give a vocabulary of 257 tokens at most"), "\(line)")
    }

    @Test func vocabulariesLargerThanUInt16() throws {
      let place = try Workplace()
      let asked = try place.fail(
        "tokenize", "--stories", "9", "--train-vocab", "65537", "--out", "d")
      #expect(asked.hasPrefix("--train-vocab 65537: expected 257"), "\(asked)")
      let line = try place.fail("train", "--out", "run", "--vocabulary", "65537")
      #expect(line.hasPrefix("--vocabulary: expected an integer in 258...65536"), "\(line)")

      try place.makeData()
      try place.write(try wideTokenizer(place.json("data/tokenizer.json")), to: "wide.json")
      let wide = try place.fail(
        "tokenize", "--stories", "9", "--tokenizer", "wide.json", "--out", "d")
      #expect(wide.contains("has 65537 ids, but shards hold uint16"), "\(wide)")
    }

    @Test func tokenizersThatAreNotTheDatas() throws {
      let place = try Workplace()
      try place.makeData()
      try place.makeData("other", vocabulary: 299)
      try #require(try place.program.run(Workplace.train("run")).code == 0)
      for arguments in [
        Workplace.train("second", ["--tokenizer", "other"]),
        Workplace.train("second", ["--data", "other", "--init-from", "run"]),
        ["evaluate", "--checkpoint", "run", "--data", "other"],
        ["tokenize", "--stories", "9", "--tokenizer", "nowhere", "--out", "d"],
        ["tokenize", "--stories", "9", "--tokenizer", "m.json", "--out", "d"],
      ] {
        let line = try place.fail(arguments)
        #expect(
          line.contains("tokenizer") || line.contains("nowhere") || line.contains("m.json"),
          "\(line)")
      }
    }

    @Test func damagedShards() throws {
      let place = try Workplace()
      try place.makeData()
      let (shard, name) = (try place.read("data/train_000000.bin"), "data/train_000000.bin")
      var (flipped, header) = (shard, shard)
      flipped[5000] ^= 1
      header[8] ^= 1
      for bytes in [Array(shard.dropLast(2)), Array(shard[..<700]), [], flipped, header] {
        try place.write(bytes, to: name)
        let line = try place.fail(Workplace.train("run"))
        #expect(line.hasPrefix(name), "\(line)")
      }
      // nanoGPT's files have no checksum, but no id beyond the vocabulary.
      try disk.removeFile(place.file("data/dataset.json"))
      var beyond = shard
      (beyond[1024 + 200], beyond[1024 + 201]) = (0x2C, 0x01)
      try place.write(beyond, to: name)
      let line = try place.fail(Workplace.train("run"))
      #expect(line.hasPrefix("\(name): token 100 is 300"), "\(line)")
    }

    @Test func damagedCheckpointsOnResume() throws {
      let place = try Workplace()
      try place.makeData()
      let arguments = Workplace.train("run", ["--checkpoint-every", "0"])
      try #require(try place.program.run(arguments).code == 0)
      for file in ["model.safetensors", "optimizer.safetensors"] {
        let name = "run/step-00000020/\(file)"
        let bytes = try place.read(name)
        var flipped = bytes
        flipped[bytes.count - 1000] ^= 0x10
        for (damage, expected) in [(Array(bytes.dropLast(1)), "length"), (flipped, "checksum")] {
          try place.write(damage, to: name)
          let line = try place.fail(arguments + ["--resume"])
          #expect(line.hasPrefix("run: none of its 1 checkpoints is valid"), "\(line)")
          #expect(line.contains("\(name): \(expected)"), "\(line)")
        }
        try place.write(bytes, to: name)
      }
      // With an older one there is no error, and the damaged one is named.
      try #require(try place.program.run(Workplace.train("two", ["--keep", "9"])).code == 0)
      try place.write([], to: "two/step-00000020/model.safetensors")
      let rest = try place.program.run(Workplace.train("two", ["--resume"]))
      #expect(rest.code == 0)
      #expect(
        rest.errorLines.contains {
          $0.hasPrefix("passed over a damaged checkpoint: two/step-00000020/model.safetensors")
        }, "\(rest.errors)")
      #expect(try place.bits("two") == place.bits("run"))
    }

    /// What a run is told lasts: how many checkpoints it keeps is not forgotten when it goes on.
    @Test func aResumedRunKeepsItsOptions() throws {
      let place = try Workplace()
      try place.makeData()
      let words = Workplace.train("run", ["--keep", "9", "--tensorboard"])
      let begun = try place.program.start(words)
      while !LocalFileSystem().exists(place.file("run/step-00000008")) { usleep(1000) }
      begun.send(SIGINT)
      #expect(try begun.wait().code == 130)
      try place.succeed("train", "--resume", "--out", "run")
      let steps = try LocalFileSystem().list(place.file("run")).filter { $0.hasPrefix("step-") }
      #expect(steps.count == 9 && steps.last == "step-00000020", "\(steps)")
      #expect(try place.json("run/configuration.json")["keep"] == 9)
      // The file runs it again, and a flag wins over it.
      try place.succeed(
        "train", "--config", "run/configuration.json", "--keep", "1", "--out", "again")
      #expect(try place.json("again/configuration.json")["keep"] == 1)
      #expect(try place.bits("again") == place.bits("run"))
    }

    /// What others keep in a directory is not mixed with a run, and a dataset not taken for the
    /// built-in corpus.
    @Test func directoriesOfOthers() throws {
      let place = try Workplace()
      try place.makeData()
      let shards = try place.read("data/train_000000.bin")
      let mixed = try place.fail(Workplace.train("data"))
      #expect(mixed.hasPrefix("data holds dataset.json, which is no run's"), "\(mixed)")
      let short = ["--steps", "1", "--context", "16", "--batch-tokens", "64", "--stories", "5"]
      let corpus = try place.fail(["train", "--out", "."] + short)
      #expect(corpus.contains(" holds ") && corpus.contains("no run's"), "\(corpus)")
      try LocalFileSystem().makeDirectory(place.file("own"))
      try LocalFileSystem().rename(place.file("data"), to: place.file("own/data"))
      let other = try place.fail(["train", "--out", "own"] + short)
      #expect(other.contains("own/data is a dataset and not the built-in corpus"), "\(other)")
      #expect(try place.read("own/data/train_000000.bin") == shards)
      let nothing = try place.fail(["train", "--resume", "--out", "typo"])
      #expect(nothing.hasPrefix("typo: no run to resume there"), "\(nothing)")
    }

    /// A byte of the weights that changed on the disk is found before text is made of it.
    @Test(arguments: ["generate", "export"])
    func damagedWeightsMakeNoText(command: String) throws {
      let place = try Workplace()
      try place.makeData()
      try #require(
        try place.program.run(Workplace.train("run", ["--checkpoint-every", "10"])).code == 0)
      let name = "run/step-00000020/model.safetensors"
      var bytes = try place.read(name)
      bytes[bytes.count - 2] ^= 0x10
      try place.write(bytes, to: name)
      let more =
        command == "generate"
        ? ["--max-tokens", "2"] : ["--format", "gguf", "--out", "model.gguf"]
      let result = try place.program.run([command, "--checkpoint", "run"] + more, input: "a")
      #expect(result.code == 0)
      #expect(
        result.errors.contains("passed over a damaged checkpoint: \(name)"), "\(result.errors)")
    }

    /// A limit on the size of files stands for a full disk: training goes on without the checkpoints and
    /// says so, and only the last one has to succeed.
    @Test func aDiskThatTakesNoCheckpoint() throws {
      let place = try Workplace()
      try place.makeData()
      let words = [try Program.path()] + Workplace.train("run", ["--checkpoint-every", "8"])
      // At most 64 or 128 KiB, by the shell; the weights are 150.
      let end = try place.program.start(
        ["-c", "ulimit -f 128; exec \"$@\"", "sh"] + words, program: "/bin/sh"
      ).wait()
      #expect(end.code == 1 && end.signal == nil, "\(end.errors)")
      for step in [8, 16] {
        #expect(
          end.errorLines.contains {
            $0.hasPrefix("step \(step): no checkpoint: run/") && $0.contains("File too large")
              && $0.hasSuffix("training goes on, there is none yet")
          }, "\(end.errors)")
      }
      let last = try #require(end.errorLines.last)
      #expect(last.hasPrefix("Error: run/.tmp-step-00000020/model.safetensors"), "\(last)")
      #expect(try place.program.run(Workplace.train("run", ["--resume"])).code == 0)
    }

    @Test func otherArchitectures() throws {
      let place = try Workplace()
      try place.makeData()
      try #require(try place.program.run(Workplace.train("run")).code == 0)
      let folder = "run/step-00000020"
      try disk.removeFile(place.file("\(folder)/manifest.json"))
      let config = String(decoding: try place.read("\(folder)/config.json"), as: UTF8.self)
      for (from, to, expected) in [
        ("\"gpt2\"", "\"llama\"", "model_type: expected \"gpt2\""),
        ("\"gelu_new\"", "\"silu\"", "activation_function: expected \"gelu_new\""),
        ("\"n_head\": 2", "\"n_head\": 3", "n_head: expected a divisor of n_embd 32"),
        ("\"n_layer\": 2", "\"n_layer\": 3", "expected transformer.h.2.ln_1.weight"),
        ("\"vocab_size\": 300", "\"vocab_size\": 301", "wte.weight: expected shape [301, 32]"),
        ("{", "", "line 2, byte"),
      ] {
        let parts = config.split(separator: from, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        try place.write(parts[0] + to + parts[1], to: "\(folder)/config.json")
        for arguments in [
          ["evaluate", "--checkpoint", folder, "--data", "data"],
          ["generate", "--checkpoint", folder, "--prompt", "x"],
          Workplace.train("second", ["--init-from", folder]),
        ] {
          let line = try place.fail(arguments)
          #expect(line.hasPrefix(folder) && line.contains(expected), "\(line)")
        }
      }
    }

    @Test func filesAndDirectoriesThatAreMissingOrInTheWay() throws {
      let place = try Workplace()
      try place.makeData()
      for (arguments, expected) in [
        (Workplace.train("run", ["--data", "nowhere"]), "nowhere: cannot open"),
        (Workplace.train("run", ["--model", "nani"]), "--model nani: neither a file nor a preset"),
        (Workplace.train("run", ["--model", "m/x.json"]), "--model m/x.json: no such file"),
        (Workplace.train("run", ["--config", "nowhere"]), "nowhere: cannot open"),
        (Workplace.train("run", ["--init-from", "nowhere"]), "nowhere: cannot look at"),
        (Workplace.train("run", ["--init-from", "data"]), "data: expected a checkpoint"),
        (Workplace.train("m.json"), "m.json: cannot make the directory"),
        (Workplace.train("/proc/nowhere/run"), "/proc/nowhere: cannot make the directory"),
        (["evaluate", "--checkpoint", "nowhere"], "nowhere: cannot look at"),
        (["evaluate", "--checkpoint", "data"], "data: expected a checkpoint"),
        (["generate", "--checkpoint", "nowhere"], "nowhere: cannot look at"),
        (["tokenize", "--stories", "60", "--out", "data"], "data: already holds files"),
        (["tokenize", "--stories", "60", "--out", "m.json"], "m.json: is a file"),
      ] {
        let line = try place.fail(arguments)
        #expect(line.hasPrefix(expected), "\(arguments): \(line)")
      }
      try #require(try place.program.run(Workplace.train("run")).code == 0)
      try disk.rename(place.file("data"), to: place.file("moved"))
      for command in [["evaluate", "--checkpoint", "run"], ["train", "--resume", "--out", "run"]] {
        let line = try place.fail(command)
        #expect(line.hasPrefix("data: the run's data do not lie there"), "\(line)")
      }
    }

    /// A folder without a manifest says nothing but what its files say: whatever bit is wrong, the
    /// program ends in order.
    @Test func randomDamageNeverCrashes() throws {
      let place = try Workplace()
      try place.makeData()
      try #require(try place.program.run(Workplace.train("run")).code == 0)
      let folder = "run/step-00000020"
      try disk.removeFile(place.file("\(folder)/manifest.json"))
      var state: UInt64 = 2026
      func random(_ n: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % n
      }
      for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        let path = "\(folder)/\(name)"
        let bytes = try place.read(path)
        for _ in 0..<25 {
          var damaged = bytes
          // The first 2,000 bytes are where structure is.
          damaged[random(min(2000, bytes.count))] ^= UInt8(1 << random(8))
          if random(4) == 0 { damaged.removeLast(random(bytes.count)) }
          try place.write(damaged, to: path)
          let end = try place.program.run([
            "generate", "--checkpoint", folder, "--prompt", "Once", "--max-tokens", "2",
          ])
          #expect(end.signal == nil, "\(name)")
          if end.code != 0 { #expect(end.errorLines.count == 1, "\(end.errors)") }
        }
        try place.write(bytes, to: path)
      }
    }

    /// A tokenizer with special tokens up to the id 65,536.
    private func wideTokenizer(_ json: JSON) throws -> [UInt8] {
      let members = try #require(json.objectValue)
      return JSON.object(
        try members.map { member in
          guard member.key == "added_tokens" else { return member }
          let first = try #require(member.value.arrayValue?.first?.objectValue)
          let tokens = (300...65_536).map { id -> JSON in
            .object(
              first.map {
                switch $0.key {
                case "id": JSONMember("id", .integer(id))
                case "content": JSONMember("content", .string("<|\(id)|>"))
                default: $0
                }
              })
          }
          return JSONMember(member.key, .array([.object(first)] + tokens))
        }
      ).serialized()
    }
  }
}
