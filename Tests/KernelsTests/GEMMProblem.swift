import Kernels
import Machine

/// One product: operands between NaN, rows farther apart than they are long.
final class Problem {
  enum Start: CaseIterable { case zero, bias, accumulate }

  let (M, N, K): (Int, Int, Int)
  let ldc: Int
  /// C before, with canaries in the gaps between the rows.
  let old: [Float]
  private let a, b, bias, residual: GuardedFloats
  /// op(A), (M, K), and op(B), (K, N), as views.
  let left, right: Matrix

  init(_ M: Int, _ N: Int, _ K: Int, transposeA: Bool, transposeB: Bool) {
    (self.M, self.N, self.K) = (M, N, K)
    ldc = N + 3
    old = Self.rows(M, N, ld: ldc, seed: 5)
    residual = GuardedFloats(Self.rows(M, N, ld: ldc, seed: 4), shift: 5)
    bias = GuardedFloats(Numbers.uniform(N, 3), shift: 3)
    let (lda, ldb) = ((transposeA ? M : K) + 1, (transposeB ? K : N) + 2)
    a = GuardedFloats(
      transposeA ? Self.rows(K, M, ld: lda, seed: 1) : Self.rows(M, K, ld: lda, seed: 1), shift: 7)
    b = GuardedFloats(
      transposeB ? Self.rows(N, K, ld: ldb, seed: 2) : Self.rows(K, N, ld: ldb, seed: 2), shift: 9)
    let (a, b) = (Matrix(a.base, ld: lda), Matrix(b.base, ld: ldb))
    left = transposeA ? a.transposed : a
    right = transposeB ? b.transposed : b
  }

  private static func rows(_ rows: Int, _ columns: Int, ld: Int, seed: UInt64) -> [Float] {
    let numbers = Numbers.uniform(rows * columns, seed)
    var all = [Float](repeating: GuardedFloats.canary, count: rows * ld)
    for i in 0..<rows { for j in 0..<columns { all[i * ld + j] = numbers[i * columns + j] } }
    return all
  }

  /// What a chain may start from, and what may be added to it.
  var ends: (bias: (Int) -> Float, residual: (Int, Int) -> Float) {
    ({ self.bias.base[$0] }, { self.residual.base[$0 * self.ldc + $1] })
  }

  /// Nothing was written around the operands.
  var intact: Bool { a.intact && b.intact && bias.intact && residual.intact }

  func run(
    _ start: Start, adding: Bool, b: GEMM.RightOperand? = nil, threads: Int,
    _ scratch: GEMM.Scratch
  ) -> GuardedFloats {
    let c = GuardedFloats(old)
    let from: GEMM.Start =
      switch start {
      case .zero: .zero
      case .bias: .bias(bias.base)
      case .accumulate: .accumulate
      }
    GEMM.multiply(
      c.base, ldc: ldc, M: M, N: N, K: K, a: left, b: b ?? .matrix(right), start: from,
      adding: adding ? UnsafePointer(residual.base) : nil, on: ThreadTeam(count: threads),
      scratch: scratch)
    return c
  }

  /// Each element one chain: start, then k in order, then + residual.
  func scalarChains(_ start: Start, adding: Bool) -> [Float] {
    var c = old
    var row = [Float](repeating: 0, count: N)
    // The right operand by rows, so that the loop over j runs over neighbours.
    var b = [Float](repeating: 0, count: K * N)
    for k in 0..<K { for j in 0..<N { b[k * N + j] = right.from(k, j).base[0] } }
    for i in 0..<M {
      for j in 0..<N {
        switch start {
        case .zero: row[j] = 0
        case .bias: row[j] = bias.base[j]
        case .accumulate: row[j] = old[i * ldc + j]
        }
      }
      for k in 0..<K {
        let x = left.from(i, k).base[0]
        for j in 0..<N { row[j] = row[j].addingProduct(x, b[k * N + j]) }
      }
      for j in 0..<N { c[i * ldc + j] = adding ? row[j] + residual.base[i * ldc + j] : row[j] }
    }
    return c
  }
}
