import Machine
import Testing

@testable import Kernels
@testable import Transformer

/// What a step leaves behind, and what it takes.
@Suite struct StepStateTests {
  private static func pass(
    _ run: SmallRun, microBatch: Int, gradient: Arena, sampled: Arena?,
    recompute: Bool = false, threads: Int = 2
  ) throws -> StepGradient {
    try StepGradient(
      run.config, table: run.table, parameters: run.weights, gradients: gradient,
      curvature: sampled, microBatch: microBatch, T: run.T, recompute: recompute,
      on: ThreadTeam(count: threads))
  }

  /// A step that was begun and never finished leaves nothing to the next one.
  @Test(arguments: [1, 3]) func abandonedStepLeavesNothing(done: Int) throws {
    let run = try SmallRun()
    let expected = try run.step(threads: 2, microBatch: 2, curved: 2)
    let (gradient, sampled) = (try Arena(count: run.table.count), try Arena(count: run.table.count))
    let pass = try Self.pass(run, microBatch: 2, gradient: gradient, sampled: sampled)
    pass.begin(.init(step: 1, sequences: run.S, curvatureSequences: 2, seed: 1))
    run.add(to: pass, targets: run.targets.reversed(), sequences: done)
    pass.begin(
      .init(step: SmallRun.step, sequences: run.S, curvatureSequences: 2, seed: SmallRun.seed))
    run.add(to: pass, targets: run.targets)
    #expect(pass.finish() == expected.loss)
    #expect(gradient.view().buffer.elementsEqual(expected.gradient))
    #expect(sampled.view().buffer.elementsEqual(expected.sampled))
  }

  /// The look-up's share goes to wte at the end, once, and to no row but the tokens'.
  @Test func finishAddsTheLookUpsShare() throws {
    let run = try SmallRun()
    let gradient = try Arena(count: run.table.count)
    let pass = try Self.pass(run, microBatch: 3, gradient: gradient, sampled: nil)
    let (V, C) = (run.config.vocabularySize, run.config.width)
    pass.begin(.init(step: 0, sequences: run.S, curvatureSequences: 0, seed: 0))
    // Half of the vocabulary, so that some rows are the head's alone.
    let tokens = run.tokens.map { $0 / 2 }
    for (first, count) in [(0, 3), (3, 1)] {
      pass.add(
        tokens: Array(tokens[(first * run.T)...]), targets: Array(run.targets[(first * run.T)...]),
        count: count)
    }
    let (head, share) = (
      Array(gradient.view(0, count: V * C).buffer), Array(pass.tokenGradients.arena.view().buffer)
    )
    _ = pass.finish()
    var seen: [Int] = []  // in the order of the first appearance
    for token in tokens.map(Int.init) where !seen.contains(token) { seen.append(token) }
    #expect(seen.count > 10 && seen.count < V)
    for v in 0..<V {
      let row = seen.firstIndex(of: v)
      for c in 0..<C {
        let (sum, own) = (gradient.base[v * C + c], head[v * C + c])
        #expect(sum == own + (row.map { share[$0 * C + c] } ?? 0), "row \(v)")
      }
    }
    for row in 0..<V {
      let isUsed = share[(row * C)..<((row + 1) * C)].contains { $0 != 0 }
      #expect(isUsed == (row < seen.count), "row \(row)")
    }
    #expect(pass.tokenGradients.arena.view().buffer.allSatisfy { $0 == 0 })
  }

  /// More tokens than the head takes at a time: with micro-batches of one sequence no chunk is
  /// divided, with six a chunk ends inside a sequence.
  @Test(arguments: [0, 2, 5]) func chunksOfTheHeadLeaveTheBits(curved: Int) throws {
    let config = GPT2Config(
      vocabularySize: 65_000, contextLength: 150, width: 6, layers: 1, heads: 2)
    let run = try SmallRun(config, T: 150, S: 6)
    let rows = StepGradient.headRows(config, tokens: 6 * 150)
    #expect(rows > 150 && rows < 6 * 150 && rows % 150 != 0)
    let one = try run.step(threads: 2, microBatch: 1, curved: curved)
    #expect(one.gradient.allSatisfy(\.isFinite) && one.sampled.allSatisfy(\.isFinite))
    #expect(try run.step(threads: 1, microBatch: 6, curved: curved) == one)
  }

  /// The bytes that are announced are the bytes that are taken.
  @Test(arguments: [1, 3], [false, true]) func memoryIsCounted(threads: Int, curved: Bool) throws {
    let run = try SmallRun()
    let arena = try Arena(count: run.table.count)
    for (microBatch, recompute) in [(1, false), (4, false), (4, true)] {
      let pass = try Self.pass(
        run, microBatch: microBatch, gradient: arena, sampled: curved ? arena : nil,
        recompute: recompute, threads: threads)
      let arenas = [pass.tokenGradients.arena, pass.sampledTokenGradients?.arena]
      let floats = arenas.reduce(pass.forward.activations.floats) { $0 + ($1?.count ?? 0) }
      let scratch = pass.forward.workspace.gemm.bytes + pass.forward.workspace.attention.bytes
      // Beside them two doubles a token.
      #expect(
        StepGradient.bytes(
          run.config, microBatch: microBatch, T: run.T, recompute: recompute, curvature: curved,
          threads: threads)
          == 4 * floats + scratch + 16 * microBatch * run.T)
      // Ten residual-stream widths a token and layer are kept for the backward.
      let kept = 4 * 10 * run.config.width * run.config.layers * microBatch * run.T
      if !recompute { #expect(4 * pass.forward.activations.floats >= kept) }
    }
  }

  /// A layer more costs its input alone where layers are recomputed.
  @Test func recomputedLayersKeepTheirInputs() throws {
    func floats(_ layers: Int) throws -> Int {
      let config = GPT2Config(
        vocabularySize: 131, contextLength: 96, width: 48, layers: layers, heads: 3)
      return try Activations(config, B: 2, T: 70, recompute: true).floats
    }
    let padding = 16 * 6
    #expect(try (0...padding).contains(floats(5) - floats(4) - 2 * 70 * 48))
  }
}
