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

  /// out (N, to) = inp (N, from)·weight (from, to) + bias, plus a residual where given.
  func linear(
    _ out: Pointer, _ inp: Pointer, _ weight: Pointer, _ bias: Pointer, N: Int, from: Int, to: Int,
    adding residual: Pointer? = nil
  ) {
    GEMM.multiply(
      out, ldc: to, M: N, N: to, K: from, a: Matrix(inp, ld: from),
      b: .matrix(Matrix(weight, ld: to)), start: .bias(bias), adding: residual, on: team,
      scratch: gemm)
  }

  /// The gradients of ``linear``: dinp (N, from) = dout·weightᵀ; dweight = inpᵀ·dout and dbias =
  /// Σ dout, each chain over tokens going on from the old value when `continuing`.
  func linearBackward(
    dinp: Pointer, dweight: Pointer, dbias: Pointer, continuing: Bool, dout: Pointer, inp: Pointer,
    weight: Pointer, N: Int, from: Int, to: Int
  ) {
    GEMM.multiply(
      dinp, ldc: from, M: N, N: from, K: to, a: Matrix(dout, ld: to),
      b: .matrix(Matrix(weight, ld: to).transposed), on: team, scratch: gemm)
    GEMM.multiply(
      dweight, ldc: to, M: from, N: to, K: N, a: Matrix(inp, ld: from).transposed,
      b: .matrix(Matrix(dout, ld: to)), start: continuing ? .accumulate : .zero, on: team,
      scratch: gemm)
    ColumnSum.add(out: dbias, continuing: continuing, dout: dout, N: N, C: to, on: team)
  }
}
