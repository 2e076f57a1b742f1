/// A rate with its spread, beside the limit that was measured between its repetitions.
public struct Measurement: Sendable {
  /// What a rate counts.
  public enum Unit: String, Sendable {
    /// 10⁹ floating-point operations a second, an FMA being two.
    case gigaflops = "GFLOP/s"
    /// 10⁹ operations on integers a second, a product and its sum being two.
    case gigaops = "GOP/s"
    /// 10⁹ bytes a second, each read and each write counted once.
    case gigabytes = "GB/s"
    /// Tokens a second.
    case tokens = "tok/s"
  }

  /// Median, smallest and largest of the repetitions.
  public struct Spread: Sendable {
    /// The middle one, or the mean of the two in the middle.
    public let median: Double
    /// The smallest.
    public let lowest: Double
    /// The largest.
    public let highest: Double

    init(_ values: [Double]) {
      precondition(!values.isEmpty, "Spread of nothing")
      let sorted = values.sorted()
      let middle = sorted.count / 2
      median =
        sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
      (lowest, highest) = (sorted[0], sorted[sorted.count - 1])
    }
  }

  /// Which limit a rate is compared with.
  public struct Bound: Sendable {
    /// Its name, such as "fp32 peak".
    public let name: String
    /// What it counts.
    public let unit: Unit
    /// The limit itself.
    public let rate: Spread
    /// The measurement's part of it; the median of the repetitions' own ratios.
    public let share: Spread
  }

  /// Which benchmark it belongs to.
  public let benchmark: Benchmark
  /// What was measured, unique within the benchmark and thread count.
  public let name: String
  /// Threads of the team.
  public let threads: Int
  /// What ``rate`` counts.
  public let unit: Unit
  /// Work over time.
  public let rate: Spread
  /// Median time of one piece of work, in seconds; nil for a summary of other measurements.
  public var seconds: Double?
  /// How often it was timed.
  public let repetitions: Int
  /// The limit beside it; nil if this is one.
  public let bound: Bound?
  /// The part of the threads' time that the system gave them, median; well below 1 where other
  /// programs ran, and then rates and shares are too low. Nil for limits and summaries.
  public var given: Double?
  /// What else the user should know, such as the peak memory.
  public var note: String?
}

extension Measurement {
  /// The geometric mean of rates and shares of several measurements of the same unit and limit, and
  /// the one with the smallest share.
  static func summary(_ parts: [Measurement]) -> [Measurement] {
    guard let first = parts.first, let bound = first.bound,
      let worst = parts.min(by: { ($0.bound?.share.median ?? 1) < ($1.bound?.share.median ?? 1) })
    else { return [] }
    func mean(_ value: (Measurement) -> Spread) -> Spread {
      Spread(
        median: geometricMean(parts.map { value($0).median }),
        lowest: geometricMean(parts.map { value($0).lowest }),
        highest: geometricMean(parts.map { value($0).highest }))
    }
    let mean = Measurement(
      benchmark: first.benchmark, name: "geometric mean", threads: first.threads, unit: first.unit,
      rate: mean(\.rate), seconds: nil, repetitions: first.repetitions,
      bound: Bound(
        name: bound.name, unit: bound.unit, rate: mean { $0.bound?.rate ?? bound.rate },
        share: mean { $0.bound?.share ?? bound.share }),
      given: parts.compactMap(\.given).min())
    return [
      mean,
      Measurement(
        benchmark: worst.benchmark, name: "worst", threads: worst.threads, unit: worst.unit,
        rate: worst.rate, seconds: nil, repetitions: worst.repetitions, bound: worst.bound,
        note: worst.name),
    ]
  }
}

extension Measurement.Spread {
  init(median: Double, lowest: Double, highest: Double) {
    (self.median, self.lowest, self.highest) = (median, lowest, highest)
  }
}
