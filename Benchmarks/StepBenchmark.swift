import Machine
import Optimizers
import Transformer

/// The optimizers' steps at the model's size, against a stream of Sophia's traffic over the same
/// arenas. Bytes are those that a step has to move.
struct StepBenchmark {
  private let bench: Bench
  private let table: ParameterTable

  init(_ settings: BenchmarkSettings, _ bench: Bench) {
    self.bench = bench
    table = ParameterTable(settings.config)
  }

  func run(_ report: (Measurement) -> Void) throws {
    let team = bench.team
    let (theta, g) = (try Arena(count: table.count), try Arena(count: table.count))
    for arena in [theta, g] { arena.touch(on: team) }
    RandomValues.fill(theta, table, on: team)
    RandomValues.fill(g.view(), range: 1e-3, on: team)
    try sophia(theta, g, report)
    try adamW(theta, g, report)
  }

  private var ranges: [ParameterRange] {
    table.entries.map {
      ParameterRange(offset: $0.offset, count: $0.count, decayed: $0.decayed)
    }
  }

  private func sophia(_ theta: Arena, _ g: Arena, _ report: (Measurement) -> Void) throws {
    let team = bench.team
    let sampled = try Arena(count: table.count)
    sampled.touch(on: team)
    RandomValues.fill(sampled.view(), range: 1e-4, on: team)
    let optimizer = try Sophia(ranges: ranges, count: table.count, on: team)
    let streams = Streams(
      over: [theta.view()] + optimizer.state.map { $0.arena.view() } + [g.view()])
    func step(_ curvature: Curvature?) {
      _ = optimizer.step(
        theta.view(), gradient: g.view(), step: 0, learningRate: 1e-4, curvature: curvature,
        on: team)
    }
    // θ, m, h, g read, θ and m written; a refresh reads ĝ too and writes h.
    report(measure("Sophia", moves: 6, streams) { step(nil) })
    let curvature = Curvature(gradient: sampled.view(), labelTerms: 2048)
    report(measure("Sophia with refresh of h", moves: 8, streams) { step(curvature) })
    let norms = Streams(over: [g.view()])
    report(
      bench.measure(
        "gradient norm", .gigabytes, amount: Double(4 * table.count), limit: .stream(norms, .read)
      ) { _ = GradientNorm(of: g.view(), on: team) })
  }

  private func adamW(_ theta: Arena, _ g: Arena, _ report: (Measurement) -> Void) throws {
    let optimizer = try AdamW(ranges: ranges, count: table.count, on: bench.team)
    let streams = Streams(
      over: [theta.view()] + optimizer.state.map { $0.arena.view() } + [g.view()])
    // θ, m, v, g read, θ, m and v written.
    report(
      measure("AdamW", moves: 7, streams) {
        _ = optimizer.step(
          theta.view(), gradient: g.view(), step: 0, learningRate: 1e-4, on: bench.team)
      })
  }

  private func measure(
    _ name: String, moves: Int, _ streams: Streams, _ work: () -> Void
  ) -> Measurement {
    bench.measure(
      name, .gigabytes, amount: Double(4 * moves * table.count),
      limit: .stream(streams, .optimizer), work)
  }
}
