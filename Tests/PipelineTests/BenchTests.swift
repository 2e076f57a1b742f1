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
  }
}
