public import Machine

/// Muon (Jordan, Jin, Boza, You, Cesista, Newhouse, Bernstein, "Muon: An optimizer for hidden layers
/// in neural networks", 2024, kellerjordan.github.io/posts/muon) for matrices, ``AdamW`` or ``Sophia`` for
/// the rest:
///
///     m ← μ·m + (1 − μ)·g
///     O = NewtonSchulz(g + μ·(m − g))                      Nesterov
///     θ ← θ − ηλθ − η·√max(1, columns / rows)·O
///
/// The scale is the reference implementation's √max(1, out / in); matrices here are (in, out). As
/// O has singular values near 1, η is in units of the spectral norm and much larger than AdamW's.
/// Orthogonalizing costs five times n·(3·rows·columns + n²) floating-point operations a matrix and
/// step (``flops(_:)``), n its shorter side, whatever the batch.
public final class Muon: Optimizer {
  /// What moves the coordinates that lie in no matrix.
  public enum Rest: Sendable, Equatable {
    /// As published.
    case adamW(AdamW.Hyperparameters)
    /// Ours: no paper has it.
    case sophia(Sophia.Hyperparameters)
  }

  /// μ, λ, and those of the rest.
  public struct Hyperparameters: Sendable, Equatable {
    /// μ, decay of m a step in matrices.
    public var momentum = 0.95
    /// λ in matrices, decoupled, times η.
    public var weightDecay = 0.01
    /// What moves the coordinates that lie in no matrix.
    public var rest: Rest
    /// Its η over that of the matrices; 3e-4 / 0.02 in the reference.
    public var restRate = 0.015

    /// The defaults: those of the reference implementation, github.com/KellerJordan/Muon.
    public init() {
      var adamW = AdamW.Hyperparameters()
      (adamW.epsilon, adamW.weightDecay) = (1e-10, 0.01)
      rest = .adamW(adamW)
    }

    /// Throws a ``HyperparameterError`` that names the first one outside its range.
    public func validate() throws(HyperparameterError) {
      try HyperparameterError.checkDecay("momentum", momentum)
      try HyperparameterError.checkWeightDecay(weightDecay)
      switch rest {
      case .adamW(let adamW): try adamW.validate()
      case .sophia(let sophia): try sophia.validate()
      }
      try HyperparameterError.check(
        "rest rate", restRate, "0 ≤ the rest's learning rate / the matrices' < 1e6",
        restRate >= 0 && restRate < 1e6)
    }
  }

  /// What this optimizer was made with.
  public let hyperparameters: Hyperparameters
  /// m of all coordinates, then AdamW's v or Sophia's h of those that lie in no matrix.
  public let state: [NamedArena]
  private let matrices: [MatrixRange]
  private let plan: ChunkPlan
  private let m: Arena
  private let second: Arena
  private let iteration: NewtonSchulz

  /// An optimizer whose state is zero for an arena of `count` parameters. Throws ``MemoryError``.
  ///
  /// - Parameters:
  ///   - matrices: what is orthogonalized, disjoint.
  ///   - ranges: the rest, ascending, disjoint and in no matrix. Coordinates in neither are left
  ///     alone.
  public init(
    _ hyperparameters: Hyperparameters = Hyperparameters(), matrices: [MatrixRange],
    ranges: [ParameterRange], count: Int, on team: ThreadTeam
  ) throws(MemoryError) {
    for matrix in matrices {
      precondition(
        matrix.offset >= 0 && matrix.rows > 0 && matrix.columns > 0
          && matrix.rowStride >= matrix.columns
          && matrix.row(matrix.rows - 1).offset + matrix.columns <= count,
        "Muon: \(matrix) lies outside 0..<\(count)")
    }
    self.hyperparameters = hyperparameters
    self.matrices = matrices
    plan = ChunkPlan(ranges, count: count)
    m = try Arena(count: count, touchedBy: team)
    // Where matrices lie it is never touched and takes no memory.
    second = try Arena(count: count, pages: .sparse)
    iteration = try NewtonSchulz(matrices, on: team)
    let name =
      switch hyperparameters.rest {
      case .adamW: "v"
      case .sophia: "h"
      }
    state = [
      NamedArena(name: "m", arena: m), NamedArena(name: name, arena: second, ranges: ranges),
    ]
  }

  /// Floating-point operations of a step's orthogonalizations: of symmetric products the half that is
  /// computed.
  public static func flops(_ matrices: [MatrixRange]) -> Double {
    matrices.reduce(0) { sum, matrix in
      let (n, count) = (min(matrix.rows, matrix.columns), matrix.rows * matrix.columns)
      return sum + Double(NewtonSchulz.iterations * n * (3 * count + n * n))
    }
  }

  /// Bytes that a step needs besides the state.
  public static func workspaceBytes(_ matrices: [MatrixRange], threads: Int) -> Int {
    NewtonSchulz.bytes(matrices, threads: threads)
  }

  /// When Sophia moves the rest and wants one.
  public func wantsCurvature(step t: Int) -> Bool {
    switch hyperparameters.rest {
    case .adamW: false
    case .sophia(let sophia): sophia.wantsCurvature(step: t)
    }
  }

  /// The step of ``Optimizer``, the rest first, then matrix by matrix; `t` and the curvature enter
  /// the rest alone. `learningRate` is that of the matrices; in the statistics, u of the rest has its
  /// rate's factor in it.
  public func step(
    _ theta: TensorView, gradient: TensorView, step t: Int, learningRate: Double,
    gradientScale: Float = 1, curvature: Curvature? = nil, on team: ThreadTeam
  ) -> StepStatistics {
    precondition(
      theta.count == m.count && gradient.count == m.count && t >= 0
        && (curvature?.gradient?.count ?? m.count) == m.count,
      "Muon.step: made for \(m.count) parameters, got \(theta.count), gradient \(gradient.count)")
    let settings = hyperparameters
    let restRate = learningRate * settings.restRate
    var statistics: StepStatistics
    switch settings.rest {
    case .adamW(let adamW):
      let rest = AdamWPass(
        adamW, theta: theta.base, m: m.base, v: second.base, g: gradient.base, step: t,
        learningRate: restRate, gradientScale: gradientScale)
      statistics = plan.reduce(on: team, rest.step)
    case .sophia(let sophia):
      let rest = SophiaPass(
        sophia, theta: theta.base, m: m.base, h: second.base, g: gradient.base,
        curvature: curvature, step: t, learningRate: restRate, gradientScale: gradientScale)
      statistics = plan.reduce(on: team, rest.step)
    }
    statistics.updateSquares *= settings.restRate * settings.restRate
    let pass = MuonPass(
      theta: theta.base, m: m.base, g: gradient.base, momentum: Float(settings.momentum),
      momentumWeight: Float(1 - settings.momentum), rate: Float(-learningRate),
      weightDecay: Float(settings.weightDecay), gradientScale: gradientScale)
    for matrix in matrices {
      let norm = pass.average(matrix, into: iteration.input.base, on: team)
      let direction = iteration.orthogonalize(
        rows: matrix.rows, columns: matrix.columns, norm: norm, on: team)
      let scale = max(1, Double(matrix.columns) / Double(matrix.rows)).squareRoot()
      statistics += pass.apply(direction, scale: Float(scale), to: matrix, on: team)
    }
    return statistics
  }
}
