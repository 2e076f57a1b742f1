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

/// What a tile asks for while it works on a group: its part of the group that lies a chunk ahead, so
/// that memory is read while later tiles find their chunk in the cache. A single tile, which reads one
/// stream, asks for what ``Blocking/streamAhead`` says.
private struct NextChunk {
  /// Bytes from the group's first.
  let first, end: Int

  init(part: Int, of parts: Int, groups: Int, _ layout: QuantizedLayout) {
    let bytes = layout.groupBytes
    if parts == 1 {
      first = Blocking.current.streamAhead
      end = first == 0 ? 0 : first + bytes
    } else {
      first = groups * bytes + bytes * part / parts
      end = groups * bytes + bytes * (part + 1) / parts
    }
  }
}

/// The tile: MR rows against a panel.
private struct QuantizedKernel<let MR: Int, let NV: Int> {
  typealias Tile = MicroKernel<MR, NV>.Tile
  typealias Sums = InlineArray<MR, InlineArray<NV, SIMD16<Int32>>>

  /// - chunk: the groups; - first: the first row of `a`; - b: the panel.
  @inline(__always)
  static func chain(
    _ tile: inout Tile, _ width: QuantizedLayout.Width, _ layout: QuantizedLayout,
    _ chunk: Range<Int>, a: QuantizedActivations.View, first: Int, b: UnsafePointer<UInt8>,
    _ ahead: NextChunk
  ) {
    let group = QuantizedLayout.group(width)
    let groupBytes = 32 * NV + group * 16 * NV / (width == .eight ? 1 : 2)
    let groups = layout.groups
    // Where registers are few, a number that the compiler does not know: it would unroll the whole
    // group, and keep its weights in memory from row to row.
    let blocks = NV == 1 ? layout.blocks : group / (width == .eight ? 4 : 8)
    for g in chunk {
      let base = b + g * groupBytes
      for byte in stride(from: ahead.first, to: ahead.end, by: CacheLine.bytes) {
        cs_prefetch_l2(base + byte)
      }
      var sums = Sums { i in
        let correction = a.corrections[(first + i) * groups + g]
        let start =
          width == .eight ? SIMD16(repeating: correction) : cs_nibbles_start(correction)
        return InlineArray { _ in start }
      }
      let quads = a.quads + first * a.quadStride + g * group / 4
      for block in 0..<blocks {
        for v in 0..<NV {
          let bytes = cs_load_bytes(base + 32 * NV + (block * NV + v) * QuantizedLayout.blockBytes)
          if width == .eight {
            for i in 0..<MR {
              sums[i][v] = cs_dot4(sums[i][v], bytes, quads[i * a.quadStride + block])
            }
          } else {
            let (low, high) = (cs_low_nibbles(bytes), cs_high_nibbles(bytes))
            for i in 0..<MR {
              let at = i * a.quadStride + 2 * block
              sums[i][v] = cs_nibbles_dot8(sums[i][v], low, high, quads[at], quads[at + 1])
            }
          }
        }
      }
      let scales = UnsafeRawPointer(base).assumingMemoryBound(to: UInt16.self)
      for v in 0..<NV {
        let scale = cs_load_bf16(scales + 16 * v)
        for i in 0..<MR {
          let at = (first + i) * groups + g
          let sum =
            width == .eight ? sums[i][v] : cs_nibbles_end(sums[i][v], a.corrections[at])
          tile[i][v] = cs_fma(cs_float(sum), scale * a.scales[at], tile[i][v])
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
  /// Rows of a panel that stay in L1 while the tiles of a block pass: 13 KB of them, or 7 in 4 bits.
  private static let chunkRows = 12_288 / Blocking.current.NR

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
    team.parallelShares(blocks * panels, grain: b.panelsAtATime) { items, _ in
      for item in items {
        let first = item / panels * Self.blockRows
        block(width, item % panels, first..<min(M, first + Self.blockRows))
      }
    }
  }

  @inline(__always)
  private func block(_ width: QuantizedLayout.Width, _ panel: Int, _ rows: Range<Int>) {
    let tallest = Blocking.current.NV == 2 ? 6 : 4
    // Tiles of about the same height.
    let tiles = (rows.count + tallest - 1) / tallest
    let chunk = tiles == 1 ? layout.groups : Self.chunkRows / layout.group
    for group in stride(from: 0, to: layout.groups, by: chunk) {
      let groups = group..<min(group + chunk, layout.groups)
      for tile in 0..<tiles {
        let first = rows.lowerBound + rows.count * tile / tiles
        let end = rows.lowerBound + rows.count * (tile + 1) / tiles
        strip(
          width, panel, groups, first..<end,
          NextChunk(part: tile, of: tiles, groups: groups.count, layout))
      }
    }
  }

  @inline(__always)
  private func strip(
    _ width: QuantizedLayout.Width, _ panel: Int, _ groups: Range<Int>, _ rows: Range<Int>,
    _ ahead: NextChunk
  ) {
    let first = rows.lowerBound
    if Blocking.current.NV == 2 {
      switch rows.count {
      case 1: strip(QuantizedKernel<1, 2>.self, width, panel, groups, first, ahead)
      case 2: strip(QuantizedKernel<2, 2>.self, width, panel, groups, first, ahead)
      case 3: strip(QuantizedKernel<3, 2>.self, width, panel, groups, first, ahead)
      case 4: strip(QuantizedKernel<4, 2>.self, width, panel, groups, first, ahead)
      case 5: strip(QuantizedKernel<5, 2>.self, width, panel, groups, first, ahead)
      default: strip(QuantizedKernel<6, 2>.self, width, panel, groups, first, ahead)
      }
    } else {
      switch rows.count {
      case 1: strip(QuantizedKernel<1, 1>.self, width, panel, groups, first, ahead)
      case 2: strip(QuantizedKernel<2, 1>.self, width, panel, groups, first, ahead)
      case 3: strip(QuantizedKernel<3, 1>.self, width, panel, groups, first, ahead)
      default: strip(QuantizedKernel<4, 1>.self, width, panel, groups, first, ahead)
      }
    }
  }

  @inline(__always)
  private func strip<let MR: Int, let NV: Int>(
    _ kernel: QuantizedKernel<MR, NV>.Type, _ width: QuantizedLayout.Width, _ panel: Int,
    _ groups: Range<Int>, _ first: Int, _ ahead: NextChunk
  ) {
    // The width is a constant in each copy.
    if width == .eight {
      eight(kernel, panel, groups, first, ahead)
    } else {
      four(kernel, panel, groups, first, ahead)
    }
  }

  @inline(never)
  private func eight<let MR: Int, let NV: Int>(
    _ kernel: QuantizedKernel<MR, NV>.Type, _ panel: Int, _ groups: Range<Int>, _ first: Int,
    _ ahead: NextChunk
  ) {
    tile(kernel, .eight, panel, groups, first, ahead)
  }

  @inline(never)
  private func four<let MR: Int, let NV: Int>(
    _ kernel: QuantizedKernel<MR, NV>.Type, _ panel: Int, _ groups: Range<Int>, _ first: Int,
    _ ahead: NextChunk
  ) {
    tile(kernel, .four, panel, groups, first, ahead)
  }

  @inline(__always)
  private func tile<let MR: Int, let NV: Int>(
    _: QuantizedKernel<MR, NV>.Type, _ width: QuantizedLayout.Width, _ panel: Int,
    _ groups: Range<Int>, _ first: Int, _ ahead: NextChunk
  ) {
    let output = TileOutput<MR, NV>(
      c: c, ldc: ldc, N: b.N, start: start, adding: adding, first: first)
    // Before the tile is in registers, which no call would leave there.
    let (layout, weights) = (self.layout, b.quantized(panel: panel))
    var tile = MicroKernel<MR, NV>.zero()
    output.start(&tile, panel, fromC: groups.lowerBound > 0)
    QuantizedKernel<MR, NV>.chain(
      &tile, width, layout, groups, a: a, first: first, b: weights, ahead)
    output.finish(&tile, panel, last: groups.upperBound == layout.groups)
  }
}
