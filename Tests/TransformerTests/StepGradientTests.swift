import Kernels
import Machine
import Testing

@testable import Transformer

/// A small model with odd sizes and random tokens.
struct SmallRun {
  let config = GPT2Config(
    vocabularySize: 131, contextLength: 96, width: 48, layers: 2, heads: 3,
    scaleByInverseLayer: true)
  let T = 70
  let S = 4
  let table: ParameterTable
  let weights: Arena
  let tokens, targets: [UInt16]

  init() throws {
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

  /// A step cut into micro-batches of at most `microBatch`.
  func step(threads: Int, microBatch: Int, curved: Int, targets: [UInt16]? = nil) throws -> Result {
    let (gradient, sampled) = (try Arena(count: table.count), try Arena(count: table.count))
    for i in 0..<table.count { (gradient.base[i], sampled.base[i]) = (.nan, .nan) }
    let pass = try StepGradient(
      config, table: table, parameters: weights, gradients: gradient, curvature: sampled,
      microBatch: microBatch, T: T, on: ThreadTeam(count: threads))
    let targets = targets ?? self.targets
    var loss = 0.0
    for repetition in 0..<2 {
      // Twice: nothing may remain of the step before.
      let plan = StepGradient.Plan(
        step: repetition * 7, sequences: S, curvatureSequences: curved, seed: 3)
      pass.begin(plan)
      for first in stride(from: 0, to: S, by: microBatch) {
        let count = min(microBatch, S - first)
        pass.add(
          tokens: Array(tokens[(first * T)...]), targets: Array(targets[(first * T)...]),
          count: count)
      }
      loss = pass.finish()
    }
    return Result(
      loss: loss, gradient: Array(gradient.view().buffer),
      sampled: curved > 0 ? Array(sampled.view().buffer) : [])
  }
}

@Suite struct StepGradientTests {
  @Test(arguments: [1, 2, 3, 7], [1, 2, 3, 4])
  func sameBitsForThreadsAndMicroBatches(threads: Int, microBatch: Int) throws {
    let run = try SmallRun()
    let reference = try run.step(threads: 1, microBatch: 4, curved: 3)
    #expect(reference.gradient.allSatisfy(\.isFinite) && reference.sampled.allSatisfy(\.isFinite))
    #expect(try run.step(threads: threads, microBatch: microBatch, curved: 3) == reference)
  }

  @Test func curvatureLeavesTheGradientAlone() throws {
    let run = try SmallRun()
    let without = try run.step(threads: 2, microBatch: 2, curved: 0)
    let with = try run.step(threads: 2, microBatch: 2, curved: 2)
    #expect(without.gradient == with.gradient && without.loss == with.loss)
  }

  /// ĝ is the gradient of the loss to labels drawn by inverse CDF, in vocabulary order, from the
  /// model's own distribution with the uniform of (seed, step, sequence, position).
  @Test func sampledGradientIsTheGradientOfDrawnLabels() throws {
    let run = try SmallRun()
    let curved = 3
    let labels = try drawnLabels(run, step: 7)
    let expected = try run.step(threads: 2, microBatch: 4, curved: 0, targets: labels)
    // Over all S sequences the drawn labels' loss has another gradient: take the first ones alone.
    let few = try firstSequences(run, curved, labels)
    let ours = try run.step(threads: 2, microBatch: 2, curved: curved).sampled
    #expect(expected.gradient != ours)
    let scale = Float(run.S) / Float(curved)
    for entry in run.table.entries {
      var (difference, norm) = (0.0, 0.0)
      for i in entry.offset..<(entry.offset + entry.count) {
        let d = Double(ours[i] * scale - few[i])
        difference += d * d
        norm += Double(few[i]) * Double(few[i])
      }
      #expect(
        difference <= 1e-10 * norm, "\(entry.name): off by \((difference / norm).squareRoot())")
    }
  }

  private func drawnLabels(_ run: SmallRun, step: Int) throws -> [UInt16] {
    let team = ThreadTeam(count: 1)
    let decoder = try Decoder(DecoderModel(run.config, parameters: run.weights, on: team), on: team)
    let random = Philox(seed: 3)
    var labels: [UInt16] = []
    for s in 0..<run.S {
      let row = run.tokens[(s * run.T)..<((s + 1) * run.T)].map { UInt32($0) }
      let logits = try decoder.forward(row, KVCache(run.config), logits: .all)
      for t in 0..<run.T {
        let exponentials = logits[t].map { exponential(Double($0)) }
        let goal =
          exponentials.reduce(0, +)
          * random.uniform(
            stream: RandomStream.labels.rawValue, UInt64(step) << 32 | UInt64(s), UInt32(t))
        var (sum, label) = (0.0, 0)
        for (v, e) in exponentials.enumerated() {
          sum += e
          if goal < sum {
            label = v
            break
          }
        }
        labels.append(UInt16(label))
      }
    }
    return labels
  }

  /// e^x by its series after halving the argument; good to 1e-14 for small |x|.
  private func exponential(_ x: Double) -> Double {
    let small = x / 1024
    var (term, sum) = (1.0, 1.0)
    for n in 1..<20 {
      term *= small / Double(n)
      sum += term
    }
    for _ in 0..<10 { sum *= sum }
    return sum
  }

  private func firstSequences(_ run: SmallRun, _ count: Int, _ labels: [UInt16]) throws -> [Float] {
    let gradient = try Arena(count: run.table.count)
    let pass = try StepGradient(
      run.config, table: run.table, parameters: run.weights, gradients: gradient, curvature: nil,
      microBatch: count, T: run.T, on: ThreadTeam(count: 2))
    pass.begin(.init(step: 0, sequences: count, curvatureSequences: 0, seed: 0))
    pass.add(tokens: run.tokens, targets: labels, count: count)
    _ = pass.finish()
    return Array(gradient.view().buffer)
  }

  /// The promise of equal bits on every machine, AVX2 or AVX-512: loss, gradients, ĝ and logits of
  /// one small computation, as a checksum.
  @Test func goldenChecksum() throws {
    let run = try SmallRun()
    let result = try run.step(threads: 2, microBatch: 2, curved: 2)
    let team = ThreadTeam(count: 2)
    let decoder = try Decoder(DecoderModel(run.config, parameters: run.weights, on: team), on: team)
    let logits = try decoder.forward(
      run.tokens.prefix(run.T).map { UInt32($0) }, KVCache(run.config), logits: .all)
    // FNV-1a over the bit patterns.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ bits: UInt64) { hash = (hash ^ bits) &* 0x100_0000_01B3 }
    add(result.loss.bitPattern)
    for value in result.gradient + result.sampled { add(UInt64(value.bitPattern)) }
    for t in 0..<run.T { for value in logits[t] { add(UInt64(value.bitPattern)) } }
    #expect(hash == 2_553_501_426_240_702_148, "\(hash)")
  }

  @Test func memoryIsCounted() throws {
    let run = try SmallRun()
    let one = StepGradient.bytes(run.config, microBatch: 1, T: run.T, curvature: true, threads: 1)
    let four = StepGradient.bytes(run.config, microBatch: 4, T: run.T, curvature: true, threads: 1)
    // Ten residual-stream widths a token and layer are kept for the backward.
    #expect(four - one >= 4 * 3 * run.T * 10 * run.config.width * run.config.layers)
    #expect(four < 64 << 20)
  }
}
