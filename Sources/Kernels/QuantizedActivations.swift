internal import CSupport
public import Machine

/// Rows of A in 8 bits: for each group of a row a scale, its integers (rounded to nearest even, the
/// largest magnitude being 127), and a correction: their sum times the weights' offset, taken back.
public final class QuantizedActivations: @unchecked Sendable {
  private let arena: Arena
  private let rows: Int
  private let depth: Int

  /// Room for (rows, depth). Throws ``MemoryError``.
  public init(rows: Int, depth: Int) throws(MemoryError) {
    (self.rows, self.depth) = (rows, depth)
    arena = try Arena(count: Self.bytes(rows: rows, depth: depth) / 4)
  }

  /// Bytes of the buffers.
  public static func bytes(rows: Int, depth: Int) -> Int {
    rows * (padded(depth) + 8 * groups(depth))
  }

  private static func padded(_ depth: Int) -> Int { (depth + 63) / 64 * 64 }
  /// Of the narrower kind.
  private static func groups(_ depth: Int) -> Int { (depth + 31) / 32 }

  /// One product's left operand.
  struct View {
    /// (M, integerStride / 4): four integers at a time.
    let quads: UnsafeMutablePointer<Int32>
    let quadStride: Int
    /// (M, groups).
    let scales: UnsafeMutablePointer<Float>
    let corrections: UnsafeMutablePointer<Int32>
  }

  /// Quantizes M rows of K floats. - a: `lda` floats from row to row.
  func quantize(
    _ a: UnsafePointer<Float>, lda: Int, M: Int, layout: QuantizedLayout, on team: ThreadTeam
  ) -> View {
    precondition(
      M <= rows && layout.K <= depth,
      "QuantizedActivations: (\(M), \(layout.K)) in (\(rows), \(depth))")
    let stride = Self.padded(layout.K)
    let scales = arena.base
    let corrections = UnsafeMutableRawPointer(scales + rows * Self.groups(depth))
      .assumingMemoryBound(to: Int32.self)
    let quads = corrections + rows * Self.groups(depth)
    let view = View(
      quads: quads, quadStride: stride / 4, scales: scales, corrections: corrections)
    let offset = QuantizedLayout.offset(layout.width)
    let team = M * layout.K < 1 << 15 ? ThreadTeam(count: 1) : team
    team.parallelFor(M) { range in
      for m in range {
        let integers = UnsafeMutableRawPointer(quads + m * stride / 4)
          .assumingMemoryBound(to: Int8.self)
        for g in 0..<layout.groups {
          let first = g * layout.group
          let (scale, sum) = Self.group(
            a + m * lda + first, count: min(layout.group, layout.K - first), of: layout.group,
            into: integers + first)
          scales[m * layout.groups + g] = scale
          corrections[m * layout.groups + g] = -offset * sum
        }
      }
    }
    return view
  }

  /// One group; the scale is NaN if a number is not finite.
  @inline(__always)
  private static func group(
    _ x: UnsafePointer<Float>, count: Int, of length: Int, into integers: UnsafeMutablePointer<Int8>
  ) -> (scale: Float, sum: Int32) {
    var (largest, poison) = (SIMD16<Float>(), SIMD16<Float>())
    Vector.forEach(count) { at, n in
      let v = cs_load_partial(x + at, n, 0)
      largest = cs_max(largest, cs_abs(v))
      poison += v * 0
    }
    let top = cs_hmax(largest)
    let inverse = top > 0 ? 127 / top : 0
    var total = SIMD16<Float>()
    for at in stride(from: 0, to: length, by: 16) {
      let rest = Int64(max(0, count - at))
      let v = rest >= 16 ? Vector.load(x + at) : cs_load_partial(x + at, rest, 0)
      // At most 127, but for subnormal maxima, whose inverse is infinite.
      let rounded = cs_round(v * inverse)
      let q = cs_min(cs_max(rounded, SIMD16(repeating: -127)), SIMD16(repeating: 127))
      cs_store_signed_bytes(integers + at, q)
      total += q
    }
    let isFinite = cs_sum(poison) == 0
    return (isFinite ? top / 127 : .nan, Int32(cs_sum(total)))
  }
}
