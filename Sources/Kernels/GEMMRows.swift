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
private protocol PanelElement: TileElement {
  /// Panel j of a matrix that holds such numbers.
  static func panel(_ j: Int, of matrix: PackedMatrix) -> UnsafePointer<Self>
}

extension Float: PanelElement {
  @inline(__always)
  static func panel(_ j: Int, of matrix: PackedMatrix) -> UnsafePointer<Float> {
    UnsafePointer(matrix.floats(ofPanel: j))
  }
}

extension UInt16: PanelElement {
  @inline(__always)
  static func panel(_ j: Int, of matrix: PackedMatrix) -> UnsafePointer<UInt16> {
    UnsafePointer(matrix.halves(ofPanel: j))
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
    // Tiles of about the same height; a panel stays in L2 between them.
    let tiles = (M + t.MR - 1) / t.MR
    team.parallelShares(panels, grain: b.panelsAtATime) { range, _ in
      for panel in range {
        for tile in 0..<tiles {
          let first = M * tile / tiles
          strip(panel, first: first, rows: M * (tile + 1) / tiles - first)
        }
      }
    }
  }

  /// Rows first ..< first + rows of C over a panel, by a tile exactly as tall.
  private func strip(_ panel: Int, first: Int, rows: Int) {
    switch b.precision {
    case .f32: strip(Float.self, panel, first, rows)
    case .bf16: strip(UInt16.self, panel, first, rows)
    case .int8, .int4: preconditionFailure("GEMM.rows: \(b.precision) weights")
    }
  }

  @inline(__always)
  private func strip<Element: PanelElement>(
    _: Element.Type, _ panel: Int, _ first: Int, _ rows: Int
  ) {
    if Blocking.current.NV == 2 {
      switch rows {
      case 1: tile(Element.self, MicroKernel<1, 2>.self, panel, first)
      case 2: tile(Element.self, MicroKernel<2, 2>.self, panel, first)
      case 3: tile(Element.self, MicroKernel<3, 2>.self, panel, first)
      case 4: tile(Element.self, MicroKernel<4, 2>.self, panel, first)
      case 5: tile(Element.self, MicroKernel<5, 2>.self, panel, first)
      case 6: tile(Element.self, MicroKernel<6, 2>.self, panel, first)
      case 7: tile(Element.self, MicroKernel<7, 2>.self, panel, first)
      case 8: tile(Element.self, MicroKernel<8, 2>.self, panel, first)
      case 9: tile(Element.self, MicroKernel<9, 2>.self, panel, first)
      case 10: tile(Element.self, MicroKernel<10, 2>.self, panel, first)
      case 11: tile(Element.self, MicroKernel<11, 2>.self, panel, first)
      default: tile(Element.self, MicroKernel<12, 2>.self, panel, first)
      }
    } else {
      switch rows {
      case 1: tile(Element.self, MicroKernel<1, 1>.self, panel, first)
      case 2: tile(Element.self, MicroKernel<2, 1>.self, panel, first)
      case 3: tile(Element.self, MicroKernel<3, 1>.self, panel, first)
      case 4: tile(Element.self, MicroKernel<4, 1>.self, panel, first)
      case 5: tile(Element.self, MicroKernel<5, 1>.self, panel, first)
      default: tile(Element.self, MicroKernel<6, 1>.self, panel, first)
      }
    }
  }

  /// MR rows of A as they lie against a panel of B, which is one stream of memory: the processor's
  /// own prefetch follows it better than several, and better than prefetches written here.
  @inline(never)
  private func tile<Element: PanelElement, let MR: Int, let NV: Int>(
    _: Element.Type, _: MicroKernel<MR, NV>.Type, _ panel: Int, _ first: Int
  ) {
    let output = TileOutput<MR, NV>(
      c: c, ldc: ldc, N: b.N, start: start, adding: adding, first: first)
    // Before the tile is in registers, which no call would leave there.
    let (k, numbers) = (b.K, Element.panel(panel, of: b))
    var tile = MicroKernel<MR, NV>.zero()
    output.start(&tile, panel)
    MicroKernel<MR, NV>.chain(
      &tile, k: k, a: a + first * lda, aRow: lda, aStep: 1, b: numbers, ldb: 16 * NV)
    output.finish(&tile, panel)
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
