import Machine
import Transformer

/// What Sophia-H does in place of Sophia-G's curvature: a Hessian-vector product over its share of the
/// sequences, beside the steps between two of them.
struct HessianBenchmark {
  private let bench: Bench
  private let config: GPT2Config
  private let B: Int
  private let T: Int
  private static let interval = 10

  init(_ settings: BenchmarkSettings, _ bench: Bench) {
    (self.bench, config, B, T) = (bench, settings.config, settings.trainBatch, settings.T)
  }

  func run(_ report: (Measurement) -> Void) throws {
    let steps = try TrainingSteps(config, B: B, T: T, on: bench.team)
    let plain = bench.sample(.peak(.fp32)) { steps.step(sampled: 0) }
    // 32 of 480 sequences, as in the paper.
    let sequences = max(1, Int((Double(B) * 32 / 480).rounded(.up)))
    let hessian = try steps.makeHessian()
    let samples = bench.sample(.peak(.fp32)) { steps.product(hessian, sequences: sequences) }
    // 8 matrix products where training has 3.
    let flops = config.trainingFlopsPerToken(T: T) * Double(sequences * T) * 8 / 3
    var measurement = bench.state(
      "Hessian-vector product, \(sequences)×\(T)", .tokens, amount: Double(sequences * T),
      bounded: flops, limit: .peak(.fp32), samples)
    func median(_ samples: Bench.Samples) -> Double { Measurement.Spread(samples.seconds).median }
    let share = median(samples) / (median(plain) * Double(Self.interval))
    measurement.note = "\((1000 * share).rounded() / 10) % of \(Self.interval) steps of \(B)×\(T)"
    report(measurement)
  }
}
