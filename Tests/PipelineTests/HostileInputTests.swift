import Files
import Glibc
import Testing

extension PipelineTests {
  /// What nobody in good faith hands to `generate`, `evaluate` and `export`: one clear line, a code
  /// that is not 0, no trap.
  @Suite struct HostileInput {
    private let disk = LocalFileSystem()

    /// A trained folder without a manifest, so that only its files speak for it.
    private func folder(_ place: Workplace) throws -> String {
      try place.makeData()
      try #require(try place.program.run(Workplace.train("run")).code == 0)
      try disk.removeFile(place.file("run/step-00000020/manifest.json"))
      return "run/step-00000020"
    }

    private func commands(_ folder: String) -> [[String]] {
      [
        ["generate", "--checkpoint", folder, "--prompt", "Once", "--max-tokens", "3"],
        ["evaluate", "--checkpoint", folder, "--data", "data", "--tokens", "64"],
        ["export", "--checkpoint", folder, "--format", "gguf", "--out", "m.gguf"],
      ]
    }

    @Test func filesThatAreNone() throws {
      let place = try Workplace()
      let folder = try folder(place)
      for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        let path = place.file("\(folder)/\(name)")
        let bytes = try place.read("\(folder)/\(name)")
        let kinds: [(what: String, make: () throws -> Void)] = [
          (
            "garbage",
            { try disk.writeAtomically((0..<5000).map { UInt8($0 * 97 & 255) }, to: path) }
          ),
          ("empty", { try disk.writeAtomically([], to: path) }),
          ("cut off", { try disk.writeAtomically(Array(bytes.prefix(bytes.count / 2)), to: path) }),
          ("zeros", { try disk.writeAtomically([UInt8](repeating: 0, count: 9999), to: path) }),
          ("directory", { try disk.makeDirectory(path) }),
          ("pipe", { #expect(mkfifo(path, 0o600) == 0) }),
          ("device", { #expect(symlink("/dev/zero", path) == 0) }),
          ("link to nothing", { #expect(symlink("nowhere", path) == 0) }),
        ]
        for kind in kinds {
          try disk.removeFile(path)
          try kind.make()
          // `evaluate` has the data's tokenizer.
          for command in commands(folder) where name != "tokenizer.json" || command[0] != "evaluate"
          {
            let line = try place.fail(command)
            #expect(line.hasPrefix(folder), "\(name), \(kind.what): \(line)")
          }
          if disk.isDirectory(path) { try disk.removeDirectory(path) }
          try disk.writeAtomically(bytes, to: path)
        }
      }
      #expect(!disk.exists(place.file("m.gguf")))
    }

    @Test func weightsThatAreNoNumbersOrTooLargeToCompute() throws {
      let place = try Workplace()
      let folder = try folder(place)
      let name = "\(folder)/model.safetensors"
      let bytes = try place.read(name)
      for (value, expected) in [
        (Float.nan, "is nan, expected a finite number"), (.infinity, "is inf"),
        (3e38, "not finite"),
      ] {
        var damaged = bytes
        // The last tensors: the last layer's and ln_f.
        withUnsafeBytes(of: value) { number in
          for place in stride(from: bytes.count - 2000, to: bytes.count, by: 4) {
            damaged.replaceSubrange(place..<place + 4, with: number)
          }
        }
        try place.write(damaged, to: name)
        try place.write("{\"prompt\": \"Once\"}\n", to: "p.jsonl")
        for command in commands(folder) + [
          ["generate", "--checkpoint", folder, "--prompts", "p.jsonl"],
          [
            "evaluate", "--checkpoint", folder, "--data", "data", "--stride", "60", "--tokens",
            "64",
          ],
        ] {
          // What can be stored can be exported.
          if command[0] == "export" && value.isFinite { continue }
          let end = try place.program.run(command)
          #expect(end.code == 1, "\(command): \(end.errors)")
          let errors = end.errorLines.filter { $0.hasPrefix("Error: ") }
          #expect(errors.count == 1 && errors.last == end.errorLines.last, "\(end.errors)")
          #expect(errors.last?.contains(expected) == true, "\(end.errors)")
        }
      }
    }

    /// A file of holes can name a model of any size; here one of 1 GiB, in less memory.
    @Test func modelsLargerThanTheMemory() throws {
      let place = try Workplace()
      let folder = try folder(place)
      let (V, C) = (1 << 22, 64)
      let config: JSON = [
        "model_type": "gpt2", "vocab_size": .integer(V), "n_positions": 64, "n_embd": .integer(C),
        "n_layer": 1, "n_head": 1,
      ]
      try place.write(config.serialized(), to: "\(folder)/config.json")
      var (members, end) = ([JSONMember](), 0)
      for (name, shape) in [
        ("wte.weight", [V, C]), ("wpe.weight", [64, C]), ("h.0.ln_1.weight", [C]),
        ("h.0.ln_1.bias", [C]), ("h.0.attn.c_attn.weight", [C, 3 * C]),
        ("h.0.attn.c_attn.bias", [3 * C]), ("h.0.attn.c_proj.weight", [C, C]),
        ("h.0.attn.c_proj.bias", [C]), ("h.0.ln_2.weight", [C]), ("h.0.ln_2.bias", [C]),
        ("h.0.mlp.c_fc.weight", [C, 4 * C]), ("h.0.mlp.c_fc.bias", [4 * C]),
        ("h.0.mlp.c_proj.weight", [4 * C, C]), ("h.0.mlp.c_proj.bias", [C]), ("ln_f.weight", [C]),
        ("ln_f.bias", [C]),
      ] {
        let start = end
        end += 4 * shape.reduce(1, *)
        members.append(
          JSONMember(
            name,
            [
              "dtype": "F32", "shape": .array(shape.map { .integer($0) }),
              "data_offsets": [.integer(start), .integer(end)],
            ]))
      }
      let header = JSON.object(members).serialized()
      let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
      try place.write(length + header, to: "\(folder)/model.safetensors")
      try #require(truncate(place.file("\(folder)/model.safetensors"), 8 + header.count + end) == 0)
      func run(_ command: [String], kilobytes: Int) throws -> Program.Result {
        let words =
          [try Program.path()] + command + (command[0] == "export" ? [] : ["--threads", "1"])
        return try place.program.start(
          ["-c", "ulimit -v \(kilobytes); exec \"$@\"", "sh"] + words, program: "/bin/sh"
        ).wait()
      }
      for command in commands(folder) {
        let end = try run(command, kilobytes: 900_000)
        #expect(end.code == 1 && end.signal == nil, "\(command[0]): \(end.errors)")
        #expect(
          end.errorLines.count == 1 && end.errors.contains("cannot allocate"), "\(end.errors)")
      }
      // Room for the packed matrix and a piece of the tensor, but not for all of it.
      let enough = try run(commands(folder)[0], kilobytes: 1_900_000)
      #expect(enough.code == 0, "\(enough.errors)")
    }

    /// A path is its bytes: one that is not UTF-8 is refused, and never made under another name.
    @Test func aNameThatIsNotUTF8IsRefused() throws {
      let place = try Workplace()
      let end = try place.program.start(
        ["-c", "exec \"$0\" train --steps 1 --out \"$(printf 'r\\377')\"", try Program.path()],
        program: "/bin/sh"
      ).wait()
      #expect(end.code == 64 && end.errors.contains("is not UTF-8"), "\(end.errors)")
      #expect(try LocalFileSystem().list(place.path).allSatisfy { !$0.hasPrefix("r") })
    }

    @Test func namesInJSONLinesThatWouldSteerATerminal() throws {
      let place = try Workplace()
      let folder = try folder(place)
      try place.write("{\"a\\n\\u001b[2J\": 1, \"a\\n\\u001b[2J\": 1}\n", to: "twice.jsonl")
      for arguments in [
        ["generate", "--prompts", "twice.jsonl"], ["evaluate", "--multiple-choice", "twice.jsonl"],
        ["evaluate", "--last-word", "twice.jsonl"],
      ] {
        let line = try place.fail(arguments + ["--checkpoint", folder])
        // Of a name that stands twice the last value counts, as in Python's json.
        let expected =
          arguments[0] == "generate" ? "unknown key \"a\\u{a}\\u{1b}[2J\";" : "expected a member "
        #expect(line.hasPrefix("twice.jsonl, line 1: \(expected)"), "\(line)")
      }
    }

    @Test func numbersOutOfRange() throws {
      let place = try Workplace()
      let folder = try folder(place)
      let huge = "9223372036854775807"
      for (option, values) in [
        ("--temperature", ["-1", "nan", "inf", "1e39", "x"]),
        ("--top-k", ["-1", "1.5", huge + "0"]),
        ("--top-p", ["0", "2", "nan", "1e-300"]), ("--min-p", ["-0.1", "1.1", "nan"]),
        ("--repetition-penalty", ["0", "-1", "nan", "1e39", "1e-45", "1e-38", "2e6"]),
        ("--max-tokens", ["0", "-1", huge + "0"]),
        ("--num-samples", ["0", "1000001", huge]), ("--logprobs", ["-1"]),
        ("--seed", ["-1", "18446744073709551616"]), ("--threads", ["0", "100000000"]),
        ("--stop", [""]), ("--cpus", ["x", "0-99999999999", "1-0"]), ("--checkpoint", ["", "/"]),
      ] {
        for value in values {
          let line = try place.fail(
            "generate", "--checkpoint", folder, "--prompt", "Once", "\(option)=\(value)")
          #expect(line.contains(option) || option == "--checkpoint", "\(option) \(value): \(line)")
        }
      }
      // The largest that mean something: the text ends with the context, of 64 tokens.
      for (option, value) in [
        ("--max-tokens", huge), ("--top-k", huge), ("--logprobs", huge), ("--temperature", "1e38"),
        ("--temperature", "1e-45"), ("--top-p", "1e-40"), ("--seed", "18446744073709551615"),
      ] {
        try place.succeed("generate", "--checkpoint", folder, "--prompt", "Once", option, value)
      }
      for (option, values) in [
        ("--tokens", ["0", "-1"]), ("--context", ["0", "65", huge]),
        ("--stride", ["0", "65", huge]),
        ("--stories", ["0"]), ("--data", ["/dev/null", "/etc"]),
      ] {
        for value in values {
          let line = try place.fail("evaluate", "--checkpoint", folder, "\(option)=\(value)")
          #expect(!line.isEmpty)
        }
      }
    }

    @Test func promptsOfAllKinds() throws {
      let place = try Workplace()
      let folder = try folder(place)
      try place.write([0xFF, 0xFE, 0x80, 0x61, 0x00, 0xC3], to: "bytes.txt")
      try place.write([], to: "empty.txt")
      try place.write([UInt8](repeating: 0x61, count: 1 << 20), to: "long.txt")
      let generate = ["generate", "--checkpoint", folder, "--max-tokens", "3", "--prompt-file"]
      let bytes = try place.program.run(generate + ["bytes.txt"])
      // What is no UTF-8 is shown as U+FFFD.
      #expect(bytes.code == 0 && bytes.output.hasPrefix("\u{FFFD}\u{FFFD}\u{FFFD}a\0\u{FFFD}"))
      #expect(try place.program.run(generate + ["empty.txt"]).code == 0)
      #expect(try place.program.run(generate + ["long.txt", "--slide"]).code == 0)
      for (file, expected) in [
        ("long.txt", "the prompt has 1048576 tokens, but the model's context is 64"),
        ("data", "data: cannot read: Is a directory"), ("nowhere", "nowhere: cannot open"),
        ("/dev/zero", "/dev/zero: cannot read: it has"),
      ] {
        let line = try place.fail(generate + [file])
        #expect(line.hasPrefix(expected), "\(line)")
      }
    }
  }
}
