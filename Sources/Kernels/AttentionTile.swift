internal import CSupport
import Machine

/// Sizes of one head's attention and the page layout shared by training, prefill and decode.
///
/// Keys come in pages of 64 ``positions``, aligned to position 0, stored d-major: page p holds
/// `k[d * 64 + j]` for key 64·p + j. Values come in pages of 64 rows of `Dp` floats, D rounded up
/// to 16. A page is a tile of the online softmax, so the three uses have the same bits.
public enum AttentionPage {
  /// Positions in a page, which is a tile of keys.
  public static let positions = 64
  /// Vectors of 16 positions in a row of a tile.
  static let vectors = positions / 16

  /// The head size in whole vectors.
  public static func paddedHeadSize(_ D: Int) -> Int { (D + 15) / 16 * 16 }

  /// Floats of a page of keys.
  public static func keyCount(_ D: Int) -> Int { D * positions }

  /// Floats of a page of values.
  public static func valueCount(_ D: Int) -> Int { paddedHeadSize(D) * positions }

  /// Writes the keys at `slot` (0..<64) of a page and the slots after it. - keys: (count, D), `ld`
  /// floats from row to row.
  public static func storeKeys(
    _ keys: UnsafePointer<Float>, ld: Int, count: Int, D: Int, slot: Int,
    page: UnsafeMutablePointer<Float>
  ) {
    // Four keys at a time, sixteen of their numbers; then what is left of both.
    let (rows, columns) = (count / 4 * 4, D / 16 * 16)
    for i in stride(from: 0, to: rows, by: 4) {
      for d in stride(from: 0, to: columns, by: 16) {
        cs_transpose_4x16(
          keys + i * ld + d, Int64(ld), page + d * positions + slot + i, Int64(positions))
      }
    }
    for i in 0..<count {
      for d in (i < rows ? columns : 0)..<D { page[d * positions + slot + i] = keys[i * ld + d] }
    }
  }

  /// Writes the values at `slot` of a page and the slots after it; the padding is zero.
  /// - values: (count, D), `ld` floats from row to row.
  public static func storeValues(
    _ values: UnsafePointer<Float>, ld: Int, count: Int, D: Int, slot: Int,
    page: UnsafeMutablePointer<Float>
  ) {
    let Dp = paddedHeadSize(D)
    for i in 0..<count {
      Vector.forEach(D) { at, n in
        Vector.store(page + (slot + i) * Dp + at, cs_load_partial(values + i * ld + at, n, 0))
      }
    }
  }

  /// ``storeKeys(_:ld:count:D:slot:page:)`` in a page of bfloat16 numbers.
  public static func storeKeys(
    _ keys: UnsafePointer<Float>, ld: Int, count: Int, D: Int, slot: Int,
    page: UnsafeMutablePointer<UInt16>
  ) {
    for i in 0..<count {
      Vector.forEach(D) { at, n in
        let rounded = BFloat16.rounded(cs_load_partial(keys + i * ld + at, n, 0))
        for lane in 0..<Int(n) { page[(at + lane) * positions + slot + i] = rounded[lane] }
      }
    }
  }

  /// ``storeValues(_:ld:count:D:slot:page:)`` in a page of bfloat16 numbers.
  public static func storeValues(
    _ values: UnsafePointer<Float>, ld: Int, count: Int, D: Int, slot: Int,
    page: UnsafeMutablePointer<UInt16>
  ) {
    let Dp = paddedHeadSize(D)
    for i in 0..<count {
      Vector.forEach(D) { at, n in
        let rounded = BFloat16.rounded(cs_load_partial(values + i * ld + at, n, 0))
        UnsafeMutableRawPointer(page + (slot + i) * Dp + at)
          .storeBytes(of: rounded, as: SIMD16<UInt16>.self)
      }
    }
  }
}

/// Causal attention of a block of query rows of one head: online softmax over key pages (Milakov
/// and Gimelshein 2018; Dao et al. 2022), row by row independent of the other rows.
enum AttentionRows {
  /// Query rows handled together: a multiple of every register tile's height.
  static let block = 48

  /// What ``run`` computes in.
  struct Buffers {
    /// (block, positions) and (block, Dp).
    let scores, o: UnsafeMutablePointer<Float>
    /// The rows' maxima, their sums, and the factors for a new maximum: (block).
    let maxima, sums, factors: UnsafeMutablePointer<Float>

    @inline(__always)
    init(_ layout: inout ArenaLayout, _ D: Int) {
      scores = layout.take(block * AttentionPage.positions)
      o = layout.take(block * AttentionPage.paddedHeadSize(D))
      (maxima, sums, factors) = (layout.take(block), layout.take(block), layout.take(block))
    }
  }

  /// - out: row r at `out + r * outStride`, D floats.
  /// - rowMax, rowInverse: (rows) the softmax's maximum and 1/sum of each row, or nil.
  /// - q: row r at `q + r * qStride`, D floats, already scaled.
  /// - firstPosition: the position of row 0; row r sees keys 0...firstPosition + r.
  /// - keyPages, valuePages: page p's first number.
  /// - ahead: how far from each number of a page lies the one that is asked for meanwhile; 0 is none.
  @inline(never)
  static func run<Element: TileElement>(
    out: UnsafeMutablePointer<Float>, outStride: Int, rowMax: UnsafeMutablePointer<Float>?,
    rowInverse: UnsafeMutablePointer<Float>?, q: UnsafePointer<Float>, qStride: Int, rows: Int,
    firstPosition: Int, D: Int, keyPages: (Int) -> UnsafePointer<Element>,
    valuePages: (Int) -> UnsafePointer<Element>, ahead: Int, buffers: Buffers
  ) {
    precondition(rows <= block, "AttentionRows: \(rows) rows > \(block)")
    let (Dp, width) = (AttentionPage.paddedHeadSize(D), AttentionPage.positions)
    let (scores, o) = (buffers.scores, buffers.o)
    let (maxima, sums, factors) = (buffers.maxima, buffers.sums, buffers.factors)
    for r in 0..<rows {
      maxima[r] = -.infinity
      sums[r] = 0
    }
    for i in 0..<(rows * Dp) { o[i] = 0 }
    let lastPosition = firstPosition + rows - 1
    for page in 0...(lastPosition / width) {
      let firstKey = page * width
      let keys = min(width, lastPosition + 1 - firstKey)
      Tile.multiply(
        scores, width, m: rows, n: (keys + 15) / 16 * 16, k: D, a: q, aRow: qStride, aStep: 1,
        b: keyPages(page), ldb: width, ahead: ahead, accumulate: false)
      for r in stride(from: 0, to: rows, by: 16) {
        softmax(
          scores + r * width, rows: min(16, rows - r), visible: firstPosition + r - firstKey + 1,
          max: maxima + r, sum: sums + r, factor: factors + r, o: o + r * Dp, Dp)
      }
      Tile.multiply(
        o, Dp, m: rows, n: Dp, k: keys, a: scores, aRow: width, aStep: 1, b: valuePages(page),
        ldb: Dp, ahead: ahead, accumulate: true)
    }
    for r in 0..<rows {
      let inverse = 1 / sums[r]
      Vector.forEach(D) { at, count in
        cs_store_partial(out + r * outStride + at, Vector.load(o + r * Dp + at) * inverse, count)
      }
      rowMax?[r] = maxima[r]
      rowInverse?[r] = inverse
    }
  }

  /// Up to 16 rows of one page: scores become e^(score - max), `sum` and `o` take a factor for the
  /// new max; the rows' factors are the lanes of one exponential.
  /// - visible: keys that the first row sees, maybe more than the page has; each row sees one more than
  ///   the one before. A row that sees none, in a block that crosses a page's end, changes nothing.
  @inline(__always)
  private static func softmax(
    _ scores: UnsafeMutablePointer<Float>, rows: Int, visible: Int,
    max: UnsafeMutablePointer<Float>, sum: UnsafeMutablePointer<Float>,
    factor: UnsafeMutablePointer<Float>, o: UnsafeMutablePointer<Float>, _ Dp: Int
  ) {
    let width = AttentionPage.positions
    let old = cs_load_partial(max, Int64(rows), 0)
    for r in 0..<rows {
      let row = scores + r * width
      if visible + r < width {
        for v in 0..<AttentionPage.vectors {
          let hidden = Vector.lanes .>= Float(visible + r - 16 * v)
          let shown = Vector.load(row + 16 * v).replacing(with: -.infinity, where: hidden)
          Vector.store(row + 16 * v, shown)
        }
      }
      let top = cs_hmax(
        cs_max(
          cs_max(Vector.load(row), Vector.load(row + 16)),
          cs_max(Vector.load(row + 32), Vector.load(row + 48))))
      if top > max[r] { max[r] = top }
    }
    let new = cs_load_partial(max, Int64(rows), 0)
    cs_store_partial(factor, VectorMath.exp(old - new), Int64(rows))
    for r in 0..<rows {
      let row = scores + r * width
      var s = InlineArray<4, SIMD16<Float>> { _ in SIMD16() }
      for v in 0..<AttentionPage.vectors {
        s[v] = VectorMath.exp(Vector.load(row + 16 * v) - max[r])
        Vector.store(row + 16 * v, s[v])
      }
      sum[r] = cs_sum((s[0] + s[1]) + (s[2] + s[3])) + sum[r] * factor[r]
      if factor[r] != 1 {
        for d in stride(from: 0, to: Dp, by: 16) {
          Vector.store(o + r * Dp + d, Vector.load(o + r * Dp + d) * factor[r])
        }
      }
    }
  }
}
