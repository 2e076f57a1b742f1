public import Machine
public import Transformer
public import Kernels
import Optimizers

/// What can be measured, in the order of a whole run.
public enum Benchmark: String, CaseIterable, Sendable {
  /// The machine's own limits: FMA peak and memory streams.
  case bandwidth
  /// Every matrix product of a training step.
  case gemm
  /// Causal attention, forward and backward.
  case attention
  /// The optimizers' fused steps and the gradient's norm.
  case step
  /// Whole training steps on random tokens.
  case train
  /// A Hessian-vector product, for Sophia-H.
  case hessian
  /// Reading a prompt.
  case prefill
  /// Writing token by token.
  case decode

  /// What is measured unless the user names something: all that most users run.
  public static let usual = allCases.filter { $0 != .hessian }

  /// Measures on `team`, and reports each result as it is there.
  /// - Throws: ``BenchmarkError`` before anything is allocated if the model is none for it, or the memory
  ///   is not there.
  public func run(
    _ settings: BenchmarkSettings, on team: ThreadTeam, report: (Measurement) -> Void
  ) throws {
    if let reason = refusal(settings.config) {
      throw BenchmarkError(benchmark: self, reason: reason)
    }
    let needed = bytes(settings, threads: team.count)
    let available = MemoryLimit.current().available
    guard needed <= available else {
      let batch = [.gemm, .attention, .train, .hessian].contains(self) ? " or --batch" : ""
      throw BenchmarkError(
        benchmark: self,
        reason:
          "needs \(ByteCount(needed)), \(ByteCount(available)) available: use a smaller --model"
          + batch)
    }
    let bench = Bench(benchmark: self, team: team, repetitions: settings.repetitions)
    switch self {
    case .bandwidth: try BandwidthBenchmark(bench).run(report)
    case .gemm: try GEMMBenchmark(settings, bench).run(report)
    case .attention: try AttentionBenchmark(settings, bench).run(report)
    case .step: try StepBenchmark(settings, bench).run(report)
    case .train: try TrainBenchmark(settings, bench).run(report)
    case .hessian: try HessianBenchmark(settings, bench).run(report)
    case .prefill: try PrefillBenchmark(settings, bench).run(report)
    case .decode: try DecodeBenchmark(settings, bench).run(report)
    }
  }

  /// Why a model cannot be measured; nil if it can.
  private func refusal(_ config: GPT2Config) -> String? {
    switch self {
    case .train, .hessian:
      config.vocabularySize > 65_536
        ? "vocab_size \(config.vocabularySize): training takes at most 65536, tokens are uint16"
        : nil
    case .decode:
      config.contextLength < 2 ? "n_positions 1: expected room for a prompt and a token" : nil
    default: nil
    }
  }

  /// Bytes that a measurement takes, about.
  func bytes(_ settings: BenchmarkSettings, threads: Int) -> Int {
    let parameters = 4 * ParameterTable(settings.config).count
    return switch self {
    case .bandwidth: 16 * Streams.farCount
    case .gemm: GEMMBenchmark.bytes(settings)
    case .attention: 4 * 9 * settings.tokens * settings.config.width
    case .step: 5 * parameters
    case .train, .hessian:
      5 * parameters
        + StepGradient.bytes(
          settings.config, microBatch: settings.trainBatch, T: settings.T, curvature: true,
          threads: threads)
        + (self == .hessian
          ? HessianProduct.bytes(settings.config, T: settings.T, threads: threads) : 0)
    case .prefill: 3 * parameters
    case .decode: 3 * parameters + DecodeBenchmark.cacheBytes(settings.config)
    }
  }
}

/// What is measured at which size.
public struct BenchmarkSettings: Sendable {
  /// The model whose shapes are measured.
  public let config: GPT2Config
  /// Sequences of T tokens in GEMM and attention.
  public var batch = 4
  /// Sequences of a training step.
  public var trainBatch = 1
  /// Precisions of the weights in prefill and decode.
  public var weights = WeightPrecision.allCases
  /// Timed repetitions of each measurement; nil: up to five, as many as fit into about a second.
  public var repetitions: Int?

  /// The defaults for a model.
  public init(_ config: GPT2Config) { self.config = config }

  /// T, the model's whole context.
  public var T: Int { config.contextLength }
  /// N = B·T.
  var tokens: Int { batch * T }
}

/// A measurement that cannot be made: of this model, or in this memory.
public struct BenchmarkError: Error, CustomStringConvertible {
  /// Which one.
  public let benchmark: Benchmark
  /// Why, in a line.
  public let reason: String

  /// One line for the user.
  public var description: String { "bench \(benchmark.rawValue): \(reason)" }
}
