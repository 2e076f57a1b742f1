internal import CSupport
public import Machine

/// The bias gradient: out[c] = start + dout[0, c] + dout[1, c] + …, rows in order.
public enum ColumnSum {
  /// - out: (C), its old value is the start when `continuing`, else zero; - dout: (N, C).
  public static func add(
    out: UnsafeMutablePointer<Float>, continuing: Bool, dout: UnsafePointer<Float>, N: Int, C: Int,
    on team: ThreadTeam
  ) {
    ColumnBlocks(C, threads: team.count).forEach(on: team) { columns, _ in
      add(out, continuing, dout, N, C, columns)
    }
  }

  /// Some columns.
  static func add(
    _ out: UnsafeMutablePointer<Float>, _ continuing: Bool, _ dout: UnsafePointer<Float>, _ N: Int,
    _ C: Int, _ columns: Range<Int>
  ) {
    ColumnBlocks.visit(columns) { at in
      whole(out + at, continuing, dout + at, N, C)
    } vector: { at, count in
      var total = continuing ? cs_load_partial(out + at, count, 0) : SIMD16()
      for n in 0..<N { total += cs_load_partial(dout + n * C + at, count, 0) }
      cs_store_partial(out + at, total, count)
    }
  }

  /// Four vectors at a time: a cache line of every row is read once.
  @inline(__always)
  private static func whole(
    _ out: UnsafeMutablePointer<Float>, _ continuing: Bool, _ dout: UnsafePointer<Float>, _ N: Int,
    _ C: Int
  ) {
    var totals = InlineArray<4, SIMD16<Float>>(repeating: SIMD16())
    if continuing { for v in 0..<4 { totals[v] = Vector.load(out + 16 * v) } }
    for n in 0..<N { for v in 0..<4 { totals[v] += Vector.load(dout + n * C + 16 * v) } }
    for v in 0..<4 { Vector.store(out + 16 * v, totals[v]) }
  }
}
