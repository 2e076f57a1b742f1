internal import CSupport
public import Machine

extension GEMM {
  /// Up to so many rows the packed operand is streamed by ``rows(_:ldc:M:a:lda:b:start:adding:on:)``.
  static var fewRows: Int { 2 * Blocking.current.MR }

  /// C (M, N) = start + A (M, K)·B (K, N) for few rows, decoding above all: B's panels pass once,
  /// from memory, through tiles as tall as A. The bits are those of
  /// ``multiply(_:ldc:M:N:K:a:b:start:adding:on:scratch:)``, whatever M is.
  /// - c: (M, N), `ldc` floats from row to row; must not overlap the operands.
  /// - a: (M, K), `lda` floats from row to row, read as it lies.
  /// - adding: (M, N) with `ldc`, added once to the finished element (a residual), or nil.
  public static func rows(
    _ c: UnsafeMutablePointer<Float>, ldc: Int, M: Int, a: UnsafePointer<Float>, lda: Int,
    b: PackedMatrix, start: Start = .zero, adding: UnsafePointer<Float>? = nil,
    on team: ThreadTeam
  ) {
    precondition(
      M >= 0 && ldc >= b.N && lda >= b.K, "GEMM.rows: M \(M) N \(b.N) K \(b.K) ldc \(ldc)")
    if M == 0 { return }
    RowsJob(c: c, ldc: ldc, M: M, a: a, lda: lda, b: b, start: start, adding: adding).run(on: team)
  }
}

/// Numbers that a panel may hold.
private protocol PanelElement {
  /// 16 of them as floats; exact.
  static func load(_ p: UnsafePointer<Self>) -> SIMD16<Float>
  /// Panel j of a matrix that holds such numbers.
  static func panel(_ j: Int, of matrix: PackedMatrix) -> UnsafePointer<Self>
}

extension Float: PanelElement {
  @inline(__always)
  static func load(_ p: UnsafePointer<Float>) -> SIMD16<Float> { Vector.load(p) }
  @inline(__always)
  static func panel(_ j: Int, of matrix: PackedMatrix) -> UnsafePointer<Float> {
    UnsafePointer(matrix.floats(ofPanel: j))
  }
}

/// bfloat16.
extension UInt16: PanelElement {
  @inline(__always)
  static func load(_ p: UnsafePointer<UInt16>) -> SIMD16<Float> { cs_load_bf16(p) }
  @inline(__always)
  static func panel(_ j: Int, of matrix: PackedMatrix) -> UnsafePointer<UInt16> {
    UnsafePointer(matrix.halves(ofPanel: j))
  }
}

/// The tile: MR rows of A as they lie against P neighbouring panels of B at once, so that memory
/// is read in P streams and the few chains of a row hide the latency of the FMA.
private struct PanelKernel<Element: PanelElement, let MR: Int, let NV: Int, let P: Int> {
  typealias Part = MicroKernel<MR, NV>
  typealias Tile = InlineArray<P, Part.Tile>

  /// Steps of k that the prefetch runs ahead: 4 KiB of a panel of two vectors.
  @inline(__always)
  static var ahead: Int { 32 }

  /// - a: element (i, p) at `a[i * lda + p]`; - b: row p of panel q at `b + q * panel + p * 16 * NV`.
  @inline(__always)
  static func chain(
    _ tile: inout Tile, k: Int, a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Element>,
    panel: Int
  ) {
    var b = b
    for p in 0..<k {
      for q in 0..<P {
        let from = b + q * panel
        var row = Part.Row(repeating: SIMD16())
        for v in 0..<NV {
          cs_prefetch(from + 16 * (v + NV * ahead))
          row[v] = Element.load(from + 16 * v)
        }
        for i in 0..<MR {
          let broadcast = SIMD16<Float>(repeating: a[i * lda + p])
          for v in 0..<NV { tile[q][i][v] = cs_fma(broadcast, row[v], tile[q][i][v]) }
        }
      }
      b += 16 * NV
    }
  }
}

/// The loops around the tile: panels are shared out; for each of them all rows of A pass.
private struct RowsJob {
  let c: UnsafeMutablePointer<Float>
  let ldc: Int
  let M: Int
  let a: UnsafePointer<Float>
  let lda: Int
  let b: PackedMatrix
  let start: GEMM.Start
  let adding: UnsafePointer<Float>?

  func run(on team: ThreadTeam) {
    let t = Blocking.current
    let panels = (b.N + t.NR - 1) / t.NR
    // A small product is not worth waking a team.
    let team = M * b.N * b.K < 1 << 15 ? ThreadTeam(count: 1) : team
    let share = (panels + team.count - 1) / team.count
    let tiles = (M + t.MR - 1) / t.MR
    team.parallelFor(panels, grain: share >= 16 ? 8 : min(4, share)) { range in
      if tiles == 1 {
        strip(range, first: 0, rows: M)
        return
      }
      for panel in range {
        // Tiles of about the same height; the panel stays in L2 between them.
        for tile in 0..<tiles {
          let first = M * tile / tiles
          strip(panel..<panel + 1, first: first, rows: M * (tile + 1) / tiles - first)
        }
      }
    }
  }

  /// Rows first ..< first + rows of C over some panels, by a tile exactly as tall.
  private func strip(_ panels: Range<Int>, first: Int, rows: Int) {
    switch b.precision {
    case .f32: strip(Float.self, panels, first: first, rows: rows)
    case .bf16: strip(UInt16.self, panels, first: first, rows: rows)
    case .int8, .int4: preconditionFailure("GEMM.rows: \(b.precision) weights")
    }
  }

  @inline(__always)
  private func strip<Element: PanelElement>(
    _: Element.Type, _ panels: Range<Int>, first: Int, rows: Int
  ) {
    if Blocking.current.NV == 2 {
      switch rows {
      case 1: strip(PanelKernel<Element, 1, 2, 4>.self, panels, first)
      case 2: strip(PanelKernel<Element, 2, 2, 4>.self, panels, first)
      case 3: strip(PanelKernel<Element, 3, 2, 2>.self, panels, first)
      case 4: strip(PanelKernel<Element, 4, 2, 2>.self, panels, first)
      case 5: strip(PanelKernel<Element, 5, 2, 2>.self, panels, first)
      case 6: strip(PanelKernel<Element, 6, 2, 2>.self, panels, first)
      case 7: strip(PanelKernel<Element, 7, 2, 1>.self, panels, first)
      case 8: strip(PanelKernel<Element, 8, 2, 1>.self, panels, first)
      case 9: strip(PanelKernel<Element, 9, 2, 1>.self, panels, first)
      case 10: strip(PanelKernel<Element, 10, 2, 1>.self, panels, first)
      case 11: strip(PanelKernel<Element, 11, 2, 1>.self, panels, first)
      default: strip(PanelKernel<Element, 12, 2, 1>.self, panels, first)
      }
    } else {
      switch rows {
      case 1: strip(PanelKernel<Element, 1, 1, 4>.self, panels, first)
      case 2: strip(PanelKernel<Element, 2, 1, 2>.self, panels, first)
      case 3: strip(PanelKernel<Element, 3, 1, 2>.self, panels, first)
      case 4: strip(PanelKernel<Element, 4, 1, 1>.self, panels, first)
      case 5: strip(PanelKernel<Element, 5, 1, 1>.self, panels, first)
      default: strip(PanelKernel<Element, 6, 1, 1>.self, panels, first)
      }
    }
  }

  @inline(never)
  private func strip<Element: PanelElement, let MR: Int, let NV: Int, let P: Int>(
    _: PanelKernel<Element, MR, NV, P>.Type, _ panels: Range<Int>, _ first: Int
  ) {
    var panel = panels.lowerBound
    while panel + P <= panels.upperBound && (panel + P) * 16 * NV <= b.N {
      tile(PanelKernel<Element, MR, NV, P>.self, panel, first)
      panel += P
    }
    while panel < panels.upperBound {
      tile(PanelKernel<Element, MR, NV, 1>.self, panel, first)
      panel += 1
    }
  }

  /// Panels panel ..< panel + P; only the last panel of all, alone, may be short.
  @inline(__always)
  private func tile<Element: PanelElement, let MR: Int, let NV: Int, let P: Int>(
    _: PanelKernel<Element, MR, NV, P>.Type, _ panel: Int, _ first: Int
  ) {
    let output = TileOutput<MR, NV>(
      c: c, ldc: ldc, N: b.N, start: start, adding: adding, first: first)
    var tile = PanelKernel<Element, MR, NV, P>.Tile(repeating: MicroKernel<MR, NV>.zero())
    for q in 0..<P { output.start(&tile[q], panel + q) }
    PanelKernel<Element, MR, NV, P>.chain(
      &tile, k: b.K, a: a + first * lda, lda: lda, b: Element.panel(panel, of: b),
      panel: b.K * 16 * NV)
    for q in 0..<P { output.finish(&tile[q], panel + q) }
  }
}

/// A tile's place in C: MR rows from `first` on, of one panel's columns.
struct TileOutput<let MR: Int, let NV: Int> {
  typealias Kernel = MicroKernel<MR, NV>

  let c: UnsafeMutablePointer<Float>
  let ldc: Int
  let N: Int
  let start: GEMM.Start
  let adding: UnsafePointer<Float>?
  let first: Int

  /// What the tile of panel j starts from, instead of zeros.
  @inline(__always)
  func start(_ tile: inout Kernel.Tile, _ j: Int) {
    switch start {
    case .zero: break
    case .bias(let bias): load(&tile, bias + j * 16 * NV, 0, j)
    case .accumulate: load(&tile, c + at(j), ldc, j)
    }
  }

  /// Adds what is to be added and stores the tile.
  @inline(__always)
  func finish(_ tile: inout Kernel.Tile, _ j: Int) {
    if let adding {
      if columns(j) == 16 * NV {
        Kernel.add(&tile, adding + at(j), ldc)
      } else {
        Kernel.add(&tile, adding + at(j), ldc, rows: MR, columns: columns(j))
      }
    }
    if columns(j) == 16 * NV {
      Kernel.store(tile, c + at(j), ldc)
    } else {
      Kernel.store(tile, c + at(j), ldc, rows: MR, columns: columns(j))
    }
  }

  @inline(__always)
  private func at(_ j: Int) -> Int { first * ldc + j * 16 * NV }

  @inline(__always)
  private func columns(_ j: Int) -> Int { min(16 * NV, N - j * 16 * NV) }

  @inline(__always)
  private func load(
    _ tile: inout Kernel.Tile, _ from: UnsafePointer<Float>, _ stride: Int, _ j: Int
  ) {
    if columns(j) == 16 * NV {
      Kernel.load(&tile, from, stride)
    } else {
      Kernel.load(&tile, from, stride, rows: MR, columns: columns(j))
    }
  }
}
