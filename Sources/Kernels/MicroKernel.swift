internal import CSupport
import Machine

/// Numbers that the right operand of a register tile may hold.
protocol TileElement {
  /// 16 of them as floats; exact.
  static func load(_ p: UnsafePointer<Self>) -> SIMD16<Float>
}

extension Float: TileElement {
  @inline(__always)
  static func load(_ p: UnsafePointer<Float>) -> SIMD16<Float> { Vector.load(p) }
}

/// bfloat16.
extension UInt16: TileElement {
  @inline(__always)
  static func load(_ p: UnsafePointer<UInt16>) -> SIMD16<Float> { cs_load_bf16(p) }
}

/// The register tile: C[MR, 16·NV] = start + A[MR, k]·B[k, 16·NV], each element one FMA chain over
/// k in order. Everything above only decides in which order tiles are visited.
struct MicroKernel<let MR: Int, let NV: Int> {
  typealias Row = InlineArray<NV, SIMD16<Float>>
  typealias Tile = InlineArray<MR, Row>

  /// The chain: `tile` goes in and comes out.
  /// - a: element (i, p) at `a[i * aRow + p * aStep]`: (1, MR) for a packed panel, (lda, 1) for rows
  ///   as they lie.
  /// - b: row p at `b + p * ldb`.
  /// - ahead: how far from each number of B lies the one that is asked for meanwhile; 0 is none.
  @inline(__always)
  static func chain<Element: TileElement>(
    _ tile: inout Tile, k: Int, a: UnsafePointer<Float>, aRow: Int, aStep: Int,
    b: UnsafePointer<Element>, ldb: Int, ahead: Int = 0
  ) {
    var (a, b) = (a, b)
    for _ in 0..<k {
      if ahead != 0 {
        for byte in stride(from: 0, to: 16 * NV * MemoryLayout<Element>.stride, by: CacheLine.bytes)
        {
          cs_prefetch_l2(UnsafeRawPointer(b + ahead) + byte)
        }
      }
      step(&tile, a, aRow, b)
      a += aStep
      b += ldb
    }
  }

  /// The chain over a panel, row p of B at `b + p * 16 * NV`, with rows of A as they lie. Meanwhile it
  /// asks for the cache lines from `ahead` on, one every `steps` steps.
  @inline(__always)
  static func chain<Element: TileElement>(
    _ tile: inout Tile, k: Int, a: UnsafePointer<Float>, aRow: Int, b: UnsafePointer<Element>,
    ahead: UnsafeRawPointer, every steps: Int
  ) {
    var (a, b, left, line) = (a, b, k, ahead)
    while left >= steps {
      cs_prefetch_l2(line)
      line += CacheLine.bytes
      for _ in 0..<steps {
        step(&tile, a, aRow, b)
        a += 1
        b += 16 * NV
      }
      left -= steps
    }
    for _ in 0..<left {
      step(&tile, a, aRow, b)
      a += 1
      b += 16 * NV
    }
  }

  /// The chain over packed panels, element (i, p) of A at `a[p * MR + i]`, row p of B at
  /// `b + p * 16 * NV`. Meanwhile it asks for `ahead`, a cache line every four steps: what comes
  /// after these panels is in L2 when its turn comes.
  @inline(__always)
  static func chain(
    _ tile: inout Tile, k: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>,
    ahead: inout Ahead
  ) {
    var (a, b, left) = (a, b, k)
    while left >= 4 {
      ahead.askForOne()
      for _ in 0..<4 {
        step(&tile, a, 1, b)
        a += MR
        b += 16 * NV
      }
      left -= 4
    }
    chain(&tile, k: left, a: a, aRow: 1, aStep: MR, b: b, ldb: 16 * NV)
  }

  @inline(__always)
  private static func step<Element: TileElement>(
    _ tile: inout Tile, _ a: UnsafePointer<Float>, _ aRow: Int, _ b: UnsafePointer<Element>
  ) {
    let row = Row { j in Element.load(b + 16 * j) }
    for i in 0..<MR {
      let broadcast = SIMD16<Float>(repeating: a[i * aRow])
      for j in 0..<NV { tile[i][j] = cs_fma(broadcast, row[j], tile[i][j]) }
    }
  }

  /// Asks for a tile of C; addresses past the matrix do no harm. Into L2 only: rows at a distance of
  /// 4,096 bytes have one set of L1 for all of them.
  @inline(__always)
  static func prefetch(_ c: UnsafePointer<Float>, _ ldc: Int) {
    for i in 0..<MR { for j in 0..<NV { cs_prefetch_l2(c + i * ldc + 16 * j) } }
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
        tile[i][j] = cs_load_partial(c + i * ldc + 16 * j, Int64(count), 0)
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
        tile[i][j] += cs_load_partial(c + i * ldc + 16 * j, Int64(count), 0)
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
        cs_store_partial(c + i * ldc + 16 * j, tile[i][j], Int64(count))
      }
    }
  }
}
