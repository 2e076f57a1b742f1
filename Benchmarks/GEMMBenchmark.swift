import Kernels
import Machine
import Transformer

/// Every matrix product of a training step, as the model's forward and backward call it.
struct GEMMBenchmark {
  /// C (M, N) = A·B, with operands as they lie in memory.
  private struct Product {
    let name: String
    let M: Int
    let N: Int
    let K: Int
    /// A lies as (K, M), B as (N, K).
    var transposedA = false
    var transposedB = false
    var accumulates = false

    // Rows of logits are padded to 16 floats; all else is as wide as the model.
    var lda: Int { Self.padded(transposedA ? M : K) }
    var ldb: Int { transposedB ? K : N }
    var ldc: Int { Self.padded(N) }
    var sizes: (a: Int, b: Int, c: Int) {
      ((transposedA ? K : M) * lda, (transposedB ? N : K) * ldb, M * ldc)
    }

    private static func padded(_ n: Int) -> Int { (n + 15) / 16 * 16 }
  }

  private let bench: Bench
  private let products: [Product]

  init(_ settings: BenchmarkSettings, _ bench: Bench) {
    self.bench = bench
    products = Self.products(settings)
  }

  static func bytes(_ settings: BenchmarkSettings) -> Int {
    let sizes = products(settings).map(\.sizes)
    func most(_ part: ((a: Int, b: Int, c: Int)) -> Int) -> Int { sizes.map(part).max() ?? 0 }
    return 4 * (most(\.a) + most(\.b) + most(\.c))
  }

  private static func products(_ settings: BenchmarkSettings) -> [Product] {
    let (C, V, N) = (settings.config.width, settings.config.vocabularySize, settings.tokens)
    let linear = [
      ("attn", C, 3 * C), ("attn proj", C, C), ("fc", C, 4 * C), ("fc proj", 4 * C, C),
    ].flatMap { name, from, to in
      [
        Product(name: "\(name) forward", M: N, N: to, K: from),
        Product(name: "\(name) dX", M: N, N: from, K: to, transposedB: true),
        Product(name: "\(name) dW", M: from, N: to, K: N, transposedA: true),
      ]
    }
    let R = StepGradient.headRows(settings.config, tokens: N)
    return linear + [
      Product(name: "head forward", M: R, N: V, K: C, transposedB: true),
      Product(name: "head dX", M: R, N: C, K: V),
      Product(name: "head dW", M: V, N: C, K: R, transposedA: true, accumulates: true),
    ]
  }

  func run(_ report: (Measurement) -> Void) throws {
    let sizes = products.map(\.sizes)
    let team = bench.team
    let a = try Arena(count: sizes.map(\.a).max() ?? 0)
    let b = try Arena(count: sizes.map(\.b).max() ?? 0)
    let c = try Arena(count: sizes.map(\.c).max() ?? 0)
    for arena in [a, b, c] { RandomValues.fill(arena.view(), on: team) }
    let scratch = try GEMM.Scratch(threads: team.count)
    var results: [Measurement] = []
    for p in products {
      let (left, right) = (Matrix(a.base, ld: p.lda), Matrix(b.base, ld: p.ldb))
      let result = bench.measure(
        "\(p.name) \(p.M)×\(p.N)×\(p.K)", .gigaflops, amount: 2 * Double(p.M * p.N * p.K),
        limit: .peak(.fp32)
      ) {
        GEMM.multiply(
          c.base, ldc: p.ldc, M: p.M, N: p.N, K: p.K, a: p.transposedA ? left.transposed : left,
          b: .matrix(p.transposedB ? right.transposed : right),
          start: p.accumulates ? .accumulate : .zero, on: team, scratch: scratch)
      }
      results.append(result)
      report(result)
    }
    for summary in Measurement.summary(results) { report(summary) }
  }
}
