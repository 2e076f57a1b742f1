public import Machine

/// What moves the parameters: a flat arena of gradients in, a flat arena of parameters out.
///
/// An optimizer keeps arenas of state and nothing else; which step it is comes from outside. So
/// state arenas and a step number are all that a checkpoint has to hold.
public protocol Optimizer: AnyObject, Sendable {
  /// The state by name, each as long as the parameter arena, in the order of a checkpoint.
  var state: [NamedArena] { get }

  /// Whether step `t` (from 0) is to be given a ``Curvature``.
  func wantsCurvature(step t: Int) -> Bool

  /// One step, in one pass where the optimizer allows it: θ ← θ − η(λθ + u), where λ counts only in ranges that decay.
  ///
  /// The caller has made sure that the gradient is finite (``GradientNorm``): a NaN in it goes on
  /// into m and θ of its coordinate, where the statistics show it.
  ///
  /// - Parameters:
  ///   - theta: θ, (count), updated.
  ///   - gradient: g, (count), of the mean loss over the step's batch.
  ///   - step: t, from 0.
  ///   - learningRate: η of this step.
  ///   - gradientScale: what g is multiplied with first, the factor of a clip by norm; else 1.
  ///   - curvature: the estimate, on the steps that want it, and Sophia's ρ, on all where it is adjusted.
  func step(
    _ theta: TensorView, gradient: TensorView, step t: Int, learningRate: Double,
    gradientScale: Float, curvature: Curvature?, on team: ThreadTeam
  ) -> StepStatistics
}

/// A state arena and the name it has in a checkpoint.
public struct NamedArena: Sendable {
  /// `m`, `h` or `v`.
  public let name: String
  /// One float a parameter.
  public let arena: Arena
  /// The coordinates that it holds something for; nil: all that move. Others stay zero and need no
  /// place in a checkpoint.
  public let ranges: [ParameterRange]?

  /// Of `ranges`; nil: of all that move.
  public init(name: String, arena: Arena, ranges: [ParameterRange]? = nil) {
    (self.name, self.arena, self.ranges) = (name, arena, ranges)
  }

  /// Whether it holds something for coordinate `i`.
  public func holds(_ i: Int) -> Bool {
    ranges?.contains { i >= $0.offset && i < $0.offset + $0.count } ?? true
  }
}

/// What a step is told of curvature. On a refresh: the gradient to labels drawn from the model
/// (Gauss–Newton–Bartlett), or an estimate of the curvature's diagonal as it is. On any step: how much
/// curvature counts.
public struct Curvature {
  /// ĝ up to a factor, or ĥ itself, (count). Nil: h stays as it is.
  public var gradient: TensorView?
  /// What `gradient` is to be multiplied with to be ĝ, the gradient of the mean over the label
  /// terms; a clip by norm before squaring (official form) goes in here too. 1 with ĥ.
  public var scale: Float
  /// B_c: number of label terms in that mean. Counted, never typed in. Nil: `gradient` is ĥ.
  public var labelTerms: Int?
  /// Sophia's ρ in this step (``AutoRho``); nil: its hyperparameter.
  public var rho: Double?

  /// No refresh.
  public init() {
    (gradient, scale, labelTerms) = (nil, 1, nil)
  }

  /// The refresh with `diagonal` = ĥ, (count): a mean over groups (``DiagonalMean``).
  public init(diagonal: TensorView) {
    (gradient, scale, labelTerms) = (diagonal, 1, nil)
  }

  /// The refresh ĥ = B_c·(scale·gradient)².
  public init(gradient: TensorView, scale: Float = 1, labelTerms: Int) {
    precondition(labelTerms > 0, "Curvature: labelTerms \(labelTerms) < 1")
    self.gradient = gradient
    self.scale = scale
    self.labelTerms = labelTerms
  }
}

/// A hyperparameter outside its range.
public struct HyperparameterError: Error, Equatable, CustomStringConvertible {
  /// Its name.
  public let name: String
  /// What it was.
  public let value: Double
  /// What it should have been.
  public let expected: String

  /// One line for the user.
  public var description: String { "\(name) is \(value), expected \(expected)" }

  static func check(
    _ name: String, _ value: Double, _ expected: String, _ holds: Bool
  ) throws(HyperparameterError) {
    guard holds else { throw HyperparameterError(name: name, value: value, expected: expected) }
  }

  /// The decay of an average: 0 ≤ x < 1.
  static func checkDecay(_ name: String, _ value: Double) throws(HyperparameterError) {
    try check(name, value, "0 ≤ \(name) < 1", value >= 0 && value < 1)
  }

  /// ε, where it keeps a denominator from zero.
  static func checkEpsilon(_ value: Double) throws(HyperparameterError) {
    try check("epsilon", value, "1e-30 ≤ epsilon ≤ 1", value >= 1e-30 && value <= 1)
  }

  /// λ.
  static func checkWeightDecay(_ value: Double) throws(HyperparameterError) {
    try check("weight decay", value, "0 ≤ weight decay < 1e6", value >= 0 && value < 1e6)
  }
}
