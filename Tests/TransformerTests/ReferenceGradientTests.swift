import Kernels
import Machine
import ReferenceKernels
import Testing

@testable import Transformer

/// Loss and gradient of every parameter against scalar formulas in Double, differentiated by a tape.
@Suite struct ReferenceGradientTests {
  /// Sizes that are no multiples of anything; T beyond a page of attention, short of a whole number
  /// of them.
  private static func run(inverseLayer: Bool, T: Int = 70) throws -> SmallRun {
    try SmallRun(
      GPT2Config(
        vocabularySize: 37, contextLength: 75, width: 15, layers: 3, heads: 3,
        scaleByInverseLayer: inverseLayer), T: T, S: 3)
  }

  /// The reference's own gradient: along a direction, against central differences of its loss.
  @Test(arguments: [false, true]) func tapeAgreesWithDifferences(inverseLayer: Bool) throws {
    let run = try Self.run(inverseLayer: inverseLayer, T: 9)
    let (model, at) = (run.reference, run.weightsInDouble)
    let (tokens, targets) = (run.sequences(run.tokens), run.sequences(run.targets))
    let (loss, gradient) = model.gradient(at, tokens: tokens, targets: targets)
    #expect(abs(loss - model.loss(at, tokens: tokens, targets: targets)) < 1e-12)
    let random = Philox(seed: 4)
    for sample: UInt32 in 0..<4 {
      let direction = at.indices.map { random.uniform(stream: 1, UInt64($0), sample) - 0.5 }
      func loss(_ step: Double) -> Double {
        model.loss(zip(at, direction).map { $0 + step * $1 }, tokens: tokens, targets: targets)
      }
      let h = 1e-5
      let slope = (loss(h) - loss(-h)) / (2 * h)
      let expected = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(slope - expected) < 1e-6 * abs(expected), "\(slope), tape \(expected)")
    }
  }

  @Test(arguments: [(false, 70), (true, 70), (true, 64), (false, 1), (true, 2)])
  func lossAndEveryGradient(inverseLayer: Bool, T: Int) throws {
    let run = try Self.run(inverseLayer: inverseLayer, T: T)
    let exact = run.reference.gradient(
      run.weightsInDouble, tokens: run.sequences(run.tokens), targets: run.sequences(run.targets))
    let result = try run.step(threads: 2, microBatch: 2, curved: 0)
    #expect(abs(result.loss - exact.loss) < 1e-6 * exact.loss, "\(result.loss), \(exact.loss)")
    expectClose(run, result.gradient, exact.gradient)
  }

  /// An inner width and a head that are not GPT-2's.
  @Test(arguments: [(7, true), (71, true), (nil, false), (29, false)])
  func lossAndGradientsOfOtherShapes(innerWidth: Int?, tiesHead: Bool) throws {
    let run = try SmallRun(
      GPT2Config(
        vocabularySize: 37, contextLength: 75, width: 15, layers: 2, heads: 3,
        innerWidth: innerWidth, tiesHead: tiesHead), T: 70, S: 3)
    let exact = run.reference.gradient(
      run.weightsInDouble, tokens: run.sequences(run.tokens), targets: run.sequences(run.targets))
    for curved in [0, 2] {
      let result = try run.step(threads: 2, microBatch: 2, curved: curved)
      #expect(abs(result.loss - exact.loss) < 1e-6 * exact.loss, "\(result.loss), \(exact.loss)")
      expectClose(run, result.gradient, exact.gradient)
      #expect(try run.step(threads: 24, microBatch: 3, curved: curved) == result)
    }
  }

  /// ĝ, times S/curved, is the gradient of the mean loss of the drawn labels over their own tokens.
  @Test(arguments: [1, 2, 3], [true, false])
  func sampledGradient(curved: Int, tiesHead: Bool) throws {
    let run = try SmallRun(
      GPT2Config(
        vocabularySize: 37, contextLength: 75, width: 15, layers: 3, heads: 3, tiesHead: tiesHead,
        scaleByInverseLayer: true), T: 70, S: 3)
    let (weights, random) = (run.weightsInDouble, Philox(seed: SmallRun.seed))
    let tokens = Array(run.sequences(run.tokens).prefix(curved))
    let labels = tokens.enumerated().map { s, row in
      run.reference.logits(weights, tokens: row).enumerated().map { t, logits in
        Reference.draw(
          Reference.softmax(logits),
          uniform: random.uniform(
            stream: .labels, UInt64(SmallRun.step) << 32 | UInt64(s),
            UInt32(t)))
      }
    }
    let exact = run.reference.gradient(weights, tokens: tokens, targets: labels).gradient
    let share = Double(curved) / Double(run.S)
    let result = try run.step(threads: 2, microBatch: 2, curved: curved)
    expectClose(run, result.sampled, exact.map { $0 * share })
  }

  @Test func tokenLosses() throws {
    let run = try Self.run(inverseLayer: true)
    let pass = try StepGradient(
      run.config, table: run.table, parameters: run.weights,
      gradients: try Arena(count: run.table.count), curvature: nil, microBatch: 2, T: run.T,
      on: ThreadTeam(count: 2))
    let losses = Array(pass.tokenLosses(tokens: run.tokens, targets: run.targets, count: 2))
    #expect(losses.count == 2 * run.T)
    for (s, row) in run.sequences(run.tokens).prefix(2).enumerated() {
      for (t, logits) in run.reference.logits(run.weightsInDouble, tokens: row).enumerated() {
        let n = s * run.T + t
        let exact = Reference.crossEntropy(logits, target: Int(run.targets[n])).loss
        #expect(abs(losses[n] - exact) < 2e-6, "sequence \(s) position \(t)")
      }
    }
    #expect(
      pass.loss(tokens: run.tokens, targets: run.targets, count: 2) == losses.reduce(0, +))
  }

  /// Every tensor: squared error at most 1e-10 of the norm's square, and no element off by more
  /// than 1e-4 of the tensor's root mean square.
  private func expectClose(_ run: SmallRun, _ ours: [Float], _ exact: [Double]) {
    #expect(ours.count == exact.count)
    for entry in run.table.entries {
      let range = entry.offset..<(entry.offset + entry.count)
      let norm = exact[range].reduce(0) { $0 + $1 * $1 }
      let errors = range.map { abs(Double(ours[$0]) - exact[$0]) }
      let square = errors.reduce(0) { $0 + $1 * $1 }
      #expect(norm > 0 && square <= 1e-10 * norm, "\(entry.name): \((square / norm).squareRoot())")
      let worst = errors.reduce(0) { $1.isNaN ? .infinity : max($0, $1) }
      let size = (norm / Double(entry.count)).squareRoot()
      #expect(worst <= 1e-4 * size, "\(entry.name): an element off by \(worst) of \(size)")
    }
  }
}
