import Kernels
import Machine
import ReferenceKernels

@testable import Transformer

/// A small model with odd sizes and random tokens.
struct SmallRun {
  let config: GPT2Config
  /// Tokens of a sequence.
  let T: Int
  /// Sequences of a step.
  let S: Int
  let table: ParameterTable
  let weights: Arena
  let tokens, targets: [UInt16]

  init(
    _ config: GPT2Config = GPT2Config(
      vocabularySize: 131, contextLength: 96, width: 48, layers: 2, heads: 3,
      scaleByInverseLayer: true), T: Int = 70, S: Int = 4
  ) throws {
    (self.config, self.T, self.S) = (config, T, S)
    table = ParameterTable(config)
    weights = try Arena(count: table.count)
    table.initialize(weights, seed: 5, on: ThreadTeam(count: 2))
    // Biases away from 0, so that each gradient matters.
    let random = Philox(seed: 9)
    for i in 0..<table.count {
      weights.base[i] += 0.05 * Float(random.uniform(stream: 1, UInt64(i)) - 0.5)
    }
    let (length, V) = (S * T, config.vocabularySize)
    let text = (0...length).map { UInt16(random.word(stream: 2, UInt64($0)) % UInt64(V)) }
    (tokens, targets) = (Array(text.dropLast()), Array(text.dropFirst()))
  }

  struct Result: Equatable {
    var loss: Double
    var gradient, sampled: [Float]
  }

  /// Keys the sampled labels of ``step(threads:microBatch:curved:targets:)``.
  static let seed: UInt64 = 3
  /// Number of the step whose result it gives.
  static let step = 7

  /// A step cut into micro-batches of at most `microBatch`.
  func step(
    threads: Int, microBatch: Int, curved: Int, targets: [UInt16]? = nil, recompute: Bool = false
  ) throws -> Result {
    let (gradient, sampled) = (try Arena(count: table.count), try Arena(count: table.count))
    for i in 0..<table.count { (gradient.base[i], sampled.base[i]) = (.nan, .nan) }
    let pass = try StepGradient(
      config, table: table, parameters: weights, gradients: gradient, curvature: sampled,
      microBatch: microBatch, T: T, recompute: recompute, on: ThreadTeam(count: threads))
    var loss = 0.0
    // Twice: nothing may remain of the step before.
    for step in [0, Self.step] {
      pass.begin(.init(step: step, sequences: S, curvatureSequences: curved, seed: Self.seed))
      add(to: pass, targets: targets ?? self.targets)
      loss = pass.finish()
    }
    return Result(
      loss: loss, gradient: Array(gradient.view().buffer),
      sampled: curved > 0 ? Array(sampled.view().buffer) : [])
  }

  /// Adds the first `sequences` of the step (nil: all of them) in micro-batches.
  /// - ended: called with the sequences of each group of the curvature when it is complete.
  func add(
    to pass: StepGradient, targets: [UInt16], sequences: Int? = nil,
    ended: (Range<Int>) -> Void = { _ in }
  ) {
    let all = sequences ?? S
    var first = 0
    while first < all {
      let count = min(pass.room, all - first)
      let group = pass.add(
        tokens: Array(tokens[(first * T)...]), targets: Array(targets[(first * T)...]), count: count
      )
      if let group { ended(group) }
      first += count
    }
  }

  /// The same model as scalar formulas in Double.
  var reference: Reference.GPT2 {
    Reference.GPT2(
      V: config.vocabularySize, contextLength: config.contextLength, C: config.width,
      L: config.layers, H: config.heads, F: config.innerWidth, tiesHead: config.tiesHead,
      epsilon: Double(config.layerNormEpsilon),
      scaleByInverseLayer: config.scaleByInverseLayer)
  }

  var weightsInDouble: [Double] { weights.view().buffer.map(Double.init) }

  /// Ids as sequences of T.
  func sequences(_ ids: [UInt16]) -> [[Int]] {
    stride(from: 0, to: ids.count, by: T).map { ids[$0..<$0 + T].map(Int.init) }
  }
}

/// FNV-1a over bit patterns, a word at a time.
struct Checksum {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ bits: UInt64) { value = (value ^ bits) &* 0x100_0000_01B3 }
  mutating func add(_ number: Float) { add(UInt64(number.bitPattern)) }
}
