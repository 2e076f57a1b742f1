import Kernels
import Machine
import Testing

extension KernelsTests {
  /// Products with weights in bf16, int8 and int4 against scalar ones, bit for bit.
  @Suite struct WeightPrecisionTests {
    private static func scratch(_ problem: Problem, threads: Int) throws -> GEMM.Scratch {
      try GEMM.Scratch(
        threads: threads,
        activations: QuantizedActivations(rows: problem.M, depth: problem.K))
    }

    private static func packed(
      _ problem: Problem, _ precision: WeightPrecision, threads: Int = 2
    ) throws -> PackedMatrix {
      try PackedMatrix(
        problem.right, K: problem.K, N: problem.N, precision, on: ThreadTeam(count: threads))
    }

    /// The whole matrix as the packed one holds it, (K, N).
    private static func values(_ packed: PackedMatrix) -> [Float] {
      var all = [Float](repeating: 0, count: packed.K * packed.N)
      let zeros = [Float](repeating: 0, count: packed.K)
      for j in 0..<packed.N {
        var column = zeros
        packed.column(j, plus: zeros, into: &column)
        for k in 0..<packed.K { all[k * packed.N + j] = column[k] }
      }
      return all
    }

    @Test(arguments: [1, 2, 3, 7, 24, 25, 60, 200]) func halvesAreFloatsRoundedBefore(M: Int) throws
    {
      for (N, K) in [(1, 1), (33, 65), (70, 900)] {
        let problem = Problem(M, N, K, transposeA: false, transposeB: N == 33)
        let packed = try Self.packed(problem, .bf16)
        var rounded = Self.values(packed)
        for k in 0..<K {
          for j in 0..<N {
            let x = problem.right.from(k, j).base[0]
            let upper = Float(
              bitPattern: (x.bitPattern + 0x7FFF + (x.bitPattern >> 16 & 1)) & 0xFFFF_0000)
            #expect(rounded[k * N + j] == upper, "\(x)")
          }
        }
        for threads in [1, 3] {
          let scratch = try Self.scratch(problem, threads: threads)
          let c = problem.run(.bias, adding: true, b: .packed(packed), threads: threads, scratch)
          rounded.withUnsafeMutableBufferPointer { rounded in
            guard let base = rounded.baseAddress else { return }
            let same = problem.run(
              .bias, adding: true, b: .matrix(Matrix(base, ld: N)), threads: 1, scratch)
            expectSame(c.bits, same.bits, "M \(M) N \(N) K \(K)")
          }
          #expect(c.intact && problem.intact)
        }
      }
    }

    @Test(arguments: [WeightPrecision.int8, .int4], [1, 2, 3, 4, 5, 6, 7, 13, 100])
    func integersEqualScalarOnes(precision: WeightPrecision, M: Int) throws {
      for (N, K) in [
        (1, 1), (17, 31), (33, 65), (130, 64), (50, 200), (300, 32), (35, 768), (20, 1_700),
      ] {
        let problem = Problem(M, N, K, transposeA: false, transposeB: N == 33)
        let reference = ScalarQuantization(precision, problem)
        let packed = try Self.packed(problem, precision)
        #expect(Self.values(packed) == reference.weights, "N \(N) K \(K)")
        for start in Problem.Start.allCases {
          for adding in [false, true] {
            for threads in [1, 3] {
              let c = problem.run(
                start, adding: adding, b: .packed(packed), threads: threads,
                try Self.scratch(problem, threads: threads))
              expectSame(
                c.bits, GuardedFloats(reference.product(start, adding: adding)).bits,
                "M \(M) N \(N) K \(K) \(start) \(adding)")
              #expect(c.intact && problem.intact)
            }
          }
        }
      }
    }

    /// The share of the exact product that rounding costs, over numbers that are uniform.
    @Test(arguments: [(WeightPrecision.bf16, 0.003), (.int8, 0.008), (.int4, 0.08)])
    func roundingCosts(precision: WeightPrecision, most: Double) throws {
      let problem = Problem(20, 64, 768, transposeA: false, transposeB: true)
      let c = problem.run(
        .zero, adding: false, b: .packed(try Self.packed(problem, precision)), threads: 2,
        try Self.scratch(problem, threads: 2))
      var (error, norm) = (0.0, 0.0)
      for i in 0..<20 {
        for j in 0..<64 {
          let exact = (0..<768).reduce(0.0) {
            $0 + Double(problem.left.from(i, $1).base[0])
              * Double(problem.right.from($1, j).base[0])
          }
          let rest = Double(c.base[i * problem.ldc + j]) - exact
          (error, norm) = (error + rest * rest, norm + exact * exact)
        }
      }
      let share = (error / norm).squareRoot()
      #expect(share < most && share > most / 10, "\(precision): \(share)")
    }

    /// A number that is not finite spoils its row or column, and no other.
    @Test(arguments: [WeightPrecision.int8, .int4]) func notFinite(precision: WeightPrecision)
      throws
    {
      for bad in [Float.nan, .infinity, -.infinity] {
        let problem = Problem(3, 40, 70, transposeA: false, transposeB: false)
        problem.left.from(1, 69).base[0] = bad
        problem.right.from(2, 7).base[0] = bad
        let c = problem.run(
          .zero, adding: false, b: .packed(try Self.packed(problem, precision)), threads: 1,
          try Self.scratch(problem, threads: 1))
        for i in 0..<3 {
          for j in 0..<40 {
            #expect(c.base[i * problem.ldc + j].isNaN == (i == 1 || j == 7), "\(i) \(j)")
          }
        }
      }
    }

    /// Zeros, subnormal and huge numbers do no harm.
    @Test(arguments: [WeightPrecision.int8, .int4]) func extremes(precision: WeightPrecision) throws
    {
      for (x, w, exact) in [
        (Float(0), Float(1), 0.0), (1, 0, 0), (.leastNonzeroMagnitude, 1, 0),
        (1, .leastNonzeroMagnitude, 0), (1e30, 1e-30, 64),
        (-1e-30, 1e30, -64),
      ] {
        let problem = Problem(2, 3, 64, transposeA: false, transposeB: false)
        for k in 0..<64 {
          for i in 0..<2 { problem.left.from(i, k).base[0] = x }
          for j in 0..<3 { problem.right.from(k, j).base[0] = w }
        }
        let c = problem.run(
          .zero, adding: false, b: .packed(try Self.packed(problem, precision)), threads: 1,
          try Self.scratch(problem, threads: 1))
        for i in 0..<2 {
          for j in 0..<3 {
            #expect(abs(Double(c.base[i * problem.ldc + j]) - exact) <= 0.02 * abs(exact) + 1e-30)
          }
        }
      }
    }

    /// The largest integers everywhere: what a group's sum may come to on its way.
    @Test(arguments: [WeightPrecision.int8, .int4]) func widestSums(precision: WeightPrecision)
      throws
    {
      for (x, w, first) in [
        (Float(1), Float(7), Float(-8)), (-1, 7, -8), (1, -8, -8), (-1, -8, -8),
      ] {
        let problem = Problem(6, 20, 128, transposeA: false, transposeB: false)
        for k in 0..<128 {
          for i in 0..<6 { problem.left.from(i, k).base[0] = x }
          for j in 0..<20 { problem.right.from(k, j).base[0] = k % 32 == 0 ? first : w }
        }
        let c = problem.run(
          .zero, adding: false, b: .packed(try Self.packed(problem, precision)), threads: 1,
          try Self.scratch(problem, threads: 1))
        let exact = 4 * (first + 31 * w) * x
        for i in 0..<6 {
          for j in 0..<20 {
            #expect(abs(c.base[i * problem.ldc + j] - exact) <= 0.01 * abs(exact))
          }
        }
      }
    }

    /// The same on every machine.
    @Test func goldenProducts() throws {
      let problem = Problem(9, 70, 150, transposeA: false, transposeB: true)
      var sums: [UInt64] = []
      for precision in WeightPrecision.allCases {
        let c = problem.run(
          .bias, adding: true, b: .packed(try Self.packed(problem, precision)), threads: 2,
          try Self.scratch(problem, threads: 2))
        sums.append(c.bits.reduce(0) { ($0 &* 0x100_0000_01B3) ^ UInt64($1) })
      }
      #expect(
        sums == [
          11_844_024_309_700_966_171, 349_378_482_746_649_944, 17_627_564_070_556_913_631,
          16_221_820_681_125_227_300,
        ])
    }
  }
}

/// What QuantizedLayout and GEMM.quantized say, one number at a time.
private struct ScalarQuantization {
  let problem: Problem
  let group: Int
  /// Integers and scales of the weights: (K, N) and (groups, N).
  private var integers: [Float]
  private var scales: [Float]
  /// scale · integer, (K, N).
  let weights: [Float]

  init(_ precision: WeightPrecision, _ problem: Problem) {
    self.problem = problem
    let (N, K) = (problem.N, problem.K)
    let group = precision == .int8 ? 64 : 32
    self.group = group
    let groups = (K + group - 1) / group
    integers = [Float](repeating: 0, count: K * N)
    scales = [Float](repeating: 0, count: groups * N)
    for j in 0..<N {
      for g in 0..<groups {
        let rows = g * group..<min(K, (g + 1) * group)
        let x = rows.map { problem.right.from($0, j).base[0] }
        let (scale, q) = precision == .int8 ? Self.eight(x) : Self.four(x)
        scales[g * N + j] = scale
        for (k, q) in zip(rows, q) { integers[k * N + j] = q }
      }
    }
    weights = (0..<K * N).map { [scales, integers] in
      scales[$0 / N / group * N + $0 % N] * integers[$0]
    }
  }

  private static func half(_ x: Float) -> Float {
    Float(bitPattern: (x.bitPattern + 0x7FFF + (x.bitPattern >> 16 & 1)) & 0xFFFF_0000)
  }

  private static func eight(_ x: [Float]) -> (Float, [Float]) {
    let scale = half((x.map(abs).max() ?? 0) / 127)
    let inverse = scale == 0 ? 0 : 1 / scale
    return (scale, x.map { min(max(($0 * inverse).rounded(.toNearestOrEven), -127), 127) })
  }

  private static func four(_ x: [Float]) -> (Float, [Float]) {
    // The first of the largest.
    let largest = x.reduce(Float(0)) { abs($1) > abs($0) ? $1 : $0 }
    var best: (scale: Float, q: [Float], error: Float) = (0, [], .infinity)
    for range: Float in [-8, -7.5, -8.5, -7, -9] {
      let scale = half(largest / range)
      let inverse = scale == 0 ? 0 : 1 / scale
      let q = x.map { min(max(($0 * inverse).rounded(.toNearestOrEven), -8), 7) }
      var error: Float = 0
      for (x, q) in zip(x, q) {
        let rest = x.addingProduct(-q, scale)
        error = error.addingProduct(rest, rest)
      }
      if error < best.error { best = (scale, q, error) }
    }
    return (best.scale, best.q)
  }

  /// C as Problem.run leaves it.
  func product(_ start: Problem.Start, adding: Bool) -> [Float] {
    var c = problem.old
    let (N, K) = (problem.N, problem.K)
    // Start and residual are Problem's own: a product over no k.
    let from = problem.ends
    for i in 0..<problem.M {
      for j in 0..<N {
        var value =
          switch start {
          case .zero: Float(0)
          case .bias: from.bias(j)
          case .accumulate: problem.old[i * problem.ldc + j]
          }
        for g in 0..<(K + group - 1) / group {
          let rows = g * group..<min(K, (g + 1) * group)
          let x = rows.map { problem.left.from(i, $0).base[0] }
          let top = x.map(abs).max() ?? 0
          let inverse = top > 0 ? 127 / top : 0
          var sum = 0
          for (k, x) in zip(rows, x) {
            sum += Int((x * inverse).rounded(.toNearestOrEven)) * Int(integers[k * N + j])
          }
          value = value.addingProduct(Float(sum), scales[g * N + j] * (top / 127))
        }
        c[i * problem.ldc + j] = adding ? value + from.residual(i, j) : value
      }
    }
    return c
  }
}
