import Kernels
import Machine
import ReferenceKernels
import Testing

@testable import Transformer

@Suite struct StepGradientTests {
  @Test(arguments: [1, 2, 3, 7, 24], [1, 2, 3, 4])
  func sameBitsForThreadsAndMicroBatches(threads: Int, microBatch: Int) throws {
    let run = try SmallRun()
    let reference = try run.step(threads: 1, microBatch: 4, curved: 3)
    #expect(reference.gradient.allSatisfy(\.isFinite) && reference.sampled.allSatisfy(\.isFinite))
    #expect(try run.step(threads: threads, microBatch: microBatch, curved: 3) == reference)
  }

  /// Keeping all activations or recomputing layers, with the curvature on none, some or all sequences
  /// of a micro-batch.
  @Test(arguments: [0, 1, 3, 4], [1, 3, 4])
  func sameBitsWhenLayersAreRecomputed(curved: Int, microBatch: Int) throws {
    let run = try SmallRun(
      GPT2Config(vocabularySize: 131, contextLength: 96, width: 48, layers: 3, heads: 3))
    let kept = try run.step(threads: 2, microBatch: microBatch, curved: curved)
    let again = try run.step(threads: 2, microBatch: microBatch, curved: curved, recompute: true)
    #expect(again == kept)
  }

  /// The groups' ĝ of a step, without changing its gradient.
  private func groups(
    _ run: SmallRun, curved: Int, groups: Int, threads: Int, microBatch: Int
  ) throws -> (sequences: [Range<Int>], sampled: [[Float]], gradient: [Float]) {
    let (gradient, sampled) = (try Arena(count: run.table.count), try Arena(count: run.table.count))
    for i in 0..<run.table.count { (gradient.base[i], sampled.base[i]) = (.nan, .nan) }
    let pass = try StepGradient(
      run.config, table: run.table, parameters: run.weights, gradients: gradient,
      curvature: sampled, microBatch: microBatch, T: run.T, on: ThreadTeam(count: threads))
    pass.begin(
      .init(
        step: SmallRun.step, sequences: run.S, curvatureSequences: curved, curvatureGroups: groups,
        seed: SmallRun.seed))
    var (sequences, each): ([Range<Int>], [[Float]]) = ([], [])
    run.add(to: pass, targets: run.targets) {
      sequences.append($0)
      each.append(Array(sampled.view().buffer))
    }
    _ = pass.finish()
    return (sequences, each, Array(gradient.view().buffer))
  }

  @Test(arguments: [1, 3], [1, 2, 3, 5])
  func groupsHaveTheSameBitsForThreadsAndMicroBatches(threads: Int, microBatch: Int) throws {
    let run = try SmallRun(S: 6)
    let reference = try groups(run, curved: 5, groups: 3, threads: 1, microBatch: 6)
    #expect(reference.sequences == [0..<1, 1..<3, 3..<5])
    let other = try groups(run, curved: 5, groups: 3, threads: threads, microBatch: microBatch)
    #expect(other.sequences == reference.sequences)
    #expect(other.sampled == reference.sampled)
    let plain = try run.step(threads: 2, microBatch: 2, curved: 0).gradient
    #expect(other.gradient == plain && reference.gradient == plain)
  }

  /// A label depends on its sequence alone, so the groups' shares add up to the whole ĝ.
  @Test(arguments: [true, false]) func groupsAddUp(tiesHead: Bool) throws {
    let run = try SmallRun(
      GPT2Config(
        vocabularySize: 131, contextLength: 96, width: 48, layers: 2, heads: 3, tiesHead: tiesHead),
      S: 6)
    let whole = try run.step(threads: 2, microBatch: 2, curved: 5).sampled
    let one = try groups(run, curved: 5, groups: 1, threads: 2, microBatch: 2)
    #expect(one.sampled == [whole])
    for count in [2, 3, 5] {
      let parts = try groups(run, curved: 5, groups: count, threads: 2, microBatch: 4).sampled
      #expect(parts.count == count && parts.allSatisfy { $0.allSatisfy(\.isFinite) })
      for entry in run.table.entries {
        var (difference, norm) = (0.0, 0.0)
        for i in entry.offset..<(entry.offset + entry.count) {
          let sum = parts.reduce(0) { $0 + Double($1[i]) }
          difference += (sum - Double(whole[i])) * (sum - Double(whole[i]))
          norm += Double(whole[i]) * Double(whole[i])
        }
        #expect(difference <= 1e-11 * norm, "\(entry.name): \((difference / norm).squareRoot())")
      }
    }
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
        let uniform = random.uniform(
          stream: .labels, UInt64(step) << 32 | UInt64(s), UInt32(t))
        let p = Reference.softmax(logits[t].map(Double.init))
        labels.append(UInt16(Reference.draw(p, uniform: uniform)))
      }
    }
    return labels
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
    var checksum = Checksum()
    checksum.add(result.loss.bitPattern)
    for value in result.gradient + result.sampled { checksum.add(value) }
    for t in 0..<run.T { for value in logits[t] { checksum.add(value) } }
    #expect(checksum.value == 2_553_501_426_240_702_148, "\(checksum.value)")
  }
}
