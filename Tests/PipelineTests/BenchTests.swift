import Files
import Testing

extension PipelineTests {
  @Suite struct BenchTests {
    /// Every measurement is made and states a rate, beside a limit where there is one.
    @Test func everyBenchmarkComesToItsEnd() throws {
      let names = [
        "bandwidth", "gemm", "attention", "step", "train", "hessian", "prefill", "decode",
      ]
      let place = try Workplace()
      let end = try place.program.run(
        ["bench"] + names + ["--model", "m.json", "--repetitions", "1", "--json"])
      try #require(end.code == 0, "\(end.errors)")
      let json = try JSON(parsing: Array(end.output.utf8), name: "bench")
      let measurements = try #require(json["measurements"]?.arrayValue)
      for name in names {
        #expect(measurements.contains { $0["benchmark"]?.stringValue == name }, "\(name)")
      }
      for measurement in measurements {
        let rate = try #require(measurement["rate"]?["median"]?.doubleValue)
        #expect(rate > 0 && rate.isFinite, "\(measurement)")
      }
      for optimizer in ["Sophia", "AdamW", "Lion", "Muon"] {
        #expect(measurements.contains { $0["name"]?.stringValue == optimizer }, "\(optimizer)")
      }
    }

    /// Sizes that a measurement has no room for are named.
    @Test(arguments: [
      (
        "vocab_size", 70_000, "train", "bench train: vocab_size 70000: training takes at most 65536"
      ),
      (
        "n_positions", 1, "decode",
        "bench decode: n_positions 1: expected room for a prompt and a token"
      ),
    ])
    func modelsThatCannotBeMeasured(key: String, value: Int, name: String, problem: String) throws {
      let place = try Workplace()
      var sizes: [JSONMember] = [
        JSONMember("model_type", "gpt2"), JSONMember("vocab_size", 300),
        JSONMember("n_positions", 64), JSONMember("n_embd", 32), JSONMember("n_layer", 1),
        JSONMember("n_head", 2),
      ]
      sizes.removeAll { $0.key == key }
      sizes.append(JSONMember(key, .integer(value)))
      try place.write(JSON.object(sizes).serialized(), to: "odd.json")
      let end = try place.program.run(["bench", name, "--model", "odd.json", "--repetitions", "1"])
      #expect(end.code == 1 && end.errors.contains(problem), "\(end.errors)")
    }

    /// OpenMP would give fewer threads than the plan has.
    @Test func aLimitOnThreadsIsNamed() throws {
      let place = try Workplace()
      let words = [try Program.path(), "bench", "attention", "--model", "m.json", "--threads"]
      func run(_ threads: String) throws -> Program.Result {
        try place.program.start(
          ["-c", "OMP_THREAD_LIMIT=1 exec \"$@\"", "sh"] + words + [threads], program: "/bin/sh"
        ).wait()
      }
      let refused = try run("2")
      #expect(
        refused.code == 1 && refused.errors.contains("OMP_THREAD_LIMIT=1"), "\(refused.errors)")
      #expect(try run("1").code == 0)
    }
  }
}
