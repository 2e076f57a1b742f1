import Machine
import Optimizers
import Recipes

/// From the sampled gradients, or the Hessian-vector products, of a step's groups to the curvature that
/// the optimizer is given. One group's gradient is squared in the optimizer's own pass, one group's
/// product becomes the estimate where it lies; of several the estimates are averaged as each comes, in
/// one more arena.
final class StepCurvature {
  /// ĝ of a group as ``StepGradient`` leaves it: summed over the group, of the step's mean; or Hu.
  let gradient: Arena
  /// The first coordinate of a group's ĝ or Hu that is not finite.
  private(set) var firstNonFinite: Int?
  /// What the optimizer is given, once all groups were added.
  private(set) var estimate: Curvature?
  private let configuration: TrainingConfiguration
  private let source: CurvatureSource
  private let mean: DiagonalMean?
  private let team: ThreadTeam
  private var group = 0

  /// Throws ``MemoryError``.
  init(
    _ configuration: TrainingConfiguration, from source: CurvatureSource, count: Int,
    on team: ThreadTeam
  ) throws(MemoryError) {
    (self.configuration, self.source, self.team) = (configuration, source, team)
    gradient = try Arena(count: count, touchedBy: team)
    let groups = configuration.curvatureGroups
    if groups > 1 {
      mean = try DiagonalMean(groups: groups, count: count, on: team)
    } else {
      mean = source == .hessianProducts ? DiagonalMean(groups: 1, in: gradient) : nil
    }
  }

  /// Starts a step.
  func begin() {
    (firstNonFinite, estimate, group) = (nil, nil, 0)
  }

  /// Takes what ``gradient`` holds of the next group. - sequences: the group's, of the step's.
  func add(_ sequences: Range<Int>) {
    let norm = GradientNorm(of: gradient.view(), on: team)
    firstNonFinite = firstNonFinite ?? norm.firstNonFinite
    var scale = Float(Double(configuration.sequences) / Double(sequences.count))
    if source == .sampledLabels(isClipped: true) && configuration.clip > 0 {
      scale *= Float(min(1, configuration.clip / max(norm.norm * Double(scale), 1e-30)))
    }
    let labelTerms = sequences.count * configuration.context
    if let mean {
      mean.addSquare(group, of: gradient.view(), scale: scale, labelTerms: labelTerms, on: team)
      estimate = mean.curvature
    } else {
      estimate = Curvature(gradient: gradient.view(), scale: scale, labelTerms: labelTerms)
    }
    group += 1
  }

  /// Takes the next group's Hu, which ``gradient`` holds. - direction: u.
  func add(productWith direction: TensorView) {
    firstNonFinite =
      firstNonFinite ?? GradientNorm(of: gradient.view(), on: team).firstNonFinite
    mean?.addProduct(group, of: direction, and: gradient.view(), on: team)
    estimate = mean?.curvature
    group += 1
  }
}
