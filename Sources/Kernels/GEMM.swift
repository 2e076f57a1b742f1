internal import CSupport
public import Machine

/// C (M, N) = start + A (M, K)·B (K, N) in fp32, after Goto and van de Geijn 2008 and BLIS.
///
/// Element (i, j) is one FMA chain: it starts at zero, a bias or the old C, takes
/// a(i, 0)·b(0, j), a(i, 1)·b(1, j), … in this order, and each KC block goes on where the block
/// before stopped. So no block size, thread count or split of M and N enters the bits, and a split
/// of K with `.accumulate` gives the bits of the whole.
public enum GEMM {
  /// Where an element's chain begins.
  public enum Start {
    /// At 0.
    case zero
    /// At `bias[j]`, (N).
    case bias(UnsafePointer<Float>)
    /// At the old C(i, j).
    case accumulate
  }

  /// The right operand: as it lies in memory (packed on the way) or packed before.
  public enum RightOperand {
    /// A view of (K, N).
    case matrix(Matrix)
    /// Panels packed once.
    case packed(PackedMatrix)

    /// Whether its panels are copies in the shared buffer, which have to be made.
    var isCopied: Bool {
      switch self {
      case .matrix: true
      case .packed: false
      }
    }
  }

  /// The buffers of one GEMM at a time: two packed blocks of B shared by the team, one being packed
  /// while the other is read; for each thread a block of A, and a panel of B in fp32.
  public final class Scratch: @unchecked Sendable {
    private let b: [UnsafeMutablePointer<Float>]
    private let shared: Arena
    private let threads: ThreadScratch
    let activations: QuantizedActivations?

    /// Room for a team of `threads`; and for left operands in 8 bits, if right ones have 8 or 4.
    /// Throws ``MemoryError``.
    public init(threads: Int, activations: QuantizedActivations? = nil) throws(MemoryError) {
      self.activations = activations
      shared = try Arena(count: ArenaLayout.floats { _ = Self.blocks(&$0) })
      var layout = ArenaLayout(shared)
      b = Self.blocks(&layout)
      self.threads = try ThreadScratch(threads: threads) { _ = ThreadBuffers(&$0) }
    }

    /// Bytes of the buffers.
    public var bytes: Int {
      MemoryLayout<Float>.stride * (shared.count + threads.arena.count)
    }

    /// Bytes of the buffers for so many threads.
    public static func bytes(threads: Int) -> Int {
      MemoryLayout<Float>.stride * ArenaLayout.floats { _ = blocks(&$0) }
        + ThreadScratch.bytes(threads: threads) { _ = ThreadBuffers(&$0) }
    }

    /// Floats of a block of B: KC rows of NC columns and the last panel's padding.
    static var blockFloats: Int {
      Blocking.current.KC * (Blocking.current.NC + Blocking.current.NR)
    }

    private static func blocks(_ layout: inout ArenaLayout) -> [UnsafeMutablePointer<Float>] {
      [layout.take(blockFloats), layout.take(blockFloats)]
    }

    /// Where the blocks of a round are packed.
    func block(_ round: Int) -> UnsafeMutablePointer<Float> { b[round % 2] }

    func buffers(of thread: Int) -> ThreadBuffers {
      var layout = threads.layout(of: thread)
      return ThreadBuffers(&layout)
    }
  }

  /// A thread's block of A, and a panel of B in fp32.
  struct ThreadBuffers {
    let a, widened: UnsafeMutablePointer<Float>

    init(_ layout: inout ArenaLayout) {
      let t = Blocking.current
      (a, widened) = (layout.take((t.MC + t.MR) * t.KC), layout.take(t.NR * t.KC))
    }
  }

  /// Runs the product.
  /// - c: (M, N), `ldc` floats from row to row; must not overlap the operands.
  /// - a: (M, K), its rows as they lie if `b` has 8 or 4 bits; b: (K, N).
  /// - adding: (M, N) with `ldc`, added once to the finished element (a residual), or nil; not C.
  public static func multiply(
    _ c: UnsafeMutablePointer<Float>, ldc: Int, M: Int, N: Int, K: Int, a: Matrix,
    b: RightOperand, start: Start = .zero, adding: UnsafePointer<Float>? = nil,
    on team: ThreadTeam, scratch: Scratch
  ) {
    precondition(M >= 0 && N >= 0 && K >= 1 && ldc >= N, "GEMM: M \(M) N \(N) K \(K) ldc \(ldc)")
    if M == 0 || N == 0 { return }
    if case .packed(let packed) = b {
      precondition(
        packed.K == K && packed.N == N, "GEMM: packed (\(packed.K), \(packed.N)) for (\(K), \(N))")
      if packed.precision.isQuantized {
        guard let activations = scratch.activations, a.columnStride == 1 else {
          preconditionFailure("GEMM: \(packed.precision) weights without room for activations")
        }
        quantized(
          c, ldc: ldc, M: M, a: a.base, lda: a.rowStride, b: packed, start: start, adding: adding,
          on: team, activations: activations)
        return
      }
      if M <= fewRows && a.columnStride == 1 {
        rows(
          c, ldc: ldc, M: M, a: a.base, lda: a.rowStride, b: packed, start: start, adding: adding,
          on: team)
        return
      }
    }
    Job(
      c: c, ldc: ldc, M: M, N: N, K: K, a: a, b: b, start: start, adding: adding,
      triangle: false, team: team, scratch: scratch
    ).run()
  }

  /// C (N, N) = A (N, K)·B (K, N) where it is known to be symmetric, as X·Xᵀ and powers of a symmetric
  /// matrix are: tiles that lie above the diagonal are copied from below it, which has the same bits,
  /// since factors may change places in a chain.
  /// - c: `ldc` floats from row to row; must not overlap the operands.
  public static func multiplySymmetric(
    _ c: UnsafeMutablePointer<Float>, ldc: Int, N: Int, K: Int, a: Matrix, b: Matrix,
    on team: ThreadTeam, scratch: Scratch
  ) {
    precondition(N >= 1 && K >= 1 && ldc >= N, "GEMM: N \(N) K \(K) ldc \(ldc)")
    Job(
      c: c, ldc: ldc, M: N, N: N, K: K, a: a, b: .matrix(b), start: .zero, adding: nil,
      triangle: true, team: team, scratch: scratch
    ).run()
    mirror(c, ldc: ldc, N: N, on: team)
  }

  /// Copies what lies below the diagonal of the (N, N) matrix to above it.
  private static func mirror(
    _ c: UnsafeMutablePointer<Float>, ldc: Int, N: Int, on team: ThreadTeam
  ) {
    team.parallelFor((N + 15) / 16) { blocks in
      for first in blocks.lazy.map({ $0 * 16 }) {
        var i = first
        // Four rows of the whole blocks left of the diagonal, and then what is left of each row.
        while i + 4 <= min(first + 16, N) {
          for j in stride(from: 0, to: first, by: 16) {
            cs_transpose_4x16(c + i * ldc + j, Int64(ldc), c + j * ldc + i, Int64(ldc))
          }
          i += 4
        }
        for row in first..<min(first + 16, N) {
          for j in (row < i ? first : 0)..<row { c[j * ldc + row] = c[row * ldc + j] }
        }
      }
    }
  }
}

/// The five loops around the register tile.
private struct Job {
  let c: UnsafeMutablePointer<Float>
  let ldc: Int
  let M: Int
  let N: Int
  let K: Int
  let a: Matrix
  let b: GEMM.RightOperand
  let start: GEMM.Start
  let adding: UnsafePointer<Float>?
  /// Whether tiles above the diagonal are left out.
  let triangle: Bool
  let team: ThreadTeam
  let scratch: GEMM.Scratch

  func run() {
    if Blocking.current.NV == 2 {
      run(MicroKernel<12, 2>.self)
    } else {
      run(MicroKernel<6, 1>.self)
    }
  }

  private func run<let MR: Int, let NV: Int>(_: MicroKernel<MR, NV>.Type) {
    let t = Blocking.current
    let NR = 16 * NV
    // As many threads as there is work for; a small product is not worth waking a team.
    let team = M * N * K < 1 << 15 ? ThreadTeam(count: 1) : self.team
    let depths = (K + t.KC - 1) / t.KC
    let counters = WorkCounters(count: 2 * ((N + t.NC - 1) / t.NC) * depths)
    team.run { thread in
      let buffers = scratch.buffers(of: thread)
      var round = 0
      for jc in stride(from: 0, to: N, by: t.NC) {
        let nc = min(t.NC, N - jc)
        let panels = (nc + NR - 1) / NR
        let partition = GEMMPartition(
          M: M, panels: panels, triangle: triangle, threads: team.count)
        let together = depthsTogether(panels * NR, depths)
        for first in stride(from: 0, to: depths, by: together) {
          let group = first..<min(first + together, depths)
          if b.isCopied {
            // Nobody reads this buffer any more: all have packed the blocks before, so all are done
            // with those before them.
            packB(jc, nc, group, NR, into: scratch.block(round), counters, 2 * round)
            team.barrier()
          }
          while true {
            let item = counters.next(2 * round + 1)
            if item >= partition.items { break }
            let tiles = partition.tiles(of: item)
            let ic = tiles.lowerBound * MR
            let mc = min(tiles.upperBound * MR, M) - ic
            for depth in group {
              let pc = depth * t.KC
              let kc = min(t.KC, K - pc)
              let block = BlockB(
                b, jc: jc, pc: pc, kc: kc, NR: NR,
                buffer: scratch.block(round) + (depth - first) * panels * NR * t.KC)
              packA(ic, mc, pc, kc, MR, into: buffers.a)
              macro(
                MicroKernel<MR, NV>.self, block, panels: partition.panels(of: item), jc: jc,
                nc: nc, ic: ic, mc: mc, pc: pc, kc: kc, buffers.a, widened: buffers.widened)
            }
          }
          round += 1
        }
      }
    }
  }

  /// How many KC blocks of so many columns are packed between two barriers, and then passed by each
  /// thread for its tiles: as many as the buffer holds; all of them where nothing is packed.
  private func depthsTogether(_ columns: Int, _ depths: Int) -> Int {
    if !b.isCopied { return depths }
    return max(1, min(depths, GEMM.Scratch.blockFloats / (columns * Blocking.current.KC)))
  }

  /// The group's KC blocks one after another.
  @inline(never)
  private func packB(
    _ jc: Int, _ nc: Int, _ group: Range<Int>, _ NR: Int,
    into buffer: UnsafeMutablePointer<Float>, _ counters: borrowing WorkCounters, _ counter: Int
  ) {
    guard case .matrix(let source) = b else { return }
    let (panels, KC, atATime) = ((nc + NR - 1) / NR, Blocking.current.KC, 4)
    let pieces = (panels + atATime - 1) / atATime
    while true {
      let piece = counters.next(counter)
      if piece >= pieces * group.count { break }
      let (depth, first) = (piece / pieces, piece % pieces * atATime)
      let (pc, last) = ((group.lowerBound + depth) * KC, min(first + atATime, panels))
      let kc = min(KC, K - pc)
      Packing.pack(
        source.from(pc, jc + first * NR).transposed, panels: last - first, width: NR,
        valid: min(last * NR, nc) - first * NR, depth: kc,
        into: buffer + depth * panels * NR * KC + first * NR * kc)
    }
  }

  @inline(never)
  private func packA(
    _ ic: Int, _ mc: Int, _ pc: Int, _ kc: Int, _ MR: Int,
    into buffer: UnsafeMutablePointer<Float>
  ) {
    Packing.pack(
      a.from(ic, pc), panels: (mc + MR - 1) / MR, width: MR, valid: mc, depth: kc, into: buffer)
  }

  /// Tiles of one block: B's panel stays while A's panels pass. The next tile of C and the next panel
  /// of B are on their way into L2 while a chain runs, or they would hold up the next one.
  @inline(never)
  private func macro<let MR: Int, let NV: Int>(
    _: MicroKernel<MR, NV>.Type, _ block: BlockB, panels: Range<Int>, jc: Int, nc: Int, ic: Int,
    mc: Int, pc: Int, kc: Int, _ packedA: UnsafePointer<Float>,
    widened: UnsafeMutablePointer<Float>
  ) {
    let NR = 16 * NV
    let last = pc + kc == K
    for panel in panels {
      let j = jc + panel * NR
      let columns = min(NR, N - j)
      let bPanel = block.panel(panel, count: kc * NR, widened: widened)
      let next = panel + 1 < panels.upperBound ? panel + 1 : panels.lowerBound
      var ahead = block.ahead(next, count: kc * NR)
      for i in stride(from: triangle ? max(0, j - ic) / MR * MR : 0, to: mc, by: MR) {
        let rows = min(MR, mc - i)
        let at = c + (ic + i) * ldc + j
        let whole = rows == MR && columns == NR
        var tile = MicroKernel<MR, NV>.zero()
        if let (from, stride) = begin(at, j, pc) {
          if whole {
            MicroKernel<MR, NV>.load(&tile, from, stride)
          } else {
            MicroKernel<MR, NV>.load(&tile, from, stride, rows: rows, columns: columns)
          }
        }
        MicroKernel<MR, NV>.prefetch(
          i + MR < mc ? at + MR * ldc : c + ic * ldc + j + NR, ldc)
        MicroKernel<MR, NV>.chain(
          &tile, k: kc, a: packedA + i * kc, b: bPanel, ahead: &ahead)
        if last, let adding {
          let residual = adding + (ic + i) * ldc + j
          if whole {
            MicroKernel<MR, NV>.add(&tile, residual, ldc)
          } else {
            MicroKernel<MR, NV>.add(&tile, residual, ldc, rows: rows, columns: columns)
          }
        }
        if whole {
          MicroKernel<MR, NV>.store(tile, at, ldc)
        } else {
          MicroKernel<MR, NV>.store(tile, at, ldc, rows: rows, columns: columns)
        }
      }
    }
  }

  /// What the tile at `c`, from column j on, starts from: its first float and the stride of its
  /// rows; nil is zero.
  @inline(__always)
  private func begin(
    _ c: UnsafeMutablePointer<Float>, _ j: Int, _ pc: Int
  ) -> (from: UnsafePointer<Float>, stride: Int)? {
    if pc > 0 { return (UnsafePointer(c), ldc) }
    switch start {
    case .zero: return nil
    case .bias(let bias): return (bias + j, 0)
    case .accumulate: return (UnsafePointer(c), ldc)
    }
  }
}

/// Where the packed panels of the current (jc, pc) block lie.
private struct BlockB {
  private enum Panels {
    case floats(UnsafePointer<Float>)
    case halves(UnsafePointer<UInt16>)
  }

  private let panels: Panels
  private let stride: Int

  init(
    _ b: GEMM.RightOperand, jc: Int, pc: Int, kc: Int, NR: Int,
    buffer: UnsafeMutablePointer<Float>
  ) {
    switch b {
    case .matrix:
      panels = .floats(UnsafePointer(buffer))
      stride = kc * NR
    case .packed(let packed):
      panels =
        packed.precision == .f32
        ? .floats(UnsafePointer(packed.floats(ofPanel: jc / NR)) + pc * NR)
        : .halves(UnsafePointer(packed.halves(ofPanel: jc / NR)) + pc * NR)
      stride = packed.K * NR
    }
  }

  /// Panel j: where it lies, or in `widened`, which takes `count` floats.
  @inline(__always)
  func panel(_ j: Int, count: Int, widened: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
    switch panels {
    case .floats(let base): return base + j * stride
    case .halves(let base):
      BFloat16.widen(base + j * stride, count: count, into: widened)
      return UnsafePointer(widened)
    }
  }

  /// Panel j, to be asked for.
  @inline(__always)
  func ahead(_ j: Int, count: Int) -> Ahead {
    switch panels {
    case .floats(let base): Ahead(base + j * stride, count: count)
    case .halves(let base): Ahead(halves: base + j * stride, count: count)
    }
  }
}
