import Checkpoints
import Files
import Testing

@testable import Training

extension TrainingTests {
  /// `--auto-rho` in a run: γ moves at refreshes alone, and a damaged state is refused.
  @Suite struct HeldWinRate {
    private func flags(_ optimizer: String, _ band: String) -> [JSONMember] {
      .init(["optimizer": .string(optimizer), "auto-rho": .string(band)])
    }

    /// γ of a step follows from the win rates that were logged before it.
    @Test(arguments: ["sophia-g", "sophia-h", "sophia-muon"])
    func gammaFollowsTheRuleStepByStep(optimizer: String) throws {
      let tiny = try TinyRun()
      let run = try tiny.run(
        tiny.request("run", flags(optimizer, "0.3:0.4") + [JSONMember("steps", 30)]))
      let steps = run.events.steps
      var gamma = try #require(steps[0].gamma)
      #expect(gamma == (optimizer == "sophia-h" ? 0.01 : 0.05))
      var moves = 0
      for start in stride(from: 4, to: 28, by: 4) {
        let winRate = steps[start - 4..<start].reduce(0) { $0 + ($1.winRate ?? .nan) } / 4
        let factor = winRate < 0.3 ? min(0.3 / winRate, 2) : max(min(1, 0.4 / winRate), 0.5)
        moves += factor == 1 ? 0 : 1
        gamma *= factor
        for step in steps[start..<start + 4] {
          let logged = try #require(step.gamma)
          #expect(abs(logged / gamma - 1) < 1e-12, "step \(step.step)")
        }
      }
      #expect(moves > 0)
    }

    /// From a γ at which hardly anything wins the rate comes into the band.
    @Test func theWinRateComesIntoTheBand() throws {
      let tiny = try TinyRun()
      func winRate(_ out: String, _ band: String) throws -> Double {
        let own = flags("sophia-g", band) + .init(["steps": 120, "gamma": 0.001, "beta2": 0.9])
        let last = try tiny.run(tiny.request(out, own)).events.steps.suffix(20)
        return last.reduce(0) { $0 + ($1.winRate ?? .nan) } / 20
      }
      #expect(try winRate("free", "") < 0.1)
      let held = try winRate("held", "0.3:0.5")
      #expect(held > 0.25 && held < 0.55, "\(held)")
    }

    @Test(
      arguments: [
        nil, ["gamma": 1e9, "wins": 0, "coordinates": 0],
        ["gamma": 0.05, "wins": 9, "coordinates": 8], ["gamma": 0.05, "wins": 0], "high",
      ] as [JSON?])
    func aStateThatCannotBeIsRefused(stored: JSON?) throws {
      let tiny = try TinyRun()
      try tiny.run(tiny.request("run", flags("sophia-g", "0.1:0.5")), stopAt: 5)
      let folder = tiny.file("run/step-00000005")
      let name = "run/step-00000005/trainer_state.json"
      let state = try JSON(parsing: tiny.read(name), name: "state")
      let members = try #require(state.objectValue).filter { $0.key != "auto_rho" }
      try LocalFileSystem().removeFile("\(folder)/manifest.json")
      try tiny.write(
        .object(members + (stored.map { [JSONMember("auto_rho", $0)] } ?? [])), to: name)
      let refused = line {
        _ = try TrainerState.read(CheckpointDirectory.open(folder, files: LocalFileSystem()).0)
      }
      #expect(refused.contains("auto_rho") && refused.contains("--auto-rho 0.1:0.5"), "\(refused)")
    }
  }
}
