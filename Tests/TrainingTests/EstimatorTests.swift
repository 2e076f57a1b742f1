import Machine
import Optimizers
import ReferenceKernels
import Recipes
import Testing
import Transformer

@testable import Training

extension TrainingTests {
  /// The estimates of the curvature's diagonal against the exact one, on a model small enough to go
  /// through all labels of all positions.
  @Suite struct Estimators {
    /// The diagonal of the Gauss–Newton matrix: per label term Σ over labels of p·(∂ −ln p / ∂θ)²
    /// (Liu et al. 2023, §2.3), averaged over the terms.
    private static func gaussNewton(_ model: SmallModel) -> [Double] {
      var sum = [Double](repeating: 0, count: model.weights.count)
      for row in model.rows {
        for t in row.indices {
          let prefix = Array(row[...t])
          let logits = model.reference.logits(model.weightsInDouble, tokens: prefix)[t]
          for (label, p) in Reference.softmax(logits).enumerated() {
            let score = model.reference.labelGradient(
              model.weightsInDouble, tokens: prefix, label: label)
            for i in sum.indices { sum[i] += p * score[i] * score[i] }
          }
        }
      }
      return sum.map { $0 / Double(model.rows.count * model.T) }
    }

    /// The error of the mean is that of independent draws without a bias: 1/√draws of one draw's.
    @Test(arguments: [1, 2, 4])
    func squaresConvergeToTheGaussNewtonDiagonal(groups: Int) throws {
      let model = try SmallModel(sequences: 4)
      let exact = Self.gaussNewton(model)
      var moments = Moments(count: exact.count)
      let draws = try Draws(model, groups: groups)
      for step in 0..<6400 {
        moments.add(try draws.squares(step: step))
        guard [100, 400, 1600, 6400].contains(step + 1) else { continue }
        let ratio = moments.squaredError(of: exact) / moments.expectedSquaredError
        #expect(ratio < 4 && ratio > 0.05, "\(step + 1) draws: \(ratio) of the expected error²")
      }
      model.checkEachTensor(moments, against: exact)
      let size = exact.reduce(0) { $0 + $1 * $1 }
      #expect((moments.squaredError(of: exact) / size).squareRoot() < 0.04)
    }

    /// The diagonal of the Hessian, by differences of the reference's gradient (four points).
    private static func hessian(_ model: SmallModel) -> [Double] {
      let (at, h) = (model.weightsInDouble, 2e-4)
      return at.indices.map { i in
        func slope(_ step: Double) -> Double {
          var moved = at
          moved[i] += step
          return model.reference.gradient(moved, tokens: model.rows, targets: model.targets)
            .gradient[i]
        }
        return (8 * (slope(h) - slope(-h)) - (slope(2 * h) - slope(-2 * h))) / (12 * h)
      }
    }

    @Test(arguments: [1, 2, 4], Probe.allCases)
    func productsConvergeToTheHessiansDiagonal(groups: Int, probe: Probe) throws {
      let model = try SmallModel(sequences: 4)
      let exact = Self.hessian(model)
      #expect(exact.contains { $0 < 0 } && exact.contains { $0 > 0 })
      var moments = Moments(count: exact.count)
      let draws = try Draws(model, groups: groups, optimizer: "sophia-h")
      for step in 0..<6400 {
        moments.add(try draws.products(step: step, probe))
        guard [100, 400, 1600, 6400].contains(step + 1) else { continue }
        let ratio = moments.squaredError(of: exact) / moments.expectedSquaredError
        #expect(ratio < 4 && ratio > 0.05, "\(step + 1) draws: \(ratio) of the expected error²")
      }
      model.checkEachTensor(moments, against: exact)
      let size = exact.reduce(0) { $0 + $1 * $1 }
      let error = (moments.squaredError(of: exact) / size).squareRoot()
      #expect(error < 0.2, "\(error)")
    }

    /// Groups of the same text, so that each has the same expectation: ĝ_m is nearly normal, and the
    /// mean of M squares spreads by √(2/M).
    @Test(arguments: [1, 2, 4]) func groupsSpreadByTheRootOfTwoOverM(groups: Int) throws {
      let model = try SmallModel(sequences: 16, copies: true)
      var moments = Moments(count: model.weights.count)
      let draws = try Draws(model, groups: groups)
      for step in 0..<3000 { moments.add(try draws.squares(step: step)) }
      let spread = moments.relativeDeviation
      let expected = (2 / Double(groups)).squareRoot()
      #expect(abs(spread / expected - 1) < 0.08, "\(spread), √(2/\(groups)) = \(expected)")
    }
  }
}

/// Some 300 parameters, 5 tokens of vocabulary, 6 positions.
private struct SmallModel {
  let config = GPT2Config(
    vocabularySize: 5, contextLength: 6, width: 4, layers: 1, heads: 2, scaleByInverseLayer: false)
  let T = 6
  let table: ParameterTable
  let weights: Arena
  /// The sequences, each of T tokens, and the tokens that follow.
  let rows, targets: [[Int]]

  /// - copies: all sequences are the first.
  init(sequences: Int, copies: Bool = false) throws {
    table = ParameterTable(config)
    weights = try Arena(count: table.count)
    table.initialize(weights, seed: 5, on: ThreadTeam(count: 1))
    let random = Philox(seed: 9)
    for i in 0..<table.count {
      weights.base[i] += Float(random.uniform(stream: 1, UInt64(i)) - 0.5)
    }
    let (T, V) = (T, UInt64(config.vocabularySize))
    let text = (0..<sequences).map { s in
      (0...T).map { t in
        Int(random.word(stream: 2, UInt64((copies ? 0 : s) * (T + 1) + t)) % V)
      }
    }
    (rows, targets) = (text.map { Array($0.dropLast()) }, text.map { Array($0.dropFirst()) })
  }

  var weightsInDouble: [Double] { weights.view().buffer.map(Double.init) }

  var reference: Reference.GPT2 {
    Reference.GPT2(
      V: config.vocabularySize, contextLength: config.contextLength, C: config.width,
      L: config.layers, H: config.heads, epsilon: Double(config.layerNormEpsilon),
      scaleByInverseLayer: false)
  }
}

extension SmallModel {
  /// No bias that hides behind larger coordinates: each tensor's mean is as far from the exact one as its
  /// own spread lets it be. Where all coordinates move together that is χ² of one degree of freedom,
  /// above 16 once in 16,000 times.
  fileprivate func checkEachTensor(_ moments: Moments, against exact: [Double]) {
    for entry in table.entries {
      let score = moments.squaredScore(of: exact, in: entry.offset..<entry.offset + entry.count)
      #expect(score < 16, "\(entry.name): \(score)")
    }
    let score = moments.squaredScore(of: exact, in: exact.indices)
    #expect(score > 0.5 && score < 1.6, "\(score)")
  }
}

/// Estimates of one step each, as the trainer makes them.
private final class Draws {
  private let model: SmallModel
  private let team = ThreadTeam(count: 1)
  private let curvature: StepCurvature
  private let pass: StepGradient
  private let gradient: Arena
  private let groups: Int

  init(
    _ model: SmallModel, groups: Int, optimizer: String = "sophia-g"
  ) throws {
    (self.model, self.groups) = (model, groups)
    var configuration = TrainingConfiguration()
    configuration.optimizer = optimizer
    configuration.context = model.T
    configuration.batchTokens = model.rows.count * model.T
    (configuration.curvatureShare, configuration.curvatureGroups) = (1, groups)
    let source = try #require(configuration.optimizerRecipe.curvature(configuration))
    curvature = try StepCurvature(
      configuration, from: source, count: model.table.count, on: team)
    gradient = try Arena(count: model.table.count)
    pass = try StepGradient(
      model.config, table: model.table, parameters: model.weights,
      gradients: gradient, curvature: curvature.gradient,
      microBatch: model.rows.count, T: model.T, on: team)
  }

  private lazy var hessian = Result {
    try HessianProduct(
      sharing: pass, table: model.table, direction: gradient, product: curvature.gradient)
  }

  /// ĥ of Sophia-G with the labels of a step.
  func squares(step: Int) throws -> [Double] {
    let S = model.rows.count
    pass.begin(
      .init(
        step: step, sequences: S, curvatureSequences: S, curvatureGroups: groups, seed: 11))
    curvature.begin()
    var first = 0
    while first < S {
      let count = pass.room
      let rows = first..<first + count
      let group = pass.add(
        tokens: model.rows[rows].flatMap { $0 }.map { UInt16($0) },
        targets: model.targets[rows].flatMap { $0 }.map { UInt16($0) }, count: count)
      if let group { curvature.add(group) }
      first += count
    }
    _ = pass.finish()
    return try #require(curvature.estimate).values
  }
}

extension Draws {
  /// ĥ of Sophia-H with the directions of a step.
  fileprivate func products(step: Int, _ probe: Probe) throws -> [Double] {
    let hessian = try self.hessian.get()
    curvature.begin()
    for m in 0..<groups {
      let S = model.rows.count
      let rows = S * m / groups..<S * (m + 1) / groups
      probe.fill(gradient, seed: 11, step: step, group: m, on: team)
      hessian.begin(sequences: rows.count)
      for s in rows {
        hessian.add(
          tokens: model.rows[s].map { UInt16($0) }, targets: model.targets[s].map { UInt16($0) })
      }
      curvature.add(productWith: gradient.view())
    }
    return try #require(curvature.estimate).values
  }
}

extension Curvature {
  /// ĥ.
  fileprivate var values: [Double] {
    (gradient?.buffer.map { $0 } ?? []).map { x in
      let scaled = Double(x) * Double(scale)
      return labelTerms.map { scaled * scaled * Double($0) } ?? scaled
    }
  }
}

/// Mean and spread of vectors that come one after another (Welford 1962).
private struct Moments {
  private var draws = 0.0
  private var mean, squares: [Double]

  init(count: Int) {
    mean = [Double](repeating: 0, count: count)
    squares = mean
  }

  mutating func add(_ values: [Double]) {
    draws += 1
    for i in mean.indices {
      let d = values[i] - mean[i]
      mean[i] += d / draws
      squares[i] += d * (values[i] - mean[i])
    }
  }

  private var variance: Double { squares.reduce(0, +) / (draws - 1) }

  /// ‖mean − exact‖².
  func squaredError(of exact: [Double]) -> Double {
    zip(mean, exact).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }

  /// The mean over some coordinates, each in its own scale, of its squared error over what that is
  /// without a bias. Those that are zero, as the keys' biases, which softmax does not see, have estimates
  /// of rounding alone: near zero is right.
  func squaredScore(of exact: [Double], in range: Range<Int>) -> Double {
    let largest = exact.map(abs).max() ?? 0
    return range.reduce(0) { sum, i in
      if abs(exact[i]) < 1e-7 * largest {
        return sum + (abs(mean[i]) < 1e-5 * largest ? 1 : .infinity)
      }
      let error = mean[i] - exact[i]
      return sum + error * error / (squares[i] / (draws - 1) / draws)
    } / Double(range.count)
  }

  /// Its expectation without a bias.
  var expectedSquaredError: Double { variance / draws }

  /// √(Σ variance / Σ mean²).
  var relativeDeviation: Double {
    (variance / mean.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }
}
