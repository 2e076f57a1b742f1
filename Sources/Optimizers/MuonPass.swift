import CSupport
import Machine

/// The two passes of ``Muon`` over a matrix, before its orthogonalization and after it. Rows are
/// shared out among the threads, and what is added up is added row by row in order.
struct MuonPass {
  let theta: UnsafeMutablePointer<Float>
  let m: UnsafeMutablePointer<Float>
  let g: UnsafePointer<Float>
  /// μ.
  let momentum: Float
  /// 1 − μ, rounded once.
  let momentumWeight: Float
  /// −η.
  let rate: Float
  let weightDecay: Float
  let gradientScale: Float

  /// m ← m + (1 − μ)·(g − m), and g + μ·(m − g), Nesterov's look ahead, into `direction`, (rows,
  /// columns), row after row. Returns its Frobenius norm.
  func average(
    _ matrix: MatrixRange, into direction: UnsafeMutablePointer<Float>, on team: ThreadTeam
  ) -> Double {
    let squares = byRow(matrix, 0.0, on: team) { i in
      let (from, to) = (matrix.row(i).offset, direction + i * matrix.columns)
      for j in stride(from: 0, to: matrix.columns, by: 16) {
        let left = matrix.columns - j
        let g = Lanes.load(self.g + from + j, left) * gradientScale
        var m = Lanes.load(self.m + from + j, left)
        m = Lanes.flushed(cs_fma(SIMD16(repeating: momentumWeight), g - m, m))
        Lanes.store(self.m + from + j, m, left)
        Lanes.store(to + j, cs_fma(SIMD16(repeating: momentum), m - g, g), left)
      }
      return GradientNorm.squares(to, matrix.columns)
    }
    return squares.reduce(0, +).squareRoot()
  }

  /// θ ← θ − η(λθ + u), where u is `scale` times `direction`, (rows, columns), row after row.
  func apply(
    _ direction: UnsafePointer<Float>, scale: Float, to matrix: MatrixRange, on team: ThreadTeam
  ) -> StepStatistics {
    let lambda = matrix.decayed ? weightDecay : 0
    let rows = byRow(matrix, StepStatistics(), on: team) { i in
      let row = matrix.row(i)
      let from = direction + i * matrix.columns - row.offset
      return LaneSums.overVectors(of: row) { i, left, sums in
        let update = Lanes.load(from + i, left) * scale
        let theta = Lanes.stepped(
          Lanes.load(self.theta + i, left), by: update, rate: rate, lambda: lambda)
        Lanes.store(self.theta + i, theta, left)
        let m = Lanes.load(self.m + i, left)
        sums.add(theta: theta, m: m, curvature: SIMD16(), update: update)
      }
    }
    var sum = StepStatistics()
    for row in rows { sum += row }
    return sum
  }

  /// What `body` makes of each row.
  private func byRow<Result>(
    _ matrix: MatrixRange, _ start: Result, on team: ThreadTeam, _ body: (Int) -> Result
  ) -> [Result] {
    var results = [Result](repeating: start, count: matrix.rows)
    results.withUnsafeMutableBufferPointer { results in
      team.run { thread in
        let (first, end) = (
          matrix.rows * thread / team.count, matrix.rows * (thread + 1) / team.count
        )
        for i in first..<end { results[i] = body(i) }
      }
    }
    return results
  }
}
