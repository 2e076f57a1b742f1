internal import CSupport
public import Machine

/// Rows of A in 8 bits: for each group of a row a scale, its integers (rounded to nearest even, the
/// largest magnitude being 127), and a correction: their sum times what products leave of the weights'
/// offset, taken back.
public final class QuantizedActivations: @unchecked Sendable {
  private let arena: Arena
  private let buffers: Buffers
  private let rows: Int
  private let depth: Int

  /// Room for (rows, depth). Throws ``MemoryError``.
  public init(rows: Int, depth: Int) throws(MemoryError) {
    (self.rows, self.depth) = (rows, depth)
    arena = try Arena(count: ArenaLayout.floats { _ = Buffers(&$0, rows, depth) })
    var layout = ArenaLayout(arena)
    buffers = Buffers(&layout, rows, depth)
  }

  /// Bytes of the buffers.
  public static func bytes(rows: Int, depth: Int) -> Int {
    MemoryLayout<Float>.stride * ArenaLayout.floats { _ = Buffers(&$0, rows, depth) }
  }

  private struct Buffers {
    /// (rows, groups).
    let scales: UnsafeMutablePointer<Float>
    let corrections: UnsafeMutablePointer<Int32>
    /// (rows, quads).
    let quads: UnsafeMutablePointer<Int32>

    init(_ layout: inout ArenaLayout, _ rows: Int, _ depth: Int) {
      func integers(_ count: Int) -> UnsafeMutablePointer<Int32> {
        UnsafeMutableRawPointer(layout.take(count)).assumingMemoryBound(to: Int32.self)
      }
      let group = QuantizedLayout.group(.four)  // The narrower kind: more groups.
      let groups = (depth + group - 1) / group
      scales = layout.take(rows * groups)
      corrections = integers(rows * groups)
      quads = integers(rows * QuantizedActivations.quads(depth))
    }
  }

  /// A row's integers, four at a time, in whole groups of the wider kind.
  private static func quads(_ depth: Int) -> Int {
    let group = QuantizedLayout.group(.eight)
    return (depth + group - 1) / group * group / 4
  }

  /// One product's left operand.
  struct View {
    /// (M, quadStride): four integers at a time.
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
    let view = View(
      quads: buffers.quads, quadStride: Self.quads(layout.K), scales: buffers.scales,
      corrections: buffers.corrections)
    let team = M * layout.K < 1 << 15 ? ThreadTeam(count: 1) : team
    team.parallelFor(M, grain: 4) { range in
      for m in range {
        if layout.width == .eight {
          Self.row(Vectors<4>.self, a + m * lda, m, layout, into: view)
        } else {
          Self.row(Vectors<2>.self, a + m * lda, m, layout, into: view)
        }
      }
    }
    return view
  }

  /// A group.
  private typealias Vectors<let count: Int> = InlineArray<count, SIMD16<Float>>

  /// Row m of the result; its groups are of `vectors` vectors.
  @inline(__always)
  private static func row<let vectors: Int>(
    _: Vectors<vectors>.Type, _ x: UnsafePointer<Float>, _ m: Int, _ layout: QuantizedLayout,
    into view: View
  ) {
    let integers = UnsafeMutableRawPointer(view.quads + m * view.quadStride)
      .assumingMemoryBound(to: Int8.self)
    let offset = layout.width == .eight ? CS_DOT4_OFFSET : QuantizedLayout.offset(.four)
    for g in 0..<layout.groups {
      let first = g * 16 * vectors
      let count = layout.K - first
      let values = Vectors<vectors> { v in
        count >= 16 * vectors
          ? Vector.load(x + first + 16 * v)
          : cs_load_partial(x + first + 16 * v, Int64(max(0, min(16, count - 16 * v))), 0)
      }
      let (scale, sum) = group(values, into: integers + first)
      view.scales[m * layout.groups + g] = scale
      view.corrections[m * layout.groups + g] = -offset * sum
    }
  }

  /// One group; the scale is NaN if a number is not finite.
  @inline(__always)
  private static func group<let vectors: Int>(
    _ x: Vectors<vectors>, into integers: UnsafeMutablePointer<Int8>
  ) -> (scale: Float, sum: Int32) {
    var largest = SIMD16<Int32>()
    for v in 0..<vectors { largest = cs_max_integers(largest, cs_magnitude_bits(x[v])) }
    let top = Float(bitPattern: UInt32(bitPattern: cs_hmax_integers(largest)))
    let inverse = top > 0 ? 127 / top : 0
    var total = SIMD16<Int32>()
    for v in 0..<vectors {
      // At most 127, but for tiny maxima, whose inverse is infinite.
      let scaled = cs_max(x[v] * inverse, SIMD16(repeating: -127))
      let q = cs_nearest_integers(cs_min(scaled, SIMD16(repeating: 127)))
      cs_store_signed_bytes(integers + 16 * v, q)
      total &+= q
    }
    return (top.isFinite ? top / 127 : .nan, cs_sum_integers(total))
  }
}
