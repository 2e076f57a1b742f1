import Files
import Machine
import Optimizers
import Recipes
import Testing
import Transformer

@testable import Training

extension TrainingTests {
  /// An optimizer that the program does not have is one type and one entry of a registry.
  @Suite struct NewOptimizer {
    private let table = SettingTable(
      TrainingSettings(OptimizerRegistry(OptimizerRegistry.standard.recipes + [HeavyBallRecipe()])))

    private func request(_ tiny: TinyRun, _ out: String, resume: Bool = false)
      -> TrainingRun.Request
    {
      var request = tiny.request(
        out, .init(["optimizer": "heavy-ball", "lr": 0.25]), resume: resume)
      request.table = table
      return request
    }

    /// It trains, lowers the loss, and a resumed run comes to the bits of one that was not interrupted.
    @Test func itTrainsAndResumes() throws {
      let tiny = try TinyRun()
      let whole = try tiny.run(request(tiny, "whole"))
      let losses = whole.events.steps.map(\.loss)
      #expect(losses.count == 12 && losses[11] < losses[0])
      try tiny.run(request(tiny, "parts"), stopAt: 5)
      let parts = try tiny.run(request(tiny, "parts", resume: true))
      #expect(parts.bits == whole.bits && whole.bits["m"] != nil)
      #expect(try tiny.text("parts/configuration.json").contains("\"heavy-ball\""))
    }

    /// Its defaults lie below a model's, a model may have an object for it, and other optimizers' settings
    /// change nothing.
    @Test func itIsResolvedAsOthersAre() throws {
      func resolve(_ training: JSON) throws -> TrainingConfiguration {
        try TrainingConfiguration.resolve(
          preset: ["training": training], presetName: "p", file: nil,
          flags: [JSONMember("optimizer", "heavy-ball")], table: table)
      }
      let usual = try resolve([:])
      #expect(usual.lr == 0.25 && usual.momentum == 0.5)
      #expect(try resolve(["heavy-ball": ["lr": 2], "adamw": ["lr": 3]]).lr == 2)
      #expect(usual.idleReason(of: "gamma") == "--optimizer heavy-ball")
      #expect(usual.idleReason(of: "momentum") == nil)
      let row = try #require(table["momentum"])
      #expect(table.help(row).contains("0.5 with heavy-ball"))
      let refused = line {
        _ = try TrainingConfiguration.resolve(
          preset: [:], presetName: "p", file: nil, flags: [JSONMember("optimizer", "heavy-bal")],
          table: table)
      }
      #expect(refused.contains("sophia-muon, heavy-ball, found"), "\(refused)")
    }

    /// A program without it says which there are.
    @Test func othersDoNotKnowIt() throws {
      let tiny = try TinyRun()
      try tiny.run(request(tiny, "run"), stopAt: 2)
      var plain = request(tiny, "run", resume: true)
      plain.table = TrainingSettings.standard
      let refused = line { try tiny.run(plain) }
      #expect(refused.contains("optimizer: expected one of sophia-g"), "\(refused)")
    }
  }
}

/// Polyak's heavy ball, m ← μ·m + g, θ ← θ − η·m: all that a new optimizer takes.
private struct HeavyBallRecipe: OptimizerRecipe {
  let name = "heavy-ball"
  let note = "for tests"
  let keys = ["lr", "momentum"]

  func setDefaults(_ c: inout TrainingConfiguration, width: Int?) {
    (c.lr, c.momentum) = (0.25, 0.5)
  }

  func validate(_ c: TrainingConfiguration) throws(ConfigurationError) {}

  func make(
    _ c: TrainingConfiguration, for table: ParameterTable, on team: ThreadTeam
  ) throws(MemoryError) -> any Optimizer {
    try HeavyBall(momentum: Float(c.momentum), count: table.count)
  }

  func stateBytes(of table: ParameterTable) -> Int { 4 * table.count }
}

private final class HeavyBall: Optimizer {
  let state: [NamedArena]
  private let momentum: Float

  init(momentum: Float, count: Int) throws(MemoryError) {
    self.momentum = momentum
    state = [NamedArena(name: "m", arena: try Arena(count: count))]
  }

  func wantsCurvature(step t: Int) -> Bool { false }

  func step(
    _ theta: TensorView, gradient: TensorView, step t: Int, learningRate: Double,
    gradientScale: Float, curvature: Curvature?, on team: ThreadTeam
  ) -> StepStatistics {
    let m = state[0].arena.base
    for i in 0..<theta.count {
      m[i] = momentum * m[i] + gradientScale * gradient.base[i]
      theta.base[i] -= Float(learningRate) * m[i]
    }
    return StepStatistics()
  }
}
