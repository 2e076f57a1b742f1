import Machine

/// The machine's limits: fp32 FMA peak from registers, and memory streams.
struct BandwidthBenchmark {
  let bench: Bench

  init(_ bench: Bench) { self.bench = bench }

  func run(_ report: (Measurement) -> Void) throws {
    let peaks = (0..<max(5, bench.repetitions)).map { _ in bench.rate(of: .fp32Peak) }
    report(limit("fp32 FMA peak", .gigaflops, peaks, seconds: nil))
    let (streams, arenas) = try Streams.make(
      arrays: 4, of: Streams.farCount, on: bench.team)
    withExtendedLifetime(arenas) {
      for kind in [Streams.Kind.read, .copy, .update, .optimizer] {
        streams.run(kind, on: bench.team)
        let rates = (0..<bench.repetitions).map { _ in bench.rate(of: .stream(streams, kind)) }
        let seconds = streams.bytes(kind) * 1e-9 / Measurement.Spread(rates).median
        report(limit(kind.rawValue, .gigabytes, rates, seconds: seconds))
      }
    }
  }

  private func limit(
    _ name: String, _ unit: Measurement.Unit, _ rates: [Double], seconds: Double?
  ) -> Measurement {
    Measurement(
      benchmark: bench.benchmark, name: name, threads: bench.team.count, unit: unit,
      rate: .init(rates), seconds: seconds, repetitions: rates.count, bound: nil)
  }
}
