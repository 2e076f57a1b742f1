internal import CSupport

/// The register tile: C[MR, 16·NV] = start + A[MR, k]·B[k, 16·NV], each element one FMA chain over
/// k in order. Everything above only decides in which order tiles are visited.
struct MicroKernel<let MR: Int, let NV: Int> {
  typealias Row = InlineArray<NV, SIMD16<Float>>
  typealias Tile = InlineArray<MR, Row>

  /// The chain: `tile` goes in and comes out.
  /// - a: element (i, p) at `a[i * aRow + p * aStep]`: (1, MR) for a packed panel, (lda, 1) for rows
  ///   as they lie.
  /// - b: row p at `b + p * ldb`.
  @inline(__always)
  static func chain(
    _ tile: inout Tile, k: Int, a: UnsafePointer<Float>, aRow: Int, aStep: Int,
    b: UnsafePointer<Float>, ldb: Int
  ) {
    var (a, b) = (a, b)
    for _ in 0..<k {
      var row = Row(repeating: SIMD16())
      for j in 0..<NV { row[j] = Vector.load(b + 16 * j) }
      for i in 0..<MR {
        let broadcast = SIMD16<Float>(repeating: a[i * aRow])
        for j in 0..<NV { tile[i][j] = cs_fma(broadcast, row[j], tile[i][j]) }
      }
      a += aStep
      b += ldb
    }
  }

  /// Asks for a tile of C; addresses past the matrix do no harm.
  @inline(__always)
  static func prefetch(_ c: UnsafePointer<Float>, _ ldc: Int) {
    for i in 0..<MR { for j in 0..<NV { cs_prefetch(c + i * ldc + 16 * j) } }
  }

  /// Zeros. Written with a closure, which is inlined; `Tile(repeating:)` becomes a call that fills
  /// memory.
  @inline(__always)
  static func zero() -> Tile { Tile { _ in Row { _ in SIMD16() } } }

  /// A whole tile from memory, row i at `c + i * ldc`; `ldc` 0 repeats one row (a bias).
  @inline(__always)
  static func load(_ tile: inout Tile, _ c: UnsafePointer<Float>, _ ldc: Int) {
    for i in 0..<MR { for j in 0..<NV { tile[i][j] = Vector.load(c + i * ldc + 16 * j) } }
  }

  /// Adds a whole tile from memory.
  @inline(__always)
  static func add(_ tile: inout Tile, _ c: UnsafePointer<Float>, _ ldc: Int) {
    for i in 0..<MR { for j in 0..<NV { tile[i][j] += Vector.load(c + i * ldc + 16 * j) } }
  }

  /// A whole tile to memory.
  @inline(__always)
  static func store(_ tile: Tile, _ c: UnsafeMutablePointer<Float>, _ ldc: Int) {
    for i in 0..<MR { for j in 0..<NV { Vector.store(c + i * ldc + 16 * j, tile[i][j]) } }
  }

  /// `rows` × `columns` of a tile from memory; nothing outside is touched, there or here.
  @inline(__always)
  static func load(
    _ tile: inout Tile, _ c: UnsafePointer<Float>, _ ldc: Int, rows: Int, columns: Int
  ) {
    for i in 0..<MR where i < rows {
      for j in 0..<NV {
        let count = max(0, min(16, columns - 16 * j))
        if count > 0 { tile[i][j] = cs_load_partial(c + i * ldc + 16 * j, Int64(count), 0) }
      }
    }
  }

  /// Adds `rows` × `columns` of a tile from memory.
  @inline(__always)
  static func add(
    _ tile: inout Tile, _ c: UnsafePointer<Float>, _ ldc: Int, rows: Int, columns: Int
  ) {
    for i in 0..<MR where i < rows {
      for j in 0..<NV {
        let count = max(0, min(16, columns - 16 * j))
        if count > 0 { tile[i][j] += cs_load_partial(c + i * ldc + 16 * j, Int64(count), 0) }
      }
    }
  }

  /// `rows` × `columns` of a tile to memory.
  @inline(__always)
  static func store(
    _ tile: Tile, _ c: UnsafeMutablePointer<Float>, _ ldc: Int, rows: Int, columns: Int
  ) {
    for i in 0..<MR where i < rows {
      for j in 0..<NV {
        let count = max(0, min(16, columns - 16 * j))
        if count > 0 { cs_store_partial(c + i * ldc + 16 * j, tile[i][j], Int64(count)) }
      }
    }
  }
}

/// Loads and stores of the logical vector at any alignment.
public enum Vector {
  /// 16 floats at `p`.
  @inlinable @inline(__always)
  public static func load(_ p: UnsafePointer<Float>) -> SIMD16<Float> {
    UnsafeRawPointer(p).loadUnaligned(as: SIMD16<Float>.self)
  }

  /// Writes 16 floats at `p`.
  @inlinable @inline(__always)
  public static func store(_ p: UnsafeMutablePointer<Float>, _ v: SIMD16<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMD16<Float>.self)
  }

  /// Calls `body(at, 16)` for whole vectors of 0..<count and `body(at, rest)` for a last short one.
  @inlinable @inline(__always)
  public static func forEach(_ count: Int, _ body: (_ at: Int, _ count: Int64) -> Void) {
    var at = 0
    while at + 16 <= count {
      body(at, 16)
      at += 16
    }
    if at < count { body(at, Int64(count - at)) }
  }
}
