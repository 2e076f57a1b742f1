/// The mean of a sample, and how far it may be from that of all questions like these.
public struct SampleMean: Sendable, Equatable {
  /// Number of values, n.
  public let count: Int
  /// Σ x / n; not a number of none.
  public let mean: Double
  /// √(Σ (x - mean)² / (n - 1) / n), as lm-evaluation-harness has it; nil below two values.
  public let standardError: Double?

  /// Of these values.
  public init(_ values: [Double]) {
    count = values.count
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let n = Double(values.count)
    standardError = n > 1 ? (squares / (n - 1) / n).squareRoot() : nil
  }

  /// The share of what is true.
  public init(_ values: [Bool]) { self.init(values.map { $0 ? 1 : 0 }) }
}
