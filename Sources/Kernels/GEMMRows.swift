internal import CSupport
public import Machine

extension GEMM {
  /// Up to so many rows the packed operand is streamed by ``rows(_:ldc:M:a:lda:b:start:adding:on:)``.
  static let fewRows = 24

  /// C (M, N) = start + A (M, K)·B (K, N) for few rows, decoding above all: B's panels pass once,
  /// from memory, through tiles of about the same height. The bits are those of
  /// ``multiply(_:ldc:M:N:K:a:b:start:adding:on:scratch:)``, whatever M is.
  /// - c: (M, N), `ldc` floats from row to row; must not overlap the operands.
  /// - a: (M, K), `lda` floats from row to row, read as it lies.
  /// - adding: (M, N) with `ldc`, added once to the finished element (a residual), or nil; not C.
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

  /// Rows of a panel that stay in L1 while the tiles pass: 16 KB of floats.
  private static let depth = 4096 / Blocking.current.NR

  func run(on team: ThreadTeam) {
    let t = Blocking.current
    let panels = (b.N + t.NR - 1) / t.NR
    // A small product is not worth waking a team.
    let team = M * b.N * b.K < 1 << 15 ? ThreadTeam(count: 1) : team
    team.parallelShares(panels, grain: b.panelsAtATime) { range, _ in
      for panel in range {
        switch b.precision {
        case .f32: multiply(Float.self, panel)
        case .bf16: multiply(UInt16.self, panel)
        case .int8, .int4: preconditionFailure("GEMM.rows: \(b.precision) weights")
        }
      }
    }
  }

  /// All rows of C over a panel. A single tile reads one stream of memory. Several tiles, of about the
  /// same height, take a chunk of the panel after each other, and meanwhile ask for the next one, each
  /// for a part.
  @inline(__always)
  private func multiply<Element: PanelElement>(_: Element.Type, _ panel: Int) {
    let t = Blocking.current
    let numbers = Element.panel(panel, of: b)
    let tiles = (M + t.MR - 1) / t.MR
    if tiles == 1 {
      var chunk = PanelChunk(numbers, panel, 0..<b.K)
      if Element.self != Float.self { chunk.ask(bytesAhead: t.streamAhead) }
      strip(chunk, first: 0, rows: M)
      return
    }
    for k in stride(from: 0, to: b.K, by: Self.depth) {
      var chunk = PanelChunk(numbers + k * t.NR, panel, k..<min(k + Self.depth, b.K))
      for tile in 0..<tiles {
        chunk.ask(part: tile, of: tiles)
        let first = M * tile / tiles
        strip(chunk, first: first, rows: M * (tile + 1) / tiles - first)
      }
    }
  }

  /// Rows first ..< first + rows of C over a chunk, by a tile exactly as tall.
  @inline(__always)
  private func strip<Element: TileElement>(
    _ chunk: PanelChunk<Element>, first: Int, rows: Int
  ) {
    if Blocking.current.NV == 2 {
      switch rows {
      case 1: tile(MicroKernel<1, 2>.self, chunk, first)
      case 2: tile(MicroKernel<2, 2>.self, chunk, first)
      case 3: tile(MicroKernel<3, 2>.self, chunk, first)
      case 4: tile(MicroKernel<4, 2>.self, chunk, first)
      case 5: tile(MicroKernel<5, 2>.self, chunk, first)
      case 6: tile(MicroKernel<6, 2>.self, chunk, first)
      case 7: tile(MicroKernel<7, 2>.self, chunk, first)
      case 8: tile(MicroKernel<8, 2>.self, chunk, first)
      case 9: tile(MicroKernel<9, 2>.self, chunk, first)
      case 10: tile(MicroKernel<10, 2>.self, chunk, first)
      case 11: tile(MicroKernel<11, 2>.self, chunk, first)
      default: tile(MicroKernel<12, 2>.self, chunk, first)
      }
    } else {
      switch rows {
      case 1: tile(MicroKernel<1, 1>.self, chunk, first)
      case 2: tile(MicroKernel<2, 1>.self, chunk, first)
      case 3: tile(MicroKernel<3, 1>.self, chunk, first)
      case 4: tile(MicroKernel<4, 1>.self, chunk, first)
      case 5: tile(MicroKernel<5, 1>.self, chunk, first)
      default: tile(MicroKernel<6, 1>.self, chunk, first)
      }
    }
  }

  /// MR rows of A as they lie against a chunk.
  @inline(never)
  private func tile<Element: TileElement, let MR: Int, let NV: Int>(
    _: MicroKernel<MR, NV>.Type, _ chunk: PanelChunk<Element>, _ first: Int
  ) {
    let output = TileOutput<MR, NV>(
      c: c, ldc: ldc, N: b.N, start: start, adding: adding, first: first)
    // Before the tile is in registers, which no call would leave there.
    let (panel, rows, K) = (chunk.panel, chunk.rows, b.K)
    var tile = MicroKernel<MR, NV>.zero()
    output.start(&tile, panel, fromC: rows.lowerBound > 0)
    MicroKernel<MR, NV>.chain(
      &tile, k: rows.count, a: a + first * lda + rows.lowerBound, aRow: lda, b: chunk.numbers,
      ahead: chunk.ahead, every: chunk.every)
    output.finish(&tile, panel, last: rows.upperBound == K)
  }
}

/// Rows of a panel, and what is asked for while a tile passes over them.
private struct PanelChunk<Element: TileElement> {
  let numbers: UnsafePointer<Element>
  let panel: Int
  let rows: Range<Int>
  /// The first of the cache lines that are asked for, one every so many rows.
  private(set) var ahead: UnsafeRawPointer
  private(set) var every = Int.max

  init(_ numbers: UnsafePointer<Element>, _ panel: Int, _ rows: Range<Int>) {
    (self.numbers, self.panel, self.rows) = (numbers, panel, rows)
    ahead = UnsafeRawPointer(numbers)
  }

  private var rowBytes: Int { Blocking.current.NR * MemoryLayout<Element>.stride }

  /// A part of the chunk that lies behind this one, in this panel or the next.
  mutating func ask(part: Int, of parts: Int) {
    let bytes = rows.count * rowBytes
    ahead = UnsafeRawPointer(numbers) + bytes + bytes * part / parts
    every = max(1, CacheLine.bytes * parts / rowBytes)
  }

  /// Everything, so far ahead; 0 is nothing.
  mutating func ask(bytesAhead: Int) {
    if bytesAhead == 0 { return }
    ahead = UnsafeRawPointer(numbers) + bytesAhead
    every = max(1, CacheLine.bytes / rowBytes)
  }
}
