internal import CSupport

/// Products of small matrices that lie in the caches, out of register tiles; the same chains as
/// ``GEMM`` without its packing.
enum Tile {
  /// C (m, n) = start + A (m, k)·B (k, n), start being 0 or, with `accumulate`, the old C. Each
  /// element is one FMA chain over k in order, whatever m is.
  /// - a: element (i, p) at `a[i * aRow + p * aStep]`.
  /// - b: row p at `b + p * ldb`; n is a multiple of 16 and all of its columns may be read.
  /// - ahead: how far from each number of B lies the one that is asked for meanwhile; 0 is none.
  @inline(__always)
  static func multiply<Element: TileElement>(
    _ c: UnsafeMutablePointer<Float>, _ ldc: Int, m: Int, n: Int, k: Int,
    a: UnsafePointer<Float>, aRow: Int, aStep: Int, b: UnsafePointer<Element>, ldb: Int,
    ahead: Int = 0, accumulate: Bool
  ) {
    if Blocking.current.NV == 2 {
      multiply(
        MicroKernel<12, 2>.self, MicroKernel<12, 1>.self, MicroKernel<4, 4>.self,
        MicroKernel<1, 4>.self, c, ldc, m, n, k, a, aRow, aStep, b, ldb, ahead, accumulate)
    } else {
      multiply(
        MicroKernel<6, 1>.self, MicroKernel<6, 1>.self, MicroKernel<4, 1>.self,
        MicroKernel<1, 4>.self, c, ldc, m, n, k, a, aRow, aStep, b, ldb, ahead, accumulate)
    }
  }

  /// Rows by whole tiles, then by fours, then one by one.
  @inline(never)
  private static func multiply<
    Element: TileElement, let MR: Int, let NV: Int, let narrow: Int, let few: Int, let wide: Int
  >(
    _ tile: MicroKernel<MR, NV>.Type, _ edge: MicroKernel<MR, narrow>.Type,
    _ four: MicroKernel<4, few>.Type, _ row: MicroKernel<1, wide>.Type,
    _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ m: Int, _ n: Int, _ k: Int,
    _ a: UnsafePointer<Float>, _ aRow: Int, _ aStep: Int, _ b: UnsafePointer<Element>, _ ldb: Int,
    _ ahead: Int, _ accumulate: Bool
  ) {
    var i = 0
    while i + MR <= m {
      rows(
        tile, edge, c + i * ldc, ldc, n, k, a + i * aRow, aRow, aStep, b, ldb, ahead, accumulate)
      i += MR
    }
    while i + 4 <= m {
      rows(
        four, MicroKernel<4, 1>.self, c + i * ldc, ldc, n, k, a + i * aRow, aRow, aStep, b, ldb,
        ahead,
        accumulate)
      i += 4
    }
    while i < m {
      rows(
        row, MicroKernel<1, 1>.self, c + i * ldc, ldc, n, k, a + i * aRow, aRow, aStep, b, ldb,
        ahead,
        accumulate)
      i += 1
    }
  }

  /// MR rows: tiles of NV vectors, then of `narrow`.
  @inline(__always)
  private static func rows<Element: TileElement, let MR: Int, let NV: Int, let narrow: Int>(
    _ tile: MicroKernel<MR, NV>.Type, _ edge: MicroKernel<MR, narrow>.Type,
    _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>,
    _ aRow: Int, _ aStep: Int, _ b: UnsafePointer<Element>, _ ldb: Int, _ ahead: Int,
    _ accumulate: Bool
  ) {
    var j = 0
    while j + 16 * NV <= n {
      one(tile, c + j, ldc, k, a, aRow, aStep, b + j, ldb, ahead, accumulate)
      j += 16 * NV
    }
    while j < n {
      one(edge, c + j, ldc, k, a, aRow, aStep, b + j, ldb, ahead, accumulate)
      j += 16 * narrow
    }
  }

  @inline(__always)
  private static func one<Element: TileElement, let MR: Int, let NV: Int>(
    _: MicroKernel<MR, NV>.Type, _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ k: Int,
    _ a: UnsafePointer<Float>, _ aRow: Int, _ aStep: Int, _ b: UnsafePointer<Element>, _ ldb: Int,
    _ ahead: Int, _ accumulate: Bool
  ) {
    var tile = MicroKernel<MR, NV>.zero()
    if accumulate { MicroKernel<MR, NV>.load(&tile, c, ldc) }
    MicroKernel<MR, NV>.chain(
      &tile, k: k, a: a, aRow: aRow, aStep: aStep, b: b, ldb: ldb, ahead: ahead)
    MicroKernel<MR, NV>.store(tile, c, ldc)
  }
}
