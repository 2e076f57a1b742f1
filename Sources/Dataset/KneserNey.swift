/// The discounts of modified Kneser–Ney smoothing (Chen and Goodman 1998, "An empirical study of
/// smoothing techniques for language modeling", §3), estimated from the counts of counts.
struct KneserNeyDiscounts: Sendable, Equatable {
  /// Subtracted from a count of 1, of 2, and of 3 or more.
  let one, two, threePlus: Double

  /// Dᵢ = i − (i+1)·Y·nᵢ₊₁/nᵢ with Y = n₁/(n₁ + 2 n₂), nᵢ the number of n-grams seen i times. Where
  /// the sample is too small for that, or gives a value outside (0, i], ½, 1 and 1½ as in KenLM.
  init(counts: some Sequence<UInt32>) {
    var n = [0.0, 0, 0, 0, 0]
    for count in counts where count >= 1 && count <= 4 { n[Int(count)] += 1 }
    let y = n[1] / (n[1] + 2 * n[2])
    let estimates = (1...3).map { i in Double(i) - Double(i + 1) * y * n[i + 1] / n[i] }
    let usable = zip(estimates, 1...3).allSatisfy { d, i in d.isFinite && d > 0 && d <= Double(i) }
    (one, two, threePlus) = usable ? (estimates[0], estimates[1], estimates[2]) : (0.5, 1, 1.5)
  }

  /// What is subtracted from a count.
  func discount(_ count: UInt32) -> Double {
    switch count {
    case 0: 0
    case 1: one
    case 2: two
    default: threePlus
    }
  }
}

/// The distribution of the next token under one context: discounted counts, and the mass that was
/// taken off them, which goes to the shorter context.
struct KneserNeyContext: Sendable {
  /// Sum of the counts.
  private(set) var total = 0.0
  /// Sum of the discounts.
  private(set) var discounted = 0.0

  /// The context whose continuations have these counts.
  init(counts: some Sequence<UInt32>, _ discounts: KneserNeyDiscounts) {
    for count in counts {
      total += Double(count)
      discounted += discounts.discount(count)
    }
  }

  /// p(token) = (count − D(count) + discounted · p(token | shorter context)) / total.
  func probability(
    count: UInt32, lower: Double, _ discounts: KneserNeyDiscounts
  ) -> Double {
    if total == 0 { return lower }
    return (Double(count) - discounts.discount(count) + discounted * lower) / total
  }
}
