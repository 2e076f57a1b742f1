import Kernels
import Machine
import Testing

/// GEMM.rows against GEMM.multiply on the unpacked operand, bit for bit.
@Suite struct GEMMRowsTests {
  private static func random(_ count: Int, _ seed: UInt64) -> [Float] {
    let philox = Philox(seed: seed)
    return (0..<count).map { Float(philox.uniform(stream: 0, UInt64($0))) - 0.5 }
  }

  @Test(arguments: [1, 2, 3, 5, 8, 15, 16, 17, 31, 32, 33, 64, 100, 127, 129, 160, 300])
  func equalsMultiply(N: Int) throws {
    for K in [1, 2, 33, 400, 800] {
      let weights = Self.random(K * N, 1)
      try weights.withUnsafeBufferPointer { weights in
        let base = try #require(weights.baseAddress)
        let b = Matrix(UnsafeMutablePointer(mutating: base), ld: N)
        let packed = try PackedMatrix(b, K: K, N: N, on: ThreadTeam(count: 2))
        for M in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 25] where M < 6 || K == 400 {
          try check(M, N, K, b, packed)
        }
      }
    }
  }

  private func check(_ M: Int, _ N: Int, _ K: Int, _ b: Matrix, _ packed: PackedMatrix) throws {
    let (lda, ldc) = (K + 3, N + 5)
    var a = Self.random(M * lda, 2)
    let (bias, residual, old) = (
      Self.random(N, 3), Self.random(M * ldc, 4), Self.random(M * ldc, 5)
    )
    try a.withUnsafeMutableBufferPointer { a in
      try bias.withUnsafeBufferPointer { bias in
        try residual.withUnsafeBufferPointer { residual in
          let (a, bias) = (try #require(a.baseAddress), try #require(bias.baseAddress))
          for (name, start, adding) in [
            ("zero", GEMM.Start.zero, nil), ("bias", .bias(bias), residual.baseAddress),
            ("accumulate", .accumulate, nil),
          ] {
            var expected = old
            let scratch = try GEMM.Scratch(threads: 1)
            expected.withUnsafeMutableBufferPointer { c in
              guard let c = c.baseAddress else { return }
              GEMM.multiply(
                c, ldc: ldc, M: M, N: N, K: K, a: Matrix(a, ld: lda), b: .matrix(b), start: start,
                adding: adding, on: ThreadTeam(count: 1), scratch: scratch)
            }
            for threads in [1, 3] {
              var c = old
              c.withUnsafeMutableBufferPointer { c in
                guard let c = c.baseAddress else { return }
                GEMM.rows(
                  c, ldc: ldc, M: M, a: a, lda: lda, b: packed, start: start, adding: adding,
                  on: ThreadTeam(count: threads))
              }
              // The gaps between the rows too: they must be as they were.
              #expect(c == expected, "M \(M) N \(N) K \(K) \(name), \(threads) threads")
            }
          }
        }
      }
    }
  }

  /// Blocks of k one after another by several threads; large enough to be cut in every direction.
  @Test func packedMultiplyOfManyRowsEqualsUnpacked() throws {
    let (M, N, K) = (150, 500, 900)
    var (a, w) = (Self.random(M * K, 1), Self.random(K * N, 2))
    try a.withUnsafeMutableBufferPointer { a in
      try w.withUnsafeMutableBufferPointer { w in
        let (a, w) = (try #require(a.baseAddress), try #require(w.baseAddress))
        let b = Matrix(w, ld: N)
        let team = ThreadTeam(count: 3)
        let packed = try PackedMatrix(b, K: K, N: N, on: team)
        let scratch = try GEMM.Scratch(threads: 3)
        var results: [[Float]] = []
        for operand in [GEMM.RightOperand.matrix(b), .packed(packed), .packed(packed)] {
          var c = [Float](repeating: 0, count: M * N)
          c.withUnsafeMutableBufferPointer { c in
            guard let c = c.baseAddress else { return }
            GEMM.multiply(
              c, ldc: N, M: M, N: N, K: K, a: Matrix(a, ld: K), b: operand, on: team,
              scratch: scratch)
          }
          results.append(c)
        }
        #expect(results[1] == results[0])
        #expect(results[2] == results[0])
      }
    }
  }

  /// Parts in any order, each packed by itself, are the matrix packed at once.
  @Test func partsAreTheWhole() throws {
    let (K, N, NR) = (150, 101, PackedMatrix.partSize.columns)
    var w = Self.random(K * N, 1)
    try w.withUnsafeMutableBufferPointer { w in
      let b = Matrix(try #require(w.baseAddress), ld: N)
      for precision in WeightPrecision.allCases {
        let team = ThreadTeam(count: 1)
        let whole = try PackedMatrix(b, K: K, N: N, precision, on: team)
        let parts = try PackedMatrix(K: K, N: N, precision)
        for rows in [128..<K, 0..<64, 64..<128] {
          for columns in [2 * NR..<N, 0..<2 * NR] {
            parts.pack(b.from(rows.lowerBound, columns.lowerBound), rows: rows, columns: columns)
          }
        }
        let zeros = [Float](repeating: 0, count: K)
        for j in 0..<N {
          var (expected, found) = (zeros, zeros)
          whole.column(j, plus: zeros, into: &expected)
          parts.column(j, plus: zeros, into: &found)
          #expect(found == expected && expected.contains { $0 != 0 }, "\(precision) \(j)")
        }
      }
    }
  }

  @Test func columnsComeBackOut() throws {
    let (K, N) = (37, 83)
    var w = Self.random(K * N, 1)
    let plus = Self.random(K, 2)
    let packed = try w.withUnsafeMutableBufferPointer { w in
      try PackedMatrix(
        Matrix(try #require(w.baseAddress), ld: K).transposed, K: K, N: N, on: ThreadTeam(count: 1))
    }
    for j in 0..<N {
      var out = [Float](repeating: 0, count: K)
      packed.column(j, plus: plus, into: &out)
      #expect(out == (0..<K).map { w[j * K + $0] + plus[$0] })
    }
  }
}
