import Files
import Machine
import Recipes
import Testing
import Transformer

@testable import Training

extension TrainingTests {
  /// What a run takes, counted before it is taken.
  @Suite struct Memory {
    private let model = GPT2Config(
      vocabularySize: 50_257, contextLength: 1024, width: 768, layers: 12, heads: 12)

    private func limit(gib: Double) throws -> MemoryLimit {
      let kib = Int(gib * 1_048_576)
      return try #require(
        MemoryLimit(
          meminfo: "MemTotal: \(kib) kB\nMemAvailable: \(kib) kB\n",
          cgroup: CgroupLimits()))
    }

    private func plan(
      _ optimizer: String = "sophia-g", groups: Int = 1, microBatch: Int? = nil,
      recompute: Bool = false, sequences: Int = 16, gib: Double
    ) throws -> MemoryPlan {
      var configuration = TrainingConfiguration()
      (configuration.optimizer, configuration.curvatureGroups) = (optimizer, groups)
      (configuration.context, configuration.batchTokens) = (1024, sequences * 1024)
      return try MemoryPlan(
        model, configuration: configuration, microBatch: microBatch, recompute: recompute,
        threads: 2, limit: try limit(gib: gib))
    }

    /// Weights, gradient and two states are 16 bytes a parameter, ĝ 4 more (DESIGN 8), a mean over
    /// groups of them another 4; Lion has one state.
    @Test func stateIsTwelveToTwentyFourBytesAParameter() throws {
      let parameters = ParameterTable(model).count
      for (optimizer, groups, bytes) in [
        ("lion", 1, 12), ("adamw", 1, 16), ("adamw", 2, 16), ("sophia-g", 1, 20),
        ("sophia-g", 2, 24), ("sophia-h", 1, 20), ("sophia-h", 3, 24),
      ] {
        let plan = try plan(optimizer, groups: groups, microBatch: 4, gib: 100)
        let activations = plan.parts.filter {
          $0.name.hasPrefix("activations") || $0.name == "program"
            || $0.name.hasPrefix("Hessian-vector product")
        }
        let rest = plan.bytes - activations.reduce(0) { $0 + $1.bytes }
        #expect(rest == bytes * parameters)
        #expect(plan.parts.allSatisfy { plan.description.contains($0.name) })
      }
    }

    /// Muon has v, or Sophia's h, for embeddings and vectors alone, and needs room for the largest matrix twice, for its
    /// shorter side's square twice, and for the products.
    @Test(arguments: ["muon", "sophia-muon"])
    func muonPlansItsOrthogonalization(optimizer: String) throws {
      let plan = try plan(optimizer, microBatch: 4, gib: 100)
      let hidden = 12 * 12 * 768 * 768
      let state = try #require(plan.parts.first { $0.name == "optimizer state" })
      #expect(state.bytes == 4 * (2 * ParameterTable(model).count - hidden))
      let workspace = try #require(plan.parts.first { $0.name == "orthogonalization" })
      let buffers = 4 * 2 * (4 + 1) * 768 * 768
      #expect(workspace.bytes > buffers && workspace.bytes < buffers + 64 << 20)
      let gHat = plan.parts.first { $0.name == "curvature gradient" }
      #expect(gHat?.bytes == (optimizer == "muon" ? nil : 4 * ParameterTable(model).count))
      let adamW = try self.plan("adamw", microBatch: 4, gib: 100)
      #expect(adamW.parts.allSatisfy { $0.name != "orthogonalization" })
    }

    /// Going back takes θ and the optimizer's state once more.
    @Test(arguments: [("sophia-g", 12), ("lion", 8)])
    func theGuardAgainstSpikesPlansItsCopy(optimizer: String, bytes: Int) throws {
      var configuration = TrainingConfiguration()
      (configuration.optimizer, configuration.spikeGuard) = (optimizer, 1)
      let plan = try MemoryPlan(
        model, configuration: configuration, microBatch: 1, threads: 2, limit: limit(gib: 100))
      let part = try #require(plan.parts.first { $0.name == "last good state" })
      #expect(part.bytes == bytes * ParameterTable(model).count)
    }

    @Test func theMicroBatchIsChosenToFit() throws {
      #expect(try plan(gib: 100).microBatch == 8)
      let small = try plan(gib: 8)
      #expect(small.microBatch < 8)
      #expect(small.bytes <= 4 << 30 || small.microBatch == 1)
      #expect(try plan(microBatch: 5, gib: 100).microBatch == 5)
    }

    /// A small model's activations stay in the cache; a large one's micro-batch would be so short that
    /// reading the weights again and again cost more.
    @Test func theMicroBatchOfASmallModelStaysInTheCache() throws {
      func microBatch(_ model: GPT2Config, context: Int, cache: Int?) throws -> Int {
        var configuration = TrainingConfiguration()
        (configuration.context, configuration.batchTokens) = (context, 8192)
        return try MemoryPlan(
          model, configuration: configuration, microBatch: nil, threads: 2,
          limit: try limit(gib: 100), cache: cache
        ).microBatch
      }
      let small = GPT2Config(
        vocabularySize: 4096, contextLength: 256, width: 128, layers: 4, heads: 4)
      #expect(try microBatch(small, context: 256, cache: nil) == 32)
      for mebibytes in [32, 64] {
        let B = try microBatch(small, context: 256, cache: mebibytes << 20)
        func bytes(_ B: Int) -> Int {
          StepGradient.activationBytes(small, microBatch: B, T: 256)
        }
        #expect(bytes(B) <= mebibytes << 20 && bytes(2 * B) > mebibytes << 20, "\(B)")
      }
      #expect(try microBatch(small, context: 64, cache: 1 << 20) == 128)
      #expect(try microBatch(model, context: 1024, cache: 32 << 20) == 8)
      // One sequence would fit, but is shorter than twice the width.
      #expect(StepGradient.activationBytes(model, microBatch: 1, T: 1024) < 640 << 20)
      #expect(try microBatch(model, context: 1024, cache: 640 << 20) == 8)
      #expect(try microBatch(model, context: 1024, cache: 8 << 30) == 8)
    }

    @Test func samplesOfTextTakeTheWeightsOnceMore() throws {
      var configuration = TrainingConfiguration()
      (configuration.context, configuration.batchTokens) = (1024, 16 * 1024)
      func bytes(_ samples: Bool) throws -> Int {
        try MemoryPlan(
          model, configuration: configuration, microBatch: 2, samples: samples, threads: 2,
          limit: try limit(gib: 100)
        ).bytes
      }
      #expect(try bytes(true) - bytes(false) >= 4 * ParameterTable(model).count)
    }

    /// What is planned is what the run of the issue has: at most 6 GiB.
    @Test func gpt2FitsSixGiB() throws {
      #expect(try plan("sophia-g", microBatch: 4, gib: 100).bytes < 6 << 30)
    }

    /// With `--recompute` the run of the issue has at most 3 GiB.
    @Test func gpt2RecomputedFitsThreeGiB() throws {
      let run = try plan("sophia-g", microBatch: 4, recompute: true, sequences: 4, gib: 100)
      #expect(run.bytes <= 3 << 30)
      let (kept, again) = (
        try plan("sophia-h", microBatch: 1, gib: 100),
        try plan("sophia-h", microBatch: 1, recompute: true, gib: 100)
      )
      // Sophia-H's product keeps the layers of a sequence all the same.
      let name = "Hessian-vector product of a sequence"
      #expect(
        again.parts.first { $0.name == name }?.bytes ?? 0
          > kept.parts.first { $0.name == name }?.bytes ?? .max)
    }

    @Test func aRefusalNamesTheFlagToChange() throws {
      let large = line { _ = try plan(microBatch: 16, gib: 6) }
      #expect(large.contains("this run needs") && large.contains("--micro-batch 8"), "\(large)")
      #expect(large.contains("6 GiB available"), "\(large)")
      #expect(large.contains("--recompute"), "\(large)")
      let recomputed = line { _ = try plan(microBatch: 16, recompute: true, gib: 3) }
      #expect(recomputed.contains("--micro-batch 8 (the same bits"), "\(recomputed)")
      let first = line { _ = try plan(microBatch: 1, gib: 2) }
      #expect(first.contains("use --recompute (the same bits"), "\(first)")
      let single = line { _ = try plan(microBatch: 1, recompute: true, gib: 2) }
      #expect(!single.contains("--recompute"), "\(single)")
      #expect(single.contains("--context") && single.contains("--model"), "\(single)")
      for count in [0, -1, 17, .max] {
        let line = line { _ = try plan(microBatch: count, gib: 100) }
        #expect(line.hasPrefix("--micro-batch \(count): expected 1...16"), "\(line)")
      }
    }

    @Test func aRunIsRefusedBeforeItTakesAnything() throws {
      let tiny = try TinyRun()
      let refused = line {
        try tiny.run(tiny.request("run"), limit: try limit(gib: 0.01))
      }
      #expect(refused.contains("this run needs"), "\(refused)")
      #expect(try LocalFileSystem().list(tiny.file("run")) == ["configuration.json", "run.lock"])
    }
  }
}
