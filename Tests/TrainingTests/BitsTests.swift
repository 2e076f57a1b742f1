import Files
import Testing
import Transformer

@testable import Training

/// What a run can be made with: optimizer and form.
struct Recipe: Sendable, CustomTestStringConvertible {
  let optimizer: String
  let form: String
  var biasCorrected = false
  var groups = 1
  var share = 0.5
  var probe = Probe.gaussian
  var autoRho = ""
  var matrixRatio = 1.0
  var testDescription: String {
    optimizer.hasPrefix("sophia")
      ? "\(optimizer) \(form) \(biasCorrected) \(groups) \(probe) \(autoRho) \(matrixRatio)"
      : "\(optimizer) \(matrixRatio)"
  }

  var flags: [JSONMember] {
    .init([
      "optimizer": .string(optimizer), "sophia-form": .string(form),
      "bias-correct-h": .bool(biasCorrected), "curvature-groups": .integer(groups),
      "curvature-share": .number(share), "probe": .string(probe.rawValue),
      "auto-rho": .string(autoRho), "matrix-lr-ratio": .number(matrixRatio),
    ])
  }

  static let all = [
    Recipe(optimizer: "sophia-g", form: "paper"), Recipe(optimizer: "sophia-g", form: "official"),
    Recipe(optimizer: "sophia-g", form: "v1"), Recipe(optimizer: "sophia-g", form: "nesterov"),
    Recipe(optimizer: "sophia-g", form: "paper", biasCorrected: true),
    Recipe(optimizer: "sophia-g", form: "official", biasCorrected: true),
    Recipe(optimizer: "sophia-g", form: "paper", groups: 2),
    Recipe(optimizer: "sophia-g", form: "official", groups: 3, share: 1),
    Recipe(optimizer: "sophia-g", form: "v1", groups: 4, share: 1),
    Recipe(optimizer: "sophia-h", form: "paper"),
    Recipe(optimizer: "sophia-h", form: "paper", biasCorrected: true, groups: 3, share: 1),
    Recipe(optimizer: "sophia-h", form: "v1", groups: 2, probe: .rademacher),
    Recipe(optimizer: "sophia-g", form: "paper", autoRho: "0.2:0.3"),
    Recipe(optimizer: "sophia-g", form: "official", biasCorrected: true, autoRho: "0.2:0.3"),
    Recipe(optimizer: "sophia-g", form: "v1", groups: 2, autoRho: "0.2:0.3"),
    Recipe(optimizer: "sophia-h", form: "paper", autoRho: "0.2:0.3"),
    Recipe(optimizer: "sophia-muon", form: "paper", autoRho: "0.2:0.3"),
    Recipe(optimizer: "sophia-g", form: "nesterov", matrixRatio: 0.125),
    Recipe(optimizer: "sophia-h", form: "nesterov", groups: 2, share: 1, matrixRatio: 0.125),
    Recipe(optimizer: "adamw", form: "paper", matrixRatio: 0.0625),
    Recipe(optimizer: "adamw", form: "paper"), Recipe(optimizer: "lion", form: "paper"),
    Recipe(optimizer: "muon", form: "paper"), Recipe(optimizer: "sophia-muon", form: "paper"),
    Recipe(optimizer: "sophia-muon", form: "nesterov", biasCorrected: true, groups: 2, share: 1),
  ]
}

extension TrainingTests {
  /// How a run is cut into micro-batches and threads, and whether layers are kept or recomputed, enters
  /// no bit of its weights and state.
  @Suite struct Bits {
    @Test(arguments: Recipe.all)
    func fiftyStepsAreTheSameForAnyMicroBatchAndThreads(recipe: Recipe) throws {
      let tiny = try TinyRun()
      let steps = recipe.flags + [JSONMember("steps", 50)]
      let first = try tiny.run(tiny.request("first", steps, microBatch: 4))
      #expect(first.outcome == .finished && first.events.steps.count == 50)
      for (microBatch, threads) in [(1, 1), (2, 2), (4, 3), (1, 3), (3, 2)] {
        let out = "run-\(microBatch)-\(threads)"
        var request = tiny.request(out, steps, microBatch: microBatch)
        request.options.recompute = microBatch >= 3
        let other = try tiny.run(request, threads: threads)
        #expect(other.bits == first.bits, "micro-batch \(microBatch), \(threads) threads")
        // The numbers that people and scripts see are the same as well.
        #expect(other.events.evaluations == first.events.evaluations)
        #expect(other.events.steps.map(\.loss) == first.events.steps.map(\.loss))
        #expect(other.events.steps.map(\.gradientNorm) == first.events.steps.map(\.gradientNorm))
        #expect(
          try metrics(tiny.text("\(out)/metrics.jsonl"))
            == metrics(tiny.text("first/metrics.jsonl")))
      }
    }

    /// Each part of the configuration that is to decide the bits does.
    @Test(
      arguments: [
        ("seed", 1), ("lr", 0.003), ("batch-tokens", 80), ("context", 32), ("clip", 0.01),
        ("gamma", 1.0), ("curvature-interval", 3), ("curvature-share", 1.0),
        ("curvature-groups", 2), ("auto-rho", "0.2:0.3"),
        ("weight-decay", 0.5),
        ("sophia-form", "official"), ("sophia-form", "v1"), ("sophia-form", "nesterov"),
        ("bias-correct-h", true),
        ("optimizer", "sophia-h"), ("optimizer", "adamw"), ("optimizer", "lion"),
        ("optimizer", "muon"), ("optimizer", "sophia-muon"),
        ("schedule", "constant"),
        ("beta1", 0.9), ("matrix-lr-ratio", 0.5), ("vector-lr-ratio", 0.5),
      ] as [(String, JSON)])
    func anotherConfigurationGivesOtherBits(key: String, value: JSON) throws {
      let tiny = try TinyRun()
      let first = try tiny.run(tiny.request("first"))
      let other = try tiny.run(tiny.request("other", [JSONMember(key, value)]))
      #expect(other.bits["weights"] != first.bits["weights"])
    }

    @Test(
      arguments: [
        ("sophia-h", "probe", "rademacher"), ("sophia-muon", "sophia-lr", 0.003),
        ("sophia-muon", "gamma", 1.0), ("sophia-muon", "curvature-share", 1.0),
        ("sophia-muon", "momentum", 0.8), ("sophia-muon", "sophia-form", "nesterov"),
        ("muon", "adamw-lr", 0.003), ("muon", "vector-lr-ratio", 0.5),
      ] as [(String, String, JSON)])
    func anotherNumberOfTheOptimizersOwnGivesOtherBits(
      optimizer: String, key: String, value: JSON
    ) throws {
      let tiny = try TinyRun()
      let own = [JSONMember("optimizer", .string(optimizer))]
      let first = try tiny.run(tiny.request("first", own))
      let other = try tiny.run(tiny.request("other", own + [JSONMember(key, value)]))
      #expect(other.bits["weights"] != first.bits["weights"])
    }

    /// Data run out after a few steps, in the middle of a batch, and go round again.
    @Test func anEpochMayEndWithinAMicroBatch() throws {
      let tiny = try TinyRun(stories: 2)
      let steps = [JSONMember("steps", 40), JSONMember("batch-tokens", 112)]
      let first = try tiny.run(tiny.request("first", steps, microBatch: 7))
      for microBatch in [1, 4] {
        let other = try tiny.run(tiny.request("run-\(microBatch)", steps, microBatch: microBatch))
        #expect(other.bits == first.bits)
      }
      let state = try JSON(
        parsing: tiny.read("first/step-00000040/trainer_state.json"), name: "state")
      let cursor = try #require(state["data_cursor"])
      #expect(try #require(cursor["epoch"]?.intValue) >= 1)
    }
  }
}

/// The lines of a metrics file without the columns of time.
func metrics(_ text: String) throws -> [JSON] {
  try text.split(separator: "\n").map { line in
    let members = try #require(try JSON(parsing: Array(line.utf8), name: "metrics").objectValue)
    let times = ["seconds", "optimizer_seconds", "tokens_per_second"]
    return .object(members.filter { !times.contains($0.key) })
  }
}
