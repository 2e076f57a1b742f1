import Machine
import Kernels

/// What every pass needs besides the model: the team and the kernels' buffers.
struct Workspace {
  let team: ThreadTeam
  let gemm: GEMM.Scratch
  let attention: Attention.Scratch

  init(_ config: GPT2Config, T: Int, on team: ThreadTeam) throws(MemoryError) {
    self.team = team
    gemm = try GEMM.Scratch(threads: team.count)
    attention = try Attention.Scratch(T: T, D: config.headSize, threads: team.count)
  }

  static func bytes(_ config: GPT2Config, T: Int, threads: Int) -> Int {
    GEMM.Scratch.bytes(threads: threads)
      + Attention.Scratch.bytes(T: T, D: config.headSize, threads: threads)
  }

  typealias Pointer = UnsafeMutablePointer<Float>

  /// Makes `count` floats zero.
  func clear(_ at: Pointer, _ count: Int) {
    team.parallelFor(count, grain: Arena.chunk) { range in
      (at + range.lowerBound).update(repeating: 0, count: range.count)
    }
  }

  func clear(_ weight: WeightView) { clear(weight.base, weight.count) }

  /// Copies `count` floats.
  func copy(_ from: Pointer, to: Pointer, _ count: Int) {
    team.parallelFor(count, grain: Arena.chunk) { range in
      (to + range.lowerBound).update(from: from + range.lowerBound, count: range.count)
    }
  }

  /// GEMM's c (M, N) = start + a (M, K)·b (K, N).
  func multiply(
    _ c: Pointer, _ ldc: Int, _ M: Int, _ N: Int, _ K: Int, _ a: Matrix, _ b: Matrix,
    start: GEMM.Start = .zero, adding: Pointer? = nil
  ) {
    GEMM.multiply(
      c, ldc: ldc, M: M, N: N, K: K, a: a, b: .matrix(b), start: start, adding: adding, on: team,
      scratch: gemm)
  }

  /// out (N, columns) = inp (N, rows)·weight + bias, plus a residual where given.
  func linear(
    _ out: Pointer, _ inp: Pointer, _ weight: WeightView, _ bias: Pointer, N: Int,
    adding residual: Pointer? = nil
  ) {
    let (from, to) = (weight.rows, weight.columns)
    multiply(
      out, to, N, to, from, Matrix(inp, ld: from), weight.matrix, start: .bias(bias),
      adding: residual)
  }

  /// The gradients of ``linear``: dinp (N, rows) = dout·weightᵀ; dweight = inpᵀ·dout and dbias =
  /// Σ dout, each chain over tokens going on from the old value when `continuing`.
  func linearBackward(
    dinp: Pointer, dweight: WeightView, dbias: Pointer, continuing: Bool, dout: Pointer,
    inp: Pointer, weight: WeightView, N: Int
  ) {
    let (from, to) = (weight.rows, weight.columns)
    multiply(dinp, from, N, from, to, Matrix(dout, ld: to), weight.matrix.transposed)
    multiply(
      dweight.base, to, from, to, N, Matrix(inp, ld: from).transposed, Matrix(dout, ld: to),
      start: continuing ? .accumulate : .zero)
    ColumnSum.add(out: dbias, continuing: continuing, dout: dout, N: N, C: to, on: team)
  }
}
