import Kernels
import Machine
import ReferenceKernels
import Testing

extension KernelsTests {
  /// GEMM against one chain of scalar FMAs for each element, bit for bit.
  @Suite struct GEMMTests {
    private static let t = Blocking.current

    @Test(arguments: [1, 2, t.MR - 1, t.MR, t.MR + 1, 2 * t.MR + 1, 37])
    func equalsScalarChains(M: Int) throws {
      let scratch = try GEMM.Scratch(threads: 3)
      let NR = Self.t.NR
      for N in [1, 2, 15, 16, 17, NR - 1, NR, NR + 1, 2 * NR + 1] {
        for K in [1, 2, 15, 17, Self.t.KC - 1, Self.t.KC, Self.t.KC + 1, 2 * Self.t.KC + 3] {
          try checkAll(M, N, K, threads: K > Self.t.KC ? 3 : 1, scratch)
        }
      }
    }

    /// Where the blocks of rows and columns end.
    @Test(arguments: [
      (t.MC - 1, 33, 50), (t.MC, 33, 50), (t.MC + 1, 65, t.KC + 1), (2 * t.MC + 5, 17, 31),
      (13, t.NC + 1, 40), (t.MC + 1, t.NC + 65, t.KC + 1),
      // More KC blocks than are packed between two barriers, and fewer.
      (5, t.NC / 2 - 1, 5 * t.KC + 7), (t.MR + 1, t.NC / 4, 3 * t.KC),
    ])
    func equalsScalarChainsAcrossBlocks(M: Int, N: Int, K: Int) throws {
      try checkAll(M, N, K, threads: 2, try GEMM.Scratch(threads: 2))
    }

    private func checkAll(
      _ M: Int, _ N: Int, _ K: Int, threads: Int, _ scratch: GEMM.Scratch
    ) throws {
      let large = M * N * K > 50_000_000
      for transposeA in [false, true] {
        for transposeB in [false, true] where !large || transposeA == transposeB {
          let problem = Problem(M, N, K, transposeA: transposeA, transposeB: transposeB)
          for start in Problem.Start.allCases {
            for adding in [false, true] where !large || adding == (start == .bias) {
              let expected = problem.scalarChains(start, adding: adding)
              let c = problem.run(start, adding: adding, threads: threads, scratch)
              expectSame(
                c.bits, expected.bits,
                "M \(M) N \(N) K \(K) \(transposeA) \(transposeB) \(start) \(adding)")
              #expect(c.intact && problem.intact, "M \(M) N \(N) K \(K)")
            }
          }
        }
      }
    }

    @Test(arguments: [(5, 70, 400), (150, 100, 800), (300, 33, 64), (1, 900, 500)])
    func threadsAndPackingLeaveTheBits(M: Int, N: Int, K: Int) throws {
      for transposeB in [false, true] {
        let problem = Problem(M, N, K, transposeA: false, transposeB: transposeB)
        let expected = problem.scalarChains(.bias, adding: true).bits
        for threads in threadCounts {
          let scratch = try GEMM.Scratch(threads: threads)
          let packed = try PackedMatrix(
            problem.right, K: K, N: N, on: ThreadTeam(count: threads))
          for operand in [GEMM.RightOperand.matrix(problem.right), .packed(packed)] {
            let c = problem.run(.bias, adding: true, b: operand, threads: threads, scratch)
            expectSame(c.bits, expected, "\(threads) threads")
            #expect(c.intact)
          }
        }
      }
    }

    /// A's columns as rows (a weight gradient's operand) with the packed right side.
    @Test func packedWithTransposedLeftOperand() throws {
      let problem = Problem(7, 50, 90, transposeA: true, transposeB: true)
      let scratch = try GEMM.Scratch(threads: 2)
      let packed = try PackedMatrix(problem.right, K: 90, N: 50, on: ThreadTeam(count: 2))
      let c = problem.run(.accumulate, adding: false, b: .packed(packed), threads: 2, scratch)
      expectSame(c.values.bits, problem.scalarChains(.accumulate, adding: false).bits)
    }

    @Test(arguments: [1, 7, 200, 384, 385, 700])
    func splitOfKEqualsWhole(first: Int) throws {
      let problem = Problem(14, 40, 800, transposeA: true, transposeB: false)
      let scratch = try GEMM.Scratch(threads: 2)
      let team = ThreadTeam(count: 2)
      let c = GuardedFloats(problem.old)
      for (start, from, count) in [
        (GEMM.Start.zero, 0, first), (.accumulate, first, 800 - first),
      ] {
        GEMM.multiply(
          c.base, ldc: problem.ldc, M: 14, N: 40, K: count, a: problem.left.from(0, from),
          b: .matrix(problem.right.from(from, 0)), start: start, on: team, scratch: scratch)
      }
      expectSame(c.values.bits, problem.scalarChains(.zero, adding: false).bits)
    }

    /// X·Xᵀ, X as it lies and transposed, and the square of that: the bits of the product that knows
    /// nothing of symmetry, and nothing between the rows.
    @Test(arguments: [1, 3, 5, 16, 31, 33, t.MC - 1, 2 * t.MC + 5, t.NC + 37])
    func symmetricProductsEqualWholeOnes(N: Int) throws {
      for K in N > Self.t.NC ? [3] : [1, 20, Self.t.KC + 1] {
        for transpose in [false, true] {
          let x = GuardedFloats(Numbers.uniform(N * K, 7))
          let rows = Matrix(x.base, ld: transpose ? N : K)
          let left = transpose ? rows.transposed : rows
          for threads in [1, 2, 3] {
            let scratch = try GEMM.Scratch(threads: threads)
            let team = ThreadTeam(count: threads)
            func products(_ a: Matrix, _ b: Matrix, K: Int) -> (GuardedFloats, GuardedFloats) {
              let blank = [Float](repeating: GuardedFloats.canary, count: N * (N + 3))
              let (half, whole) = (GuardedFloats(blank), GuardedFloats(blank))
              GEMM.multiplySymmetric(
                half.base, ldc: N + 3, N: N, K: K, a: a, b: b, on: team, scratch: scratch)
              GEMM.multiply(
                whole.base, ldc: N + 3, M: N, N: N, K: K, a: a, b: .matrix(b), on: team,
                scratch: scratch)
              expectSame(half.values.bits, whole.values.bits, "N \(N) K \(K) \(threads) threads")
              #expect(half.intact)
              return (half, whole)
            }
            let (gram, _) = products(left, left.transposed, K: K)
            if N > Self.t.NC { continue }
            let g = Matrix(gram.base, ld: N + 3)
            _ = products(g, g, K: N)
          }
        }
      }
    }

    /// |C - exact| ≤ 4·√K·ε·Σ|a||b|: what rounding errors of random sign add up to.
    @Test(arguments: [1, 10, 100, 1000, 4000])
    func errorGrowsAsTheRootOfK(K: Int) throws {
      let (M, N) = (9, 35)
      let (a, b) = (Numbers.uniform(M * K, 1), Numbers.uniform(K * N, 2))
      let c = GuardedFloats(count: M * N)
      let (left, right) = (GuardedFloats(a), GuardedFloats(b))
      GEMM.multiply(
        c.base, ldc: N, M: M, N: N, K: K, a: Matrix(left.base, ld: K),
        b: .matrix(Matrix(right.base, ld: N)), on: ThreadTeam(count: 1),
        scratch: try GEMM.Scratch(threads: 1))
      let exact = Reference.matmul(a.doubles, b.doubles, M: M, N: N, K: K)
      let sizes = Reference.matmul(
        a.map { Double(abs($0)) }, b.map { Double(abs($0)) }, M: M, N: N, K: K)
      let epsilon = Double(Float.ulpOfOne) / 2
      for (i, value) in c.values.enumerated() {
        #expect(abs(Double(value) - exact[i]) <= 4 * Double(K).squareRoot() * epsilon * sizes[i])
      }
    }
  }
}
