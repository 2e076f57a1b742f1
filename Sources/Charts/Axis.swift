import Glibc

/// An axis: the range it shows, its ticks at round values, and where a value lies on it.
package struct Axis {
  /// Even steps, or even factors.
  package enum Scale { case linear, logarithmic }

  package let title: String
  package let scale: Scale
  package let range: ClosedRange<Double>
  package let ticks: [Double]
  private let decimals: Int

  /// An axis over the finite values; a logarithmic one over those above 0.
  /// - pad: share of the range that is left free at both ends
  /// - least: the smallest range a linear axis shows
  package init(
    _ title: String, _ scale: Scale = .linear, over values: [Double], pad: Double = 0.05,
    least: Double = 0
  ) {
    (self.title, self.scale) = (title, scale)
    let usable = values.filter { abs($0) < 1e100 && (scale == .linear || $0 > 0) }
    let (low, high) = (usable.min() ?? 1, usable.max() ?? 1)
    switch scale {
    case .linear:
      let middle = (low + high) / 2
      let span = max(high - low, least, abs(middle) * 1e-3, 1e-9)
      let half = span * (0.5 + pad)
      range = (middle - half)...(middle + half)
      let step = Self.step(for: 2 * half)
      ticks = Self.multiples(of: step, in: range)
      decimals = max(0, -Int(floor(log10(step) + 1e-9)))
    case .logarithmic:
      let factor = max(pow(high / low, pad), 1.25)
      range = (low / factor)...(high * factor)
      ticks = Self.roundFactors(in: range)
      decimals = 0
    }
  }

  /// Where a value lies: 0 at the low end, 1 at the high one.
  package func fraction(_ value: Double) -> Double {
    switch scale {
    case .linear: (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    case .logarithmic:
      log(value / range.lowerBound) / log(range.upperBound / range.lowerBound)
    }
  }

  /// Whether a value lies within the range.
  package func shows(_ value: Double) -> Bool { value.isFinite && range.contains(value) }

  /// A tick's text.
  package func label(_ tick: Double) -> String {
    scale == .linear ? Markup.fixed(tick, decimals) : Markup.significant(tick, 2)
  }

  /// 1, 2 or 5 times a power of ten, so that some five ticks fit.
  private static func step(for span: Double) -> Double {
    let power = pow(10, floor(log10(span / 5)))
    let factor = [1.0, 2, 5, 10].first { span / ($0 * power) <= 6.5 } ?? 10
    return factor * power
  }

  private static func multiples(of step: Double, in range: ClosedRange<Double>) -> [Double] {
    let (first, last) = (ceil(range.lowerBound / step), floor(range.upperBound / step))
    return first > last ? [] : (Int(first)...Int(last)).map { Double($0) * step }
  }

  /// 1, 2 and 5 in each decade, or powers of ten alone where the decades are many.
  private static func roundFactors(in range: ClosedRange<Double>) -> [Double] {
    let first = Int(floor(log10(range.lowerBound)))
    let last = max(first, Int(ceil(log10(range.upperBound))))
    let many = last - first > 3
    let stride = max(1, (last - first) / 6)
    return (first...last).flatMap { exponent -> [Double] in
      if many && (exponent - first) % stride != 0 { return [] }
      return (many ? [1] : [1, 2, 5]).map { $0 * pow(10, Double(exponent)) }
    }.filter(range.contains)
  }
}
