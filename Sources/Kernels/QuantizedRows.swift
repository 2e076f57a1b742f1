internal import CSupport
import Machine

extension GEMM {
  /// ``multiply(_:ldc:M:N:K:a:b:start:adding:on:scratch:)`` with weights in 8 or 4 bits, for any
  /// number of rows: an element starts where `start` says and adds, group by group in order,
  /// scale(a)·scale(b)·Σ, the integers' sum being exact. So it depends on its row and column alone.
  static func quantized(
    _ c: UnsafeMutablePointer<Float>, ldc: Int, M: Int, a: UnsafePointer<Float>, lda: Int,
    b: PackedMatrix, start: Start, adding: UnsafePointer<Float>?, on team: ThreadTeam,
    activations: QuantizedActivations
  ) {
    let layout = QuantizedLayout(b.precision == .int8 ? .eight : .four, K: b.K)
    let a = activations.quantize(a, lda: lda, M: M, layout: layout, on: team)
    QuantizedJob(
      c: c, ldc: ldc, M: M, a: a, b: b, layout: layout, start: start, adding: adding
    ).run(on: team)
  }
}

/// The tile: MR rows against P neighbouring panels.
private struct QuantizedKernel<let MR: Int, let NV: Int, let P: Int> {
  typealias Tile = InlineArray<P, MicroKernel<MR, NV>.Tile>
  typealias Sums = InlineArray<P, InlineArray<MR, InlineArray<NV, SIMD16<Int32>>>>

  /// - first: the first row of `a`; - b: panel q at `b + q * layout.panelBytes`.
  @inline(__always)
  static func chain(
    _ tile: inout Tile, _ width: QuantizedLayout.Width, _ layout: QuantizedLayout,
    a: QuantizedActivations.View, first: Int, b: UnsafePointer<UInt8>
  ) {
    let group = QuantizedLayout.group(width)
    let (groups, groupBytes, panelBytes) = (
      layout.groups, 32 * NV + group * 16 * NV / (width == .eight ? 1 : 2), layout.panelBytes
    )
    for g in 0..<groups {
      let base = b + g * groupBytes
      var sums = Sums(repeating: InlineArray(repeating: InlineArray(repeating: SIMD16())))
      for i in 0..<MR {
        let start = SIMD16<Int32>(
          repeating: -QuantizedLayout.offset(width) &* a.sums[(first + i) * groups + g])
        for q in 0..<P { for v in 0..<NV { sums[q][i][v] = start } }
      }
      let quads = a.quads + first * a.quadStride + g * group / 4
      for block in 0..<(group / (width == .eight ? 4 : 8)) {
        for q in 0..<P {
          let from = base + q * panelBytes + 32 * NV + block * 64 * NV
          for v in 0..<NV {
            cs_prefetch(from + 64 * v + 4096)
            let bytes = cs_load_bytes(from + 64 * v)
            if width == .eight {
              for i in 0..<MR {
                sums[q][i][v] = cs_dot4(sums[q][i][v], bytes, quads[i * a.quadStride + block])
              }
            } else {
              let (low, high) = (cs_low_nibbles(bytes), cs_high_nibbles(bytes))
              for i in 0..<MR {
                let at = i * a.quadStride + 2 * block
                sums[q][i][v] = cs_dot4(
                  cs_dot4(sums[q][i][v], low, quads[at]), high, quads[at + 1])
              }
            }
          }
        }
      }
      for q in 0..<P {
        let scales = UnsafeRawPointer(base + q * panelBytes).assumingMemoryBound(to: UInt16.self)
        for v in 0..<NV {
          let scale = cs_load_bf16(scales + 16 * v)
          for i in 0..<MR {
            tile[q][i][v] = cs_fma(
              cs_float(sums[q][i][v]), scale * a.scales[(first + i) * groups + g], tile[q][i][v])
          }
        }
      }
    }
  }
}

/// The loops around the tile: panels are shared out, and blocks of rows where there are many; for
/// each panel the rows of the block pass.
private struct QuantizedJob {
  let c: UnsafeMutablePointer<Float>
  let ldc: Int
  let M: Int
  let a: QuantizedActivations.View
  let b: PackedMatrix
  let layout: QuantizedLayout
  let start: GEMM.Start
  let adding: UnsafePointer<Float>?

  /// Rows of A that stay in L2 while panels pass.
  private static let blockRows = 96

  func run(on team: ThreadTeam) {
    if layout.width == .eight { run(.eight, on: team) } else { run(.four, on: team) }
  }

  @inline(__always)
  private func run(_ width: QuantizedLayout.Width, on team: ThreadTeam) {
    let NR = Blocking.current.NR
    let panels = (b.N + NR - 1) / NR
    let blocks = (M + Self.blockRows - 1) / Self.blockRows
    // A small product is not worth waking a team.
    let team = M * b.N * b.K < 1 << 17 ? ThreadTeam(count: 1) : team
    let share = (panels + team.count - 1) / team.count
    let group = share >= 16 ? 8 : min(4, share)
    let groups = (panels + group - 1) / group
    team.parallelFor(blocks * groups) { items in
      for item in items {
        let rows = item / groups * Self.blockRows..<min(M, (item / groups + 1) * Self.blockRows)
        let range = item % groups * group..<min(panels, (item % groups + 1) * group)
        block(width, range, rows)
      }
    }
  }

  @inline(__always)
  private func block(_ width: QuantizedLayout.Width, _ panels: Range<Int>, _ rows: Range<Int>) {
    let tallest = Blocking.current.NV == 2 ? 6 : 4
    if rows.count <= tallest {
      strip(width, panels, rows)
      return
    }
    // Tiles of about the same height.
    let tiles = (rows.count + tallest - 1) / tallest
    for panel in panels {
      for tile in 0..<tiles {
        let first = rows.lowerBound + rows.count * tile / tiles
        let end = rows.lowerBound + rows.count * (tile + 1) / tiles
        strip(width, panel..<panel + 1, first..<end)
      }
    }
  }

  @inline(__always)
  private func strip(_ width: QuantizedLayout.Width, _ panels: Range<Int>, _ rows: Range<Int>) {
    let first = rows.lowerBound
    if Blocking.current.NV == 2 {
      switch rows.count {
      case 1: strip(QuantizedKernel<1, 2, 4>.self, width, panels, first)
      case 2: strip(QuantizedKernel<2, 2, 2>.self, width, panels, first)
      case 3: strip(QuantizedKernel<3, 2, 2>.self, width, panels, first)
      case 4: strip(QuantizedKernel<4, 2, 1>.self, width, panels, first)
      case 5: strip(QuantizedKernel<5, 2, 1>.self, width, panels, first)
      default: strip(QuantizedKernel<6, 2, 1>.self, width, panels, first)
      }
    } else {
      switch rows.count {
      case 1: strip(QuantizedKernel<1, 1, 2>.self, width, panels, first)
      case 2: strip(QuantizedKernel<2, 1, 1>.self, width, panels, first)
      case 3: strip(QuantizedKernel<3, 1, 1>.self, width, panels, first)
      default: strip(QuantizedKernel<4, 1, 1>.self, width, panels, first)
      }
    }
  }

  @inline(__always)
  private func strip<let MR: Int, let NV: Int, let P: Int>(
    _ kernel: QuantizedKernel<MR, NV, P>.Type, _ width: QuantizedLayout.Width,
    _ panels: Range<Int>, _ first: Int
  ) {
    // The width is a constant in each copy.
    if width == .eight {
      eight(kernel, panels, first)
    } else {
      four(kernel, panels, first)
    }
  }

  @inline(never)
  private func eight<let MR: Int, let NV: Int, let P: Int>(
    _ kernel: QuantizedKernel<MR, NV, P>.Type, _ panels: Range<Int>, _ first: Int
  ) {
    tiles(kernel, .eight, panels, first)
  }

  @inline(never)
  private func four<let MR: Int, let NV: Int, let P: Int>(
    _ kernel: QuantizedKernel<MR, NV, P>.Type, _ panels: Range<Int>, _ first: Int
  ) {
    tiles(kernel, .four, panels, first)
  }

  @inline(__always)
  private func tiles<let MR: Int, let NV: Int, let P: Int>(
    _ kernel: QuantizedKernel<MR, NV, P>.Type, _ width: QuantizedLayout.Width,
    _ panels: Range<Int>, _ first: Int
  ) {
    var panel = panels.lowerBound
    while panel + P <= panels.upperBound && (panel + P) * 16 * NV <= b.N {
      tile(kernel, width, panel, first)
      panel += P
    }
    while panel < panels.upperBound {
      tile(QuantizedKernel<MR, NV, 1>.self, width, panel, first)
      panel += 1
    }
  }

  /// Panels panel ..< panel + P; only the last panel of all, alone, may be short.
  @inline(__always)
  private func tile<let MR: Int, let NV: Int, let P: Int>(
    _: QuantizedKernel<MR, NV, P>.Type, _ width: QuantizedLayout.Width, _ panel: Int, _ first: Int
  ) {
    let output = TileOutput<MR, NV>(
      c: c, ldc: ldc, N: b.N, start: start, adding: adding, first: first)
    var tile = QuantizedKernel<MR, NV, P>.Tile(repeating: MicroKernel<MR, NV>.zero())
    for q in 0..<P { output.start(&tile[q], panel + q) }
    QuantizedKernel<MR, NV, P>.chain(
      &tile, width, layout, a: a, first: first, b: b.quantized(panel: panel))
    for q in 0..<P { output.finish(&tile[q], panel + q) }
  }
}
