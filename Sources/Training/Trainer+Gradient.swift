import Optimizers
import Recipes
import Transformer

/// What a step is computed from: the curvature's estimate, loss and gradient.
extension Trainer {
  private func plan(_ t: Int, curved: Bool) -> StepGradient.Plan {
    StepGradient.Plan(
      step: t, sequences: configuration.sequences,
      curvatureSequences: curved ? configuration.curvatureSequences : 0,
      curvatureGroups: curved ? configuration.curvatureGroups : 1,
      seed: UInt64(configuration.seed))
  }

  /// Sophia-H's estimate, u ⊙ Hu in each group with its own u; nothing for others.
  func estimateFromProducts(_ t: Int) {
    guard let hessian, let curvature, let probe = Probe(rawValue: configuration.probe) else {
      return
    }
    let plan = plan(t, curved: true)
    curvature.begin()
    tokens.withUnsafeMutableBufferPointer { tokens in
      targets.withUnsafeMutableBufferPointer { targets in
        guard let x = tokens.baseAddress, let y = targets.baseAddress else { return }
        for m in 0..<plan.curvatureGroups {
          probe.fill(gradients, seed: plan.seed, step: t, group: m, on: team)
          hessian.begin(sequences: plan.group(m).count)
          for s in plan.group(m) {
            windows.fillBatch(first: t * plan.sequences + s, count: 1, tokens: x, targets: y)
            hessian.add(tokens: x, targets: y)
          }
          curvature.add(productWith: gradients.view())
        }
      }
    }
  }

  /// The step's sequences, micro-batch by micro-batch; returns the mean loss.
  func stepGradient(_ t: Int, _ curvature: StepCurvature?) -> Double {
    let S = configuration.sequences
    gradient.begin(plan(t, curved: curvature != nil))
    curvature?.begin()
    tokens.withUnsafeMutableBufferPointer { tokens in
      targets.withUnsafeMutableBufferPointer { targets in
        guard let x = tokens.baseAddress, let y = targets.baseAddress else { return }
        var first = 0
        while first < S {
          let count = gradient.room
          windows.fillBatch(first: t * S + first, count: count, tokens: x, targets: y)
          if let group = gradient.add(tokens: x, targets: y, count: count) {
            curvature?.add(group)
          }
          first += count
        }
      }
    }
    return gradient.finish()
  }

  /// What the optimizer is told of curvature in this step: the estimate if it is `curved`, and ρ where that
  /// is held in a band, adjusted at each refresh.
  func adjustedCurvature(curved: Bool) -> Curvature? {
    if curved { state.autoRho?.adjust() }
    let estimate = curved ? curvature?.estimate : nil
    guard let rho = state.autoRho?.rho else { return estimate }
    var told = estimate ?? Curvature()
    told.rho = rho
    return told
  }
}
