import Machine
import Transformer

/// Training steps of Sophia-G on random tokens: gradient, norm and update, without and with
/// curvature (of half of the sequences), and what that comes to at a refresh every 10 steps.
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
    let trainer = try TrainingSteps(config, B: B, T: T, on: bench.team)
    // Not counted: it touches all memory.
    let seconds = Bench.seconds { trainer.step(sampled: sampledSequences) }
    let repetitions = bench.repetitions(of: 2 * seconds)
    var (plain, curved, mixed) = (Bench.Samples(), Bench.Samples(), Bench.Samples())
    var before = bench.rate(of: .peak(.fp32))
    func time(_ samples: inout Bench.Samples, sampled: Int) -> Double {
      bench.timed(.peak(.fp32), &before, &samples) { trainer.step(sampled: sampled) }
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
      name, .tokens, amount: Double(B * T), bounded: flops, limit: .peak(.fp32), samples)
  }
}
