import Machine
import Optimizers
import Transformer

/// Training steps of Sophia-G on random tokens: gradient, norm and update, without and with
/// curvature (of half of the sequences), and what that comes to at a refresh every 10 steps. Then
/// what Sophia-H does in its place: a Hessian-vector product.
struct TrainBenchmark {
  private let bench: Bench
  private let config: GPT2Config
  private let B: Int
  private let T: Int
  private static let interval = 10

  init(_ settings: BenchmarkSettings, _ bench: Bench) {
    (self.bench, config, B, T) = (bench, settings.config, settings.trainBatch, settings.T)
  }

  func run(_ report: (Measurement) -> Void) throws {
    PeakMemory.reset()
    let trainer = try Steps(config, B: B, T: T, on: bench.team)
    // The first is not counted: it touches all memory. The second says how long a step takes.
    trainer.step(sampled: sampledSequences)
    let seconds = Bench.seconds { trainer.step(sampled: 0) }
    let repetitions = max(1, bench.repetitions / 2, min(20, Int(1 / seconds)))
    var (plain, curved, mixed) = (Bench.Samples(), Bench.Samples(), Bench.Samples())
    var before = bench.rate(of: .fp32Peak)
    func time(_ samples: inout Bench.Samples, sampled: Int) -> Double {
      bench.timed(.fp32Peak, &before, &samples) { trainer.step(sampled: sampled) }
    }
    for i in 0..<repetitions {
      let (p, c) = (time(&plain, sampled: 0), time(&curved, sampled: sampledSequences))
      let k = Double(Self.interval)
      mixed.append(
        seconds: ((k - 1) * p + c) / k,
        limit: ((k - 1) * plain.limits[i] + curved.limits[i]) / k,
        given: ((k - 1) * plain.given[i] + curved.given[i]) / k)
    }
    let name = "\(B)×\(T)"
    report(state("\(name) without curvature", flops, plain))
    report(state("\(name) with curvature", flops + curvatureFlops, curved))
    var all = state(
      "\(name) with it every \(Self.interval) steps",
      flops + curvatureFlops / Double(Self.interval),
      mixed)
    all.note = PeakMemory.bytes().map { "peak memory \(ByteCount($0))" }
    report(all)
    try product(
      trainer, Double(repetitions), plain: Measurement.Spread(plain.seconds).median, report)
  }

  /// Sophia-H's estimate from its share of the sequences, 32 of 480.
  private func product(
    _ trainer: Steps, _ repetitions: Double, plain: Double, _ report: (Measurement) -> Void
  ) throws {
    let sequences = max(1, Int((Double(B) * 32 / 480).rounded(.up)))
    let hessian = try trainer.makeHessian()
    trainer.product(hessian, sequences: sequences)
    var samples = Bench.Samples()
    var before = bench.rate(of: .fp32Peak)
    for _ in 0..<Int(repetitions) {
      bench.timed(.fp32Peak, &before, &samples) {
        trainer.product(hessian, sequences: sequences)
      }
    }
    // 8 matrix products where training has 3.
    var measurement = bench.state(
      "Hessian-vector product, \(sequences)×\(T)", .tokens, amount: Double(sequences * T),
      bounded: config.trainingFlopsPerToken(T: T) * Double(sequences * T) * 8 / 3,
      limit: .fp32Peak, samples)
    let share =
      Measurement.Spread(samples.seconds).median / (plain * Double(Self.interval))
    measurement.note = "\((1000 * share).rounded() / 10) % of \(Self.interval) steps of \(B)×\(T)"
    report(measurement)
  }

  private var sampledSequences: Int { (B + 1) / 2 }

  private var flops: Double { config.trainingFlopsPerToken(T: T) * Double(B * T) }

  /// The backward of the layers once more; the head's is shared.
  private var curvatureFlops: Double {
    let (L, C) = (config.layers, config.width)
    return Double(sampledSequences * T) * Double(4 * 12 * L * C * C + 4 * L * C * (T + 1))
  }

  private func state(_ name: String, _ flops: Double, _ samples: Bench.Samples) -> Measurement {
    bench.state(
      name, .tokens, amount: Double(B * T), bounded: flops, limit: .fp32Peak, samples)
  }
}

/// A model, its gradient and its optimizer, fed with one batch.
private final class Steps {
  private let team: ThreadTeam
  private let table: ParameterTable
  private let theta, g, sampledGradient: Arena
  private let gradient: StepGradient
  private let optimizer: Sophia
  private let tokens: [UInt16]
  private let B: Int
  private let T: Int
  private var t = 0

  init(_ config: GPT2Config, B: Int, T: Int, on team: ThreadTeam) throws(MemoryError) {
    table = ParameterTable(config)
    (self.team, self.B, self.T) = (team, B, T)
    (theta, g) = (try Arena(count: table.count), try Arena(count: table.count))
    sampledGradient = try Arena(count: table.count)
    let ranges = table.entries.map {
      ParameterRange(offset: $0.offset, count: $0.count, decayed: $0.decayed)
    }
    optimizer = try Sophia(ranges: ranges, count: table.count, on: team)
    gradient = try StepGradient(
      config, table: table, parameters: theta, gradients: g, curvature: sampledGradient,
      microBatch: B, T: T, on: team)
    RandomValues.fill(theta, table, on: team)
    tokens = RandomValues.tokens(B * T + 1, vocabularySize: config.vocabularySize)
      .map { UInt16($0) }
  }

  /// Where Sophia-H's products are made.
  func makeHessian() throws(MemoryError) -> HessianProduct {
    try HessianProduct(
      sharing: gradient, table: table, direction: g, product: sampledGradient)
  }

  /// A direction and its product over the first sequences.
  func product(_ hessian: HessianProduct, sequences: Int) {
    Probe.gaussian.fill(g, seed: 1, step: t, group: 0, on: team)
    hessian.begin(sequences: sequences)
    tokens.withUnsafeBufferPointer { tokens in
      guard let x = tokens.baseAddress else { return }
      for s in 0..<sequences { hessian.add(tokens: x + s * T, targets: x + s * T + 1) }
    }
    t += 1
  }

  /// One step, `sampled` sequences of it for curvature.
  func step(sampled: Int) {
    gradient.begin(.init(step: t, sequences: B, curvatureSequences: sampled, seed: 1))
    tokens.withUnsafeBufferPointer { tokens in
      guard let x = tokens.baseAddress else { return }
      gradient.add(tokens: x, targets: x + 1, count: B)
    }
    _ = gradient.finish()
    let scale = GradientNorm(of: g.view(), on: team).scale(clippingTo: 1)
    let curvature =
      sampled == 0
      ? nil
      : Curvature(
        gradient: sampledGradient.view(), scale: Float(B) / Float(sampled),
        labelTerms: sampled * T)
    if curvature != nil { _ = GradientNorm(of: sampledGradient.view(), on: team) }
    _ = optimizer.step(
      theta.view(), gradient: g.view(), step: t, learningRate: 1e-4, gradientScale: scale,
      curvature: curvature, on: team)
    t += 1
  }
}
