import Machine
import Optimizers
import Transformer

/// The optimizers' steps at the model's size, against a stream of Sophia's traffic over the same
/// arenas, bytes being those that a step has to move; Muon's, which multiplies matrices, against the
/// peak. Beside each stands what it is of a training step, were that at the peak: at most so much.
struct StepBenchmark {
  private let bench: Bench
  private let table: ParameterTable
  /// Floating-point operations of the training step.
  private let trainingFlops: Double
  /// Its sequences, of the whole context.
  private static let sequences = 16
  private let stepName: String

  init(_ settings: BenchmarkSettings, _ bench: Bench) {
    self.bench = bench
    table = ParameterTable(settings.config)
    let (B, T) = (Self.sequences, settings.T)
    trainingFlops = settings.config.trainingFlopsPerToken(T: T) * Double(B * T)
    stepName = "a step of \(B)×\(T) at the fp32 peak"
  }

  func run(_ report: (Measurement) -> Void) throws {
    let team = bench.team
    let theta = try Arena(count: table.count, touchedBy: team)
    let g = try Arena(count: table.count, touchedBy: team)
    RandomValues.fill(theta, table, on: team)
    RandomValues.fill(g.view(), range: 1e-3, on: team)
    try sophia(theta, g, report)
    try adamW(theta, g, report)
    try lion(theta, g, report)
    try muon(theta, g, report)
  }

  private var ranges: [ParameterRange] { Self.ranges(table.entries) }

  private static func ranges(_ entries: [ParameterTable.Entry]) -> [ParameterRange] {
    entries.map { ParameterRange(offset: $0.offset, count: $0.count, decayed: $0.decayed) }
  }

  /// Over what a step reads.
  private func streams(_ theta: Arena, _ optimizer: any Optimizer, _ rest: Arena...) -> Streams {
    Streams(over: ([theta] + optimizer.state.map(\.arena) + rest).map { $0.view() })
  }

  private func sophia(_ theta: Arena, _ g: Arena, _ report: (Measurement) -> Void) throws {
    let team = bench.team
    let sampled = try Arena(count: table.count, touchedBy: team)
    RandomValues.fill(sampled.view(), range: 1e-4, on: team)
    let optimizer = try Sophia(ranges: ranges, count: table.count, on: team)
    let streams = streams(theta, optimizer, g)
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
    let streams = streams(theta, optimizer, g)
    // θ, m, v, g read, θ, m and v written.
    report(
      measure("AdamW", moves: 7, streams) {
        _ = optimizer.step(
          theta.view(), gradient: g.view(), step: 0, learningRate: 1e-4, on: bench.team)
      })
  }

  private func lion(_ theta: Arena, _ g: Arena, _ report: (Measurement) -> Void) throws {
    let optimizer = try Lion(ranges: ranges, count: table.count, on: bench.team)
    // Its own arrays are three, the stream's four.
    let spare = try Arena(count: table.count, touchedBy: bench.team)
    let streams = streams(theta, optimizer, g, spare)
    // θ, m, g read, θ and m written.
    report(
      measure("Lion", moves: 5, streams) {
        _ = optimizer.step(
          theta.view(), gradient: g.view(), step: 0, learningRate: 1e-4, on: bench.team)
      })
  }

  private func muon(_ theta: Arena, _ g: Arena, _ report: (Measurement) -> Void) throws {
    let matrices = table.entries.filter { $0.matrices > 0 }.flatMap {
      MatrixRange.sideBySide(
        $0.matrices, offset: $0.offset, rows: $0.shape[0], columns: $0.shape[1],
        decayed: $0.decayed)
    }
    let optimizer = try Muon(
      matrices: matrices, ranges: Self.ranges(table.entries.filter { $0.matrices == 0 }),
      count: table.count, on: bench.team)
    report(
      withShare(
        bench.measure("Muon", .gigaflops, amount: Muon.flops(matrices), limit: .peak(.fp32)) {
          _ = optimizer.step(
            theta.view(), gradient: g.view(), step: 1, learningRate: 1e-4, on: bench.team)
        }))
  }

  private func measure(
    _ name: String, moves: Int, _ streams: Streams, _ work: () -> Void
  ) -> Measurement {
    withShare(
      bench.measure(
        name, .gigabytes, amount: Double(4 * moves * table.count),
        limit: .stream(streams, .optimizer), work))
  }

  /// Notes the part of a training step.
  private func withShare(_ measurement: Measurement) -> Measurement {
    var measurement = measurement
    let step = trainingFlops / (bench.rate(of: .peak(.fp32)) * 1e9)
    let share = (measurement.seconds ?? 0) / step
    measurement.note = "\((1000 * share).rounded() / 10) % of \(stepName)"
    return measurement
  }
}
