import Machine
import Optimizers
import Transformer

/// A model, its gradient and its optimizer, fed with one batch.
final class TrainingSteps {
  private let team: ThreadTeam
  private let table: ParameterTable
  private let theta, g, sampledGradient: Arena
  private let gradient: StepGradient
  private let optimizer: Sophia
  private let tokens: [UInt16]
  private let B: Int
  private let T: Int
  private var t = 0

  init(_ config: GPT2Config, B: Int, T: Int, on team: ThreadTeam) throws(MemoryError) {
    table = ParameterTable(config)
    (self.team, self.B, self.T) = (team, B, T)
    theta = try Arena(count: table.count, touchedBy: team)
    g = try Arena(count: table.count, touchedBy: team)
    sampledGradient = try Arena(count: table.count, touchedBy: team)
    let ranges = table.entries.map {
      ParameterRange(offset: $0.offset, count: $0.count, decayed: $0.decayed)
    }
    optimizer = try Sophia(ranges: ranges, count: table.count, on: team)
    gradient = try StepGradient(
      config, table: table, parameters: theta, gradients: g, curvature: sampledGradient,
      microBatch: B, T: T, on: team)
    RandomValues.fill(theta, table, on: team)
    tokens = RandomValues.tokens(B * T + 1, vocabularySize: config.vocabularySize)
      .map { UInt16($0) }
  }

  /// Where Sophia-H's products are made.
  func makeHessian() throws(MemoryError) -> HessianProduct {
    try HessianProduct(
      sharing: gradient, table: table, direction: g, product: sampledGradient)
  }

  /// A direction and its product over the first sequences.
  func product(_ hessian: HessianProduct, sequences: Int) {
    Probe.gaussian.fill(g, seed: 1, step: t, group: 0, on: team)
    hessian.begin(sequences: sequences)
    tokens.withUnsafeBufferPointer { tokens in
      guard let x = tokens.baseAddress else { return }
      for s in 0..<sequences { hessian.add(tokens: x + s * T, targets: x + s * T + 1) }
    }
    t += 1
  }

  /// One step, `sampled` sequences of it for curvature.
  func step(sampled: Int) {
    gradient.begin(.init(step: t, sequences: B, curvatureSequences: sampled, seed: 1))
    tokens.withUnsafeBufferPointer { tokens in
      guard let x = tokens.baseAddress else { return }
      gradient.add(tokens: x, targets: x + 1, count: B)
    }
    _ = gradient.finish()
    let scale = GradientNorm(of: g.view(), on: team).scale(clippingTo: 1)
    let curvature =
      sampled == 0
      ? nil
      : Curvature(
        gradient: sampledGradient.view(), scale: Float(B) / Float(sampled),
        labelTerms: sampled * T)
    if curvature != nil { _ = GradientNorm(of: sampledGradient.view(), on: team) }
    _ = optimizer.step(
      theta.view(), gradient: g.view(), step: t, learningRate: 1e-4, gradientScale: scale,
      curvature: curvature, on: team)
    t += 1
  }
}
