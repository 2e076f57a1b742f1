public import Machine
import Kernels

/// The random directions u of Hutchinson's estimator: E[u ⊙ Hu] is the diagonal of H where the
/// elements of u are independent with mean 0 and variance 1 (Hutchinson 1989).
public enum Probe: String, Sendable, Equatable, CaseIterable {
  /// Normal, as in Sophia's paper.
  case gaussian
  /// ±1: the estimate lacks the noise that the squares of normal numbers add to the diagonal.
  case rademacher

  /// Fills `arena`: element i is a pure function of (seed, step, group, i).
  public func fill(_ arena: Arena, seed: UInt64, step: Int, group: Int, on team: ThreadTeam) {
    let numbers = Numbers(random: Philox(seed: seed), step: UInt32(step), group: UInt32(group))
    team.parallelFor(arena.count, grain: 1 << 14) { range in
      switch self {
      case .gaussian: numbers.normal(arena.base, range)
      case .rademacher: numbers.signs(arena.base, range)
      }
    }
  }
}

private struct Numbers {
  let random: Philox
  let step, group: UInt32

  private func words(_ block: Int, attempt: UInt32 = 0) -> SIMD4<UInt32> {
    random.words(
      SIMD4(UInt32(truncatingIfNeeded: block), step, group, RandomStream.probes.number(attempt)))
  }

  /// A bit an element, 128 of them a counter. - range: begins at a multiple of 128.
  func signs(_ out: UnsafeMutablePointer<Float>, _ range: Range<Int>) {
    for first in stride(from: range.lowerBound, to: range.upperBound, by: 128) {
      let bits = words(first / 128)
      for i in 0..<min(128, range.upperBound - first) {
        out[first + i] = bits[i / 32] >> UInt32(i % 32) & 1 == 0 ? 1 : -1
      }
    }
  }

  /// Marsaglia's polar method, a counter and its attempts for each pair of elements.
  /// - range: begins at a multiple of 2.
  func normal(_ out: UnsafeMutablePointer<Float>, _ range: Range<Int>) {
    for first in stride(from: range.lowerBound, to: range.upperBound, by: 2) {
      let (a, b) = pair(first / 2)
      out[first] = a
      if first + 1 < range.upperBound { out[first + 1] = b }
    }
  }

  private func pair(_ block: Int) -> (Float, Float) {
    var attempt: UInt32 = 0
    while true {
      let w = words(block, attempt: attempt)
      if let pair = polar(w.x, w.y) ?? polar(w.z, w.w) { return pair }
      attempt += 1
    }
  }

  @inline(__always)
  private func polar(_ a: UInt32, _ b: UInt32) -> (Float, Float)? {
    // Odd multiples of 2⁻³² in (-1, 1).
    let (u, v) = ((Double(a) + 0.5) * 0x1p-31 - 1, (Double(b) + 0.5) * 0x1p-31 - 1)
    let s = u * u + v * v
    guard s < 1 else { return nil }
    let factor = (-2 * VectorMath.log(s) / s).squareRoot()
    return (Float(u * factor), Float(v * factor))
  }
}
