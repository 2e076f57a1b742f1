public import Machine

/// Muon (Jordan, Jin, Boza, You, Cesista, Newhouse, Bernstein, "Muon: An optimizer for hidden layers
/// in neural networks", 2024, kellerjordan.github.io/posts/muon) for matrices, ``AdamW`` for the rest:
///
///     m ← μ·m + (1 − μ)·g
///     O = NewtonSchulz(g + μ·(m − g))                      Nesterov
///     θ ← θ − ηλθ − η·√max(1, columns / rows)·O
///
/// The scale is the reference implementation's √max(1, out / in); matrices here are (in, out). As
/// O has singular values near 1, η is in units of the spectral norm and much larger than AdamW's.
/// Orthogonalizing costs five times 2·n·(2·rows·columns + n²) floating-point operations a matrix and
/// step, n its shorter side, whatever the batch.
public final class Muon: Optimizer {
  /// μ, λ, and those of AdamW.
  public struct Hyperparameters: Sendable, Equatable {
    /// μ, decay of m a step in matrices.
    public var momentum = 0.95
    /// λ in matrices, decoupled, times η.
    public var weightDecay = 0.01
    /// What moves the coordinates that lie in no matrix.
    public var adamW = AdamW.Hyperparameters()
    /// Its η over that of the matrices; 3e-4 / 0.02 in the reference.
    public var adamWRate = 0.015

    /// The defaults: those of the reference implementation, github.com/KellerJordan/Muon.
    public init() {
      adamW.epsilon = 1e-10
      adamW.weightDecay = 0.01
    }

    /// Throws a ``HyperparameterError`` that names the first one outside its range.
    public func validate() throws(HyperparameterError) {
      try HyperparameterError.checkDecay("momentum", momentum)
      try HyperparameterError.checkWeightDecay(weightDecay)
      try adamW.validate()
      try HyperparameterError.check(
        "AdamW rate", adamWRate, "0 ≤ AdamW's learning rate / Muon's < 1e6",
        adamWRate >= 0 && adamWRate < 1e6)
    }
  }

  /// What this optimizer was made with.
  public let hyperparameters: Hyperparameters
  /// m of all coordinates, then v of those that lie in no matrix.
  public let state: [NamedArena]
  private let matrices: [MatrixRange]
  private let plan: ChunkPlan
  private let m: Arena
  private let v: Arena
  private let iteration: NewtonSchulz

  /// An optimizer at m = v = 0 for an arena of `count` parameters. Throws ``MemoryError``.
  ///
  /// - Parameters:
  ///   - matrices: what is orthogonalized, disjoint.
  ///   - ranges: what AdamW moves, ascending, disjoint and in no matrix. Coordinates in neither are
  ///     left alone.
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
    m = try Arena(count: count)
    m.touch(on: team)
    // Where matrices lie it is never touched and takes no memory.
    v = try Arena(count: count, pages: .sparse)
    iteration = try NewtonSchulz(matrices, on: team)
    state = [NamedArena(name: "m", arena: m), NamedArena(name: "v", arena: v, ranges: ranges)]
  }

  /// Bytes that a step needs besides the state.
  public static func workspaceBytes(_ matrices: [MatrixRange], threads: Int) -> Int {
    NewtonSchulz.bytes(matrices, threads: threads)
  }

  /// Never.
  public func wantsCurvature(step t: Int) -> Bool { false }

  /// The step of ``Optimizer``, matrix by matrix; `t` enters AdamW's bias corrections and no
  /// curvature is looked at. `learningRate` is that of the matrices; in the statistics, u of AdamW's
  /// coordinates has its rate's factor in it.
  public func step(
    _ theta: TensorView, gradient: TensorView, step t: Int, learningRate: Double,
    gradientScale: Float = 1, curvature: Curvature? = nil, on team: ThreadTeam
  ) -> StepStatistics {
    precondition(
      theta.count == m.count && gradient.count == m.count && t >= 0,
      "Muon.step: made for \(m.count) parameters, got \(theta.count), gradient \(gradient.count)")
    let settings = hyperparameters
    let rest = AdamWPass(
      settings.adamW, theta: theta.base, m: m.base, v: v.base, g: gradient.base, step: t,
      learningRate: learningRate * settings.adamWRate, gradientScale: gradientScale)
    var statistics = plan.reduce(on: team, rest.step)
    statistics.updateSquares *= settings.adamWRate * settings.adamWRate
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
