import Files
import Machine
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
      _ optimizer: String = "sophia-g", groups: Int = 1, microBatch: Int? = nil, gib: Double
    ) throws -> MemoryPlan {
      var configuration = TrainingConfiguration()
      (configuration.optimizer, configuration.curvatureGroups) = (optimizer, groups)
      (configuration.context, configuration.batchTokens) = (1024, 16 * 1024)
      return try MemoryPlan(
        model, configuration: configuration, microBatch: microBatch, threads: 2,
        limit: try limit(gib: gib))
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

    @Test func theMicroBatchIsChosenToFit() throws {
      #expect(try plan(gib: 100).microBatch == 8)
      let small = try plan(gib: 8)
      #expect(small.microBatch < 8)
      #expect(small.bytes <= 4 << 30 || small.microBatch == 1)
      #expect(try plan(microBatch: 5, gib: 100).microBatch == 5)
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

    @Test func aRefusalNamesTheFlagToChange() throws {
      let large = line { _ = try plan(microBatch: 16, gib: 6) }
      #expect(large.contains("this run needs") && large.contains("--micro-batch 8"), "\(large)")
      #expect(large.contains("6 GiB available"), "\(large)")
      let single = line { _ = try plan(microBatch: 1, gib: 2) }
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
