import Kernels
import Machine
import Testing

extension KernelsTests {
  @Suite struct EmptyProductTests {
    /// No rows or no columns: nothing is read and nothing written.
    @Test(arguments: [(0, 5), (5, 0), (0, 0)], [false, true])
    func emptyProduct(sizes: (M: Int, N: Int), transposed: Bool) throws {
      let (M, N) = sizes
      let (a, b, c) = (GuardedFloats(count: 8), GuardedFloats(count: 8), GuardedFloats(count: 8))
      let left = Matrix(a.base, ld: 1)
      GEMM.multiply(
        c.base, ldc: 8, M: M, N: N, K: 3, a: transposed ? left.transposed : left,
        b: .matrix(Matrix(b.base, ld: 8)), start: .accumulate, on: ThreadTeam(count: 2),
        scratch: try GEMM.Scratch(threads: 2))
      #expect(c.bits == a.bits && c.intact)
    }
  }
}
