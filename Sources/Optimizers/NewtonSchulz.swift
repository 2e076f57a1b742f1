import CSupport
import Kernels
import Machine

/// Orthogonalizes matrices approximately: from X = U·S·Vᵀ to U·S'·Vᵀ with singular values S' between
/// about 0.7 and 1.2 (Jordan et al. 2024, "Muon", kellerjordan.github.io/posts/muon). X is divided by its
/// Frobenius norm, and then five times
///
///     G = X·Xᵀ,  X ← a·X + (b·G + c·G²)·X = (a·I + b·G + c·G²)·X
///
/// with G taken on the shorter side; of it and of G² one half is computed, the other copied. Products
/// are ``GEMM``'s, whose chains depend on no blocking and no number of threads, in fp32: the
/// reference's bf16 is a matter of GPUs' speed.
final class NewtonSchulz: Sendable {
  /// a, b, c of the published quintic, whose slope at zero is as large as it can be.
  static let coefficients: (a: Float, b: Float, c: Float) = (3.4445, -4.7750, 2.0315)
  /// Iterations.
  static let iterations = 5
  /// Least norm that is divided by, `torch.optim.Muon`'s ε.
  static let leastNorm = 1e-7

  /// Where the matrix to be orthogonalized is to be put, (rows, columns), row after row.
  let input: Arena
  private let other: Arena
  private let gram: Arena
  private let square: Arena
  private let scratch: GEMM.Scratch

  /// Buffers for the largest of `matrices`. Throws ``MemoryError``.
  init(_ matrices: [MatrixRange], on team: ThreadTeam) throws(MemoryError) {
    let (whole, side) = Self.floats(matrices)
    input = try Arena(count: whole)
    other = try Arena(count: whole)
    gram = try Arena(count: side)
    square = try Arena(count: side)
    scratch = try GEMM.Scratch(threads: team.count)
  }

  /// Bytes of the buffers.
  static func bytes(_ matrices: [MatrixRange], threads: Int) -> Int {
    let (whole, side) = floats(matrices)
    return 4 * 2 * (whole + side) + GEMM.Scratch.bytes(threads: threads)
  }

  /// Floats of the largest matrix and of the largest G.
  private static func floats(_ matrices: [MatrixRange]) -> (whole: Int, side: Int) {
    matrices.reduce((0, 0)) { most, matrix in
      let side = min(matrix.rows, matrix.columns)
      return (max(most.0, matrix.rows * matrix.columns), max(most.1, side * side))
    }
  }

  /// Orthogonalizes the (rows, columns) matrix in ``input``, whose Frobenius norm is given, and
  /// returns where the result lies, row after row, until the next call.
  func orthogonalize(
    rows: Int, columns: Int, norm: Double, on team: ThreadTeam
  ) -> UnsafePointer<Float> {
    let n = min(rows, columns)
    scale(rows * columns, by: Float(1 / max(norm, Self.leastNorm)), on: team)
    var (from, to) = (input.base, other.base)
    for _ in 0..<Self.iterations {
      let x = Matrix(from, ld: columns)
      let (left, right) = rows <= columns ? (x, x.transposed) : (x.transposed, x)
      let g = Matrix(gram.base, ld: n)
      GEMM.multiplySymmetric(
        gram.base, ldc: n, N: n, K: max(rows, columns), a: left, b: right, on: team,
        scratch: scratch)
      GEMM.multiplySymmetric(
        square.base, ldc: n, N: n, K: n, a: g, b: g, on: team, scratch: scratch)
      combine(n, on: team)
      let (first, second) = rows <= columns ? (g, x) : (x, g)
      GEMM.multiply(
        to, ldc: columns, M: rows, N: columns, K: n, a: first, b: .matrix(second), on: team,
        scratch: scratch)
      (from, to) = (to, from)
    }
    return UnsafePointer(from)
  }

  private func scale(_ count: Int, by factor: Float, on team: ThreadTeam) {
    let x = input.base
    team.parallelFor((count + 4095) / 4096) { blocks in
      for i in stride(
        from: blocks.lowerBound * 4096, to: min(count, blocks.upperBound * 4096), by: 16)
      {
        Lanes.store(x + i, Lanes.load(x + i, count - i) * factor, count - i)
      }
    }
  }

  /// G ← a·I + b·G + c·G², (n, n).
  private func combine(_ n: Int, on team: ThreadTeam) {
    let (a, b, c) = Self.coefficients
    team.parallelFor(n, grain: 16) { rows in
      for i in rows {
        let (g, g2) = (gram.base + i * n, square.base + i * n)
        for j in stride(from: 0, to: n, by: 16) {
          let left = n - j
          let cubic = Lanes.load(g2 + j, left) * c
          Lanes.store(g + j, cs_fma(SIMD16(repeating: b), Lanes.load(g + j, left), cubic), left)
        }
        g[i] += a
      }
    }
  }
}
