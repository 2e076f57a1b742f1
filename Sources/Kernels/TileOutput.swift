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
  /// - fromC: it goes on from what `finish` has stored.
  @inline(__always)
  func start(_ tile: inout Kernel.Tile, _ j: Int, fromC: Bool) {
    switch fromC ? .accumulate : start {
    case .zero: break
    case .bias(let bias): load(&tile, bias + j * 16 * NV, 0, j)
    case .accumulate: load(&tile, c + at(j), ldc, j)
    }
  }

  /// Stores the tile, the last time with what is to be added.
  @inline(__always)
  func finish(_ tile: inout Kernel.Tile, _ j: Int, last: Bool) {
    if last, let adding {
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
