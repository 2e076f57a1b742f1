import Glibc
import Kernels
import Machine

/// Times work, its limit being measured before and after each repetition: on a machine whose clock
/// and neighbours change, only ratios within the same second can be compared.
struct Bench {
  let benchmark: Benchmark
  let team: ThreadTeam
  /// As often as the user says; nil: up to five times, as often as fits into about a second.
  let repetitions: Int?

  /// What a rate is compared with.
  enum Limit {
    case peak(PeakProbe.Operation)
    case stream(Streams, Streams.Kind)
  }

  /// The times of one piece of work, each with what stands beside it.
  struct Samples {
    var seconds: [Double] = []
    /// The limit's rate, before and after.
    var limits: [Double] = []
    /// The part of the threads' time that the system gave them: less than 1 where other programs
    /// took a core.
    var given: [Double] = []

    mutating func append(seconds: Double, limit: Double, given: Double) {
      self.seconds.append(seconds)
      limits.append(limit)
      self.given.append(given)
    }

    /// The `count` samples that other programs disturbed least, in their order.
    func leastDisturbed(_ count: Int) -> Samples {
      let best = given.indices.sorted { given[$0] > given[$1] }.prefix(count).sorted()
      return Samples(
        seconds: best.map { seconds[$0] }, limits: best.map { limits[$0] },
        given: best.map { given[$0] })
    }
  }

  /// A sample that got less than this part of its threads' time is repeated.
  static let undisturbed = 0.97

  /// How often to time what takes `seconds`.
  func repetitions(of seconds: Double) -> Int {
    repetitions ?? min(5, max(1, Int(1 / max(seconds, 1e-3))))
  }

  /// Times `work`, after one run that is not counted, of `warmUp` where that is shorter; work of less
  /// than 20 ms is repeated within a repetition. Disturbed repetitions are repeated, up to three times
  /// as many as asked for.
  /// - warmUp: touches what `work` touches; the part of it in `work` is 1 / `parts`
  func sample(
    _ limit: Limit, parts: Int = 1, warmUp: (() -> Void)? = nil, _ work: () -> Void
  ) -> Samples {
    let first = Double(parts) * Self.seconds { if let warmUp { warmUp() } else { work() } }
    let wanted = repetitions(of: first)
    let inner = max(1, Int((0.02 / max(first, 1e-7)).rounded(.up)))
    var samples = Samples()
    var before = rate(of: limit)
    for _ in 0..<(4 * wanted) {
      if samples.given.filter({ $0 >= Self.undisturbed }).count >= wanted { break }
      let time = timed(limit, &before, &samples) { for _ in 0..<inner { work() } }
      samples.seconds[samples.seconds.count - 1] = time / Double(inner)
    }
    return samples.leastDisturbed(wanted)
  }

  /// Times `work` once, with the limit measured after it; `before` is the measurement before it and
  /// becomes this one.
  @discardableResult
  func timed(
    _ limit: Limit, _ before: inout Double, _ samples: inout Samples, _ work: () -> Void
  ) -> Double {
    var (seconds, after) = (0.0, 0.0)
    let processor = Self.processorSeconds()
    let wall = Self.seconds {
      seconds = Self.seconds(work)
      after = rate(of: limit)
    }
    let given = (Self.processorSeconds() - processor) / wall / Double(team.count)
    samples.append(seconds: seconds, limit: (before + after) / 2, given: min(given, 1))
    before = after
    return seconds
  }

  /// Times `work` and states its rate.
  /// - amount: what one run counts in `unit`: floating-point operations, bytes or tokens.
  /// - bounded: what it counts in the limit's unit; `amount` unless given.
  func measure(
    _ name: String, _ unit: Measurement.Unit, amount: Double, bounded: Double? = nil,
    limit: Limit, parts: Int = 1, warmUp: (() -> Void)? = nil, _ work: () -> Void
  ) -> Measurement {
    let samples = sample(limit, parts: parts, warmUp: warmUp, work)
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
        share: .init(shares)), given: Measurement.Spread(samples.given).median)
  }

  /// Now, in GFLOP/s or GB/s.
  func rate(of limit: Limit) -> Double {
    switch limit {
    case .peak(let operation): PeakProbe.gigaops(operation, on: team, repetitions: 3)
    case .stream(let streams, let kind):
      streamRate(streams, kind)
    }
  }

  /// Over at least 100 MB, so that the start of a parallel region is not what is measured.
  private func streamRate(_ streams: Streams, _ kind: Streams.Kind) -> Double {
    let bytes = streams.bytes(kind)
    let runs = max(1, Int(1e8 / max(bytes, 1)))
    return Double(runs) * bytes * 1e-9
      / Self.seconds { for _ in 0..<runs { streams.run(kind, on: team) } }
  }

  /// What a limit counts.
  func unit(of limit: Limit) -> Measurement.Unit { Self.describe(limit).unit }

  private static func describe(_ limit: Limit) -> (name: String, unit: Measurement.Unit) {
    switch limit {
    case .peak(.fp32): ("fp32 peak", .gigaflops)
    case .peak(.int8): ("int8 peak", .gigaops)
    case .stream(_, let kind): (kind.rawValue, .gigabytes)
    }
  }

  /// Processor time of all threads so far.
  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
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
