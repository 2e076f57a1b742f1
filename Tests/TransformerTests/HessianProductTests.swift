import Checkpoints
import Foundation
import Machine
import ReferenceKernels
import Testing

@testable import Kernels
@testable import Transformer

/// The Hessian-vector product against differences of the reference's gradient and against torch's
/// double backward, both in float64.
@Suite struct HessianProductTests {
  /// H·u of the mean loss over the first `sequences` of a run.
  private static func product(
    _ config: GPT2Config, _ table: ParameterTable, _ weights: Arena, direction: [Float],
    tokens: [UInt16], targets: [UInt16], T: Int, sequences: Int, microBatch: Int = 2,
    threads: Int = 2, headRows: Int? = nil, recompute: Bool = false
  ) throws -> [Float] {
    let (u, product) = (try Arena(count: table.count), try Arena(count: table.count))
    for i in 0..<table.count { (u.base[i], product.base[i]) = (direction[i], .nan) }
    let pass = try StepGradient(
      config, table: table, parameters: weights, gradients: u, curvature: nil,
      microBatch: microBatch, T: T, recompute: recompute, on: ThreadTeam(count: threads))
    let hessian = try HessianProduct(
      sharing: pass, table: table, direction: u, product: product, headRows: headRows)
    // Twice: nothing may remain of the product before.
    for _ in 0..<2 {
      hessian.begin(sequences: sequences)
      for s in 0..<sequences {
        hessian.add(tokens: Array(tokens[(s * T)...]), targets: Array(targets[(s * T)...]))
      }
    }
    return Array(product.view().buffer)
  }

  private static func product(
    _ run: SmallRun, _ direction: [Float], microBatch: Int = 2, threads: Int = 2,
    headRows: Int? = nil, recompute: Bool = false
  ) throws -> [Float] {
    try product(
      run.config, run.table, run.weights, direction: direction, tokens: run.tokens,
      targets: run.targets, T: run.T, sequences: run.S, microBatch: microBatch, threads: threads,
      headRows: headRows, recompute: recompute)
  }

  private static func direction(_ count: Int, sample: UInt32 = 0) -> [Float] {
    let random = Philox(seed: 6)
    return (0..<count).map { Float(2 * random.uniform(stream: 3, UInt64($0), sample) - 1) }
  }

  @Test(arguments: [(false, 70), (true, 70), (true, 64), (false, 1), (true, 2), (false, 65)])
  func equalsDifferencesOfTheGradient(inverseLayer: Bool, T: Int) throws {
    try expectDifferences(
      SmallRun(
        GPT2Config(
          vocabularySize: 37, contextLength: 75, width: 15, layers: 2, heads: 3,
          scaleByInverseLayer: inverseLayer), T: T, S: 2))
  }

  /// An inner width and a head that are not GPT-2's.
  @Test(arguments: [(7, true), (29, false)])
  func ofOtherShapes(innerWidth: Int, tiesHead: Bool) throws {
    try expectDifferences(
      SmallRun(
        GPT2Config(
          vocabularySize: 37, contextLength: 75, width: 15, layers: 2, heads: 3,
          innerWidth: innerWidth, tiesHead: tiesHead), T: 70, S: 2))
  }

  private func expectDifferences(_ run: SmallRun) throws {
    let u = Self.direction(run.table.count)
    let (tokens, targets) = (run.sequences(run.tokens), run.sequences(run.targets))
    func gradient(_ step: Double) -> [Double] {
      let at = zip(run.weightsInDouble, u).map { $0 + step * Double($1) }
      return run.reference.gradient(at, tokens: tokens, targets: targets).gradient
    }
    // Four points: what is left is O(h⁴).
    let h = 2e-4
    let near = zip(gradient(h), gradient(-h)).map { $0 - $1 }
    let far = zip(gradient(2 * h), gradient(-2 * h)).map { $0 - $1 }
    let exact = zip(near, far).map { (8 * $0 - $1) / (12 * h) }
    expectClose(run.table, try Self.product(run, u), exact)
  }

  @Test(arguments: [false, true]) func equalsTorchsDoubleBackward(inverseLayer: Bool) throws {
    let f = try TorchGradientTests.Fixture(inverseLayer: inverseLayer)
    let folder = try #require(Bundle.module.resourceURL).path + "/Fixtures"
    let name = inverseLayer ? "inverse_layer" : "plain"
    let torch = try SafetensorsFile(path: "\(folder)/gpt2_hessian_\(name).safetensors")
    let u = (0..<f.table.count).map { i in
      Float(UInt32(truncatingIfNeeded: 2_654_435_761 * i) >> 8) * 0x1p-23 - 1
    }
    let ours = try Self.product(
      f.config, f.table, f.weights, direction: u, tokens: f.tokens, targets: f.targets, T: f.T,
      sequences: f.B)
    var exact: [Double] = []
    for entry in f.table.entries {
      let stored = try #require(torch[entry.name])
      var values = [Float](repeating: 0, count: stored.count)
      try values.withUnsafeMutableBufferPointer { try torch.read(stored, into: $0) }
      exact += values.map(Double.init)
    }
    expectClose(f.table, ours, exact)
  }

  /// Every tensor within 1e-5 of its norm.
  private func expectClose(_ table: ParameterTable, _ ours: [Float], _ exact: [Double]) {
    #expect(ours.count == exact.count)
    for entry in table.entries {
      let range = entry.offset..<(entry.offset + entry.count)
      let norm = exact[range].reduce(0) { $0 + $1 * $1 }
      let square = range.reduce(0) {
        $0 + (Double(ours[$1]) - exact[$1]) * (Double(ours[$1]) - exact[$1])
      }
      let error = (square / norm).squareRoot()
      #expect(norm > 0 && error <= 1e-5, "\(entry.name): off by \(error) of \(norm.squareRoot())")
    }
  }

  @Test(arguments: [1, 2, 3, 24], [1, 2, 4])
  func sameBitsForThreadsAndMicroBatches(threads: Int, microBatch: Int) throws {
    let run = try SmallRun()
    let u = Self.direction(run.table.count)
    let reference = try Self.product(run, u, microBatch: 1, threads: 1)
    let isFinite = reference.allSatisfy(\.isFinite)
    #expect(isFinite)
    #expect(try Self.product(run, u, microBatch: microBatch, threads: threads) == reference)
    #expect(
      try Self.product(run, u, microBatch: microBatch, threads: threads, recompute: true)
        == reference)
  }

  /// v·(H·u) = u·(H·v).
  @Test func theHessianIsSymmetric() throws {
    let run = try SmallRun()
    let (u, v) = (
      Self.direction(run.table.count), Self.direction(run.table.count, sample: 1)
    )
    let (hu, hv) = (try Self.product(run, u), try Self.product(run, v))
    func dot(_ a: [Float], _ b: [Float]) -> Double {
      zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    #expect(abs(dot(v, hu) / dot(u, hv) - 1) < 1e-4, "\(dot(v, hu)) \(dot(u, hv))")
  }

  /// The chunks of rows that the head takes differ by rounding alone.
  @Test(arguments: [16, 69]) func chunksOfTheHeadAddUp(rows: Int) throws {
    let run = try SmallRun()
    let u = Self.direction(run.table.count)
    expectClose(
      run.table, try Self.product(run, u, headRows: rows),
      try Self.product(run, u).map(Double.init))
  }

  /// The bytes that are announced are the bytes that are taken.
  @Test(arguments: [1, 3]) func memoryIsCounted(threads: Int) throws {
    let config = try SmallRun().config
    let tangents = try Activations(config, B: 1, T: 70)
    let scratch = try Attention.Scratch(T: 70, D: config.headSize, threads: threads, tangents: true)
    #expect(
      HessianProduct.bytes(config, T: 70, threads: threads)
        == 4 * tangents.floats + scratch.bytes)
    // Beside a pass that keeps no layer it needs activations of its own.
    #expect(
      HessianProduct.bytes(config, T: 70, recompute: true, threads: threads)
        == 8 * tangents.floats + scratch.bytes)
  }
}

@Suite struct ProbeTests {
  private func values(
    _ probe: Probe, count: Int, seed: UInt64 = 1, step: Int = 0, group: Int = 0, threads: Int = 1
  ) throws -> [Float] {
    let arena = try Arena(count: count)
    probe.fill(arena, seed: seed, step: step, group: group, on: ThreadTeam(count: threads))
    return Array(arena.view().buffer)
  }

  @Test(arguments: Probe.allCases) func isAFunctionOfItsKey(probe: Probe) throws {
    let count = 50_001
    let first = try values(probe, count: count)
    #expect(try values(probe, count: count, threads: 3) == first)
    // An element does not depend on how many come after it.
    #expect(try values(probe, count: 20_003) == Array(first.prefix(20_003)))
    let others = [
      try values(probe, count: count, seed: 2), try values(probe, count: count, step: 1),
      try values(probe, count: count, group: 1),
    ]
    for other in others {
      let product = zip(first, other).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      #expect(abs(product) < 5 * Double(count).squareRoot(), "correlated: \(product)")
    }
  }

  @Test(arguments: Probe.allCases) func hasMeanZeroAndVarianceOne(probe: Probe) throws {
    let count = 1 << 18
    let values = try values(probe, count: count).map(Double.init)
    let n = Double(count)
    func moment(_ power: Int) -> Double {
      values.reduce(0) { sum, x in sum + (0..<power).reduce(1.0) { p, _ in p * x } } / n
    }
    let fourth: Double = probe == .gaussian ? 3 : 1
    #expect(abs(moment(1)) < 5 / n.squareRoot())
    #expect(abs(moment(2) - 1) < 5 * (2 / n).squareRoot())
    #expect(abs(moment(3)) < 5 * (15 / n).squareRoot())
    #expect(abs(moment(4) - fourth) < 5 * (96 / n).squareRoot())
    // Neighbours, which share a counter, are independent.
    let neighbours = zip(values, values.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / n
    #expect(abs(neighbours) < 5 / n.squareRoot())
    if probe == .rademacher { #expect(values.allSatisfy { abs($0) == 1 }) }
  }
}
