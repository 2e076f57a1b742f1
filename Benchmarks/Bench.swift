import Glibc
import Kernels
import Machine

/// Times work, its limit being measured before and after each repetition: on a machine whose clock
/// and neighbours change, only ratios within the same second can be compared.
struct Bench {
  let benchmark: Benchmark
  let team: ThreadTeam
  let repetitions: Int

  /// What a rate is compared with.
  enum Limit {
    case fp32Peak
    case stream(Streams, Streams.Kind)
  }

  /// The times of one piece of work, each with the limit's rate beside it.
  struct Samples {
    var seconds: [Double] = []
    var limits: [Double] = []
  }

  /// Times `work`, after one run that is not counted; work of less than 20 ms is repeated within a
  /// repetition.
  func sample(
    _ limit: Limit, repetitions: Int? = nil, _ work: () -> Void
  ) -> Samples {
    let first = Self.seconds(work)
    let inner = max(1, Int((0.02 / max(first, 1e-7)).rounded(.up)))
    var samples = Samples()
    var before = rate(of: limit)
    for _ in 0..<(repetitions ?? self.repetitions) {
      let time = Self.seconds { for _ in 0..<inner { work() } }
      let after = rate(of: limit)
      samples.seconds.append(time / Double(inner))
      samples.limits.append((before + after) / 2)
      before = after
    }
    return samples
  }

  /// Times `work` and states its rate.
  /// - amount: what one run counts in `unit`: floating-point operations, bytes or tokens.
  /// - bounded: what it counts in the limit's unit; `amount` unless given.
  func measure(
    _ name: String, _ unit: Measurement.Unit, amount: Double, bounded: Double? = nil,
    limit: Limit, repetitions: Int? = nil, _ work: () -> Void
  ) -> Measurement {
    let samples = sample(limit, repetitions: repetitions, work)
    return state(name, unit, amount: amount, bounded: bounded, limit: limit, samples)
  }

  /// The measurement of samples already taken.
  func state(
    _ name: String, _ unit: Measurement.Unit, amount: Double, bounded: Double? = nil,
    limit: Limit, _ samples: Samples
  ) -> Measurement {
    let scale = unit == .tokens ? 1 : 1e-9
    let shares = zip(samples.seconds, samples.limits).map { time, limit in
      (bounded ?? amount) * 1e-9 / time / limit
    }
    let description = Self.describe(limit)
    return Measurement(
      benchmark: benchmark, name: name, threads: team.count, unit: unit,
      rate: .init(samples.seconds.map { amount * scale / $0 }),
      seconds: Measurement.Spread(samples.seconds).median, repetitions: samples.seconds.count,
      bound: .init(
        name: description.name, unit: description.unit, rate: .init(samples.limits),
        share: .init(shares)))
  }

  /// Now, in GFLOP/s or GB/s.
  func rate(of limit: Limit) -> Double {
    switch limit {
    case .fp32Peak: PeakProbe.gigaflops(on: team, repetitions: 3)
    case .stream(let streams, let kind):
      streams.bytes(kind) * 1e-9 / Self.seconds { streams.run(kind, on: team) }
    }
  }

  private static func describe(_ limit: Limit) -> (name: String, unit: Measurement.Unit) {
    switch limit {
    case .fp32Peak: ("fp32 peak", .gigaflops)
    case .stream(_, let kind): (kind.rawValue, .gigabytes)
    }
  }

  /// Wall time of `body`, in seconds.
  static func seconds(_ body: () -> Void) -> Double {
    let clock = ContinuousClock()
    let time = clock.measure(body).components
    return Double(time.seconds) + Double(time.attoseconds) * 1e-18
  }
}

/// exp of the mean of the logarithms.
func geometricMean(_ values: [Double]) -> Double {
  exp(values.reduce(0) { $0 + log($1) } / Double(values.count))
}
