import Checkpoints
import Files
import Machine
import Testing

@testable import Training

extension TrainingTests {
  /// `--spike-guard`: which steps are refused, where the run goes back to, when it gives up.
  @Suite struct Spikes {
    @Test func aLossIsRefusedFarAboveTheAverage() {
      var spikes = SpikeGuard(nats: 0.5)
      #expect(!spikes.refuses(20) && spikes.refuses(.nan) && spikes.refuses(.infinity))
      let isFirstGood = spikes.accept(4, step: 0, rho: nil)
      spikes.update()
      #expect(isFirstGood && spikes.goodStep == 0)
      #expect(!spikes.refuses(4.5) && spikes.refuses(4.5001) && !spikes.refuses(0))
      // Above the average: an update, but no state to go back to.
      let isSecondGood = spikes.accept(4.2, step: 1, rho: nil)
      spikes.update()
      var undone = spikes
      let goesOn = undone.refuse(step: 3)
      #expect(goesOn && spikes.updates == 2 && undone.updates == 0 && undone.goodUpdates == 0)
      #expect(!isSecondGood && spikes.goodStep == 0 && abs(spikes.averageLoss - 4.1) < 1e-12)
      let isThirdGood = spikes.accept(4.1, step: 2, rho: nil)
      #expect(isThirdGood && spikes.goodStep == 2)
      // The mean of what there is, up to 32 losses; then the newest counts 1/32.
      for step in 3..<32 { _ = spikes.accept(4.1, step: step, rho: nil) }
      #expect(abs(spikes.averageLoss - 4.1) < 1e-12 && spikes.losses == 32)
      _ = spikes.accept(4.1 - 0.32, step: 32, rho: nil)
      #expect(abs(spikes.averageLoss - 4.09) < 1e-12)
    }

    @Test func tenWithinAHundredStepsAreTheEnd() {
      var spikes = SpikeGuard(nats: 0.5)
      var answers = (1...9).map { spikes.refuse(step: 5 * $0) }
      #expect(answers.allSatisfy { $0 } && spikes.refused == 9)
      var late = spikes
      answers = [spikes.refuse(step: 104), late.refuse(step: 105)]
      #expect(answers == [false, true])
      #expect(late.recent == (1...9).map { 5 * $0 } + [105])
      // The first is forgotten: now the ten newest reach from 10 to 108.
      #expect(!late.refuse(step: 108) && late.refused == 11)
    }

    /// A weight gone bad in memory after six steps: step 7 is named and undone, the state is that of the
    /// good step that is named, to the bit, and the run goes on to its end.
    @Test(arguments: ["sophia-g", "lion", "sophia-muon"], [Float.nan, .infinity, 1e3])
    func goesBackToTheLastGoodState(optimizer: String, value: Float) throws {
      let tiny = try TinyRun()
      let events = Events()
      let trainer = try trainer(
        tiny, "run", .init(["optimizer": .string(optimizer), "spike-guard": 0.5]), events)
      var states: [[UInt32]] = []
      let outcome = try trainer.run(shouldStop: {
        states.append(bits(trainer))
        if trainer.step == 6 {
          for i in 0..<320 { trainer.theta.base[32 * i] = i % 2 == 0 ? value : -value }
        }
        return false
      })
      #expect(outcome == .finished && trainer.step == 12)
      let spike = try #require(try log(tiny).first { $0["event"] == "spike" })
      let good = try #require(spike["good_step"]?.intValue)
      #expect(spike["step"] == 7 && good < 6 && spike["skipped_batches"] == 1)
      #expect(states[7] == states[good], "not the state after step \(good)")
      let notice = try #require(events.notices.first { $0.hasPrefix("step 7: ") })
      #expect(notice.contains("back to the state after step \(good)"), "\(notice)")
      #expect(notice.contains(value == 1e3 ? "on average before" : "is not finite"), "\(notice)")
      // A step that made no update has no line of its own, and the ones after say so.
      let steps = try log(tiny).filter { $0["event"] == "step" }
      #expect(steps.compactMap { $0["step"]?.intValue } == [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12])
      #expect(
        steps.compactMap { $0["skipped_batches"]?.intValue } == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
      #expect(trainer.theta.view().buffer.allSatisfy { $0.isFinite && $0.magnitude < 100 })
    }

    /// Bad from the start: there is nothing to go back to, and the error is that of a run without guard.
    @Test func withoutAGoodStateItStops() throws {
      let tiny = try TinyRun()
      let trainer = try trainer(tiny, "run", [JSONMember("spike-guard", 0.5)], Events())
      trainer.theta.base[5] = .nan
      let stopped = line { _ = try trainer.run() }
      #expect(stopped.hasPrefix("step 1: the loss is not finite (first bad tensor: "), "\(stopped)")
      #expect(stopped.contains("stopped before the update"), "\(stopped)")
    }

    /// A learning rate that no model survives ends with a word on what to do, after ten tries.
    @Test(arguments: ["sophia-g", "adamw", "muon"])
    func tooManySpikesStopTheRun(optimizer: String) throws {
      let tiny = try TinyRun()
      let events = Events()
      let trainer = try trainer(
        tiny, "run",
        .init([
          "optimizer": .string(optimizer), "lr": 1000, "warmup": 0, "schedule": "constant",
          "steps": 200, "weight-decay": 900, "spike-guard": 1,
        ]), events)
      let stopped = line { _ = try trainer.run() }
      #expect(stopped.contains("the 10th batch to be skipped within 100 steps"), "\(stopped)")
      for flag in ["--lr", "--warmup", "--init-from", "--spike-guard"] {
        #expect(stopped.contains(flag), "\(stopped)")
      }
      #expect(events.notices.count { $0.contains("this batch is skipped") } == 9)
    }

    /// A guard that nothing trips changes no bit.
    @Test func withoutASpikeTheBitsAreThoseOfARunWithoutGuard() throws {
      let tiny = try TinyRun()
      let without = try tiny.run(tiny.request("without"))
      let with = try tiny.run(tiny.request("with", [JSONMember("spike-guard", 5)]))
      #expect(with.bits == without.bits)
      #expect(with.events.steps.last?.skippedBatches == 0)
      #expect(without.events.steps.last?.skippedBatches == nil)
      let files = try LocalFileSystem().list(tiny.file("without/step-00000012"))
      #expect(!files.contains("last_good.safetensors"))
    }

    /// With a threshold within the noise of small batches steps are skipped on the way; stopped at any
    /// step the run goes back to where the whole one does.
    @Test(arguments: ["sophia-g", "sophia-muon", "adamw"])
    func resumesExactlyAroundSpikes(optimizer: String) throws {
      let tiny = try TinyRun()
      let flags: [JSONMember] = .init([
        "optimizer": .string(optimizer), "spike-guard": 0.01, "auto-rho": "0.2:0.3", "steps": 24,
        "lr": 0.02, "sophia-lr": 0.02, "warmup": 0, "schedule": "constant",
      ])
      let whole = try tiny.run(tiny.request("whole", flags))
      let log = try metrics(tiny.text("whole/metrics.jsonl"))
      let skipped = log.filter { $0["event"] == "spike" }.count
      #expect(skipped >= 2 && skipped < 10, "\(skipped)")
      for stop in 1...23 {
        let out = "run-\(stop)"
        try tiny.run(tiny.request(out, flags), stopAt: stop)
        let rest = try tiny.run(
          tiny.request(out, flags, microBatch: 1 + stop % 4, resume: true), threads: 1 + stop % 2)
        #expect(rest.outcome == .finished && rest.bits == whole.bits, "stopped after \(stop)")
        #expect(try metrics(tiny.text("\(out)/metrics.jsonl")) == log)
        for name in [
          "model.safetensors", "optimizer.safetensors", "last_good.safetensors",
          "trainer_state.json",
        ] {
          let same =
            try tiny.read("\(out)/step-00000024/\(name)")
            == tiny.read("whole/step-00000024/\(name)")
          #expect(same, "\(name) after a stop at \(stop)")
        }
      }
    }

    @Test(
      arguments: [
        ("average_loss", nil), ("average_loss", "low"), ("losses", 33), ("losses", 0),
        ("skipped_batches", 99), ("last_skipped", [1]), ("good_step", nil), ("good_step", 5),
        ("updates", 6), ("updates", nil), ("good_updates", 6),
      ] as [(String, JSON?)])
    func aStateThatCannotBeIsRefused(key: String, value: JSON?) throws {
      let tiny = try TinyRun()
      try tiny.run(tiny.request("run", [JSONMember("spike-guard", 5)]), stopAt: 5)
      let folder = tiny.file("run/step-00000005")
      let state = try JSON(
        parsing: tiny.read("run/step-00000005/trainer_state.json"), name: "state")
      let guarded = try #require(state["spike_guard"]?.objectValue).filter { $0.key != key }
      let changed = guarded + (value.map { [JSONMember(key, $0)] } ?? [])
      let others = try #require(state.objectValue).filter { $0.key != "spike_guard" }
      try LocalFileSystem().removeFile("\(folder)/manifest.json")
      try tiny.write(
        .object(others + [JSONMember("spike_guard", .object(changed))]),
        to: "run/step-00000005/trainer_state.json")
      let refused = line {
        _ = try TrainerState.read(CheckpointDirectory.open(folder, files: LocalFileSystem()).0)
      }
      #expect(refused.contains("spike_guard"), "\(refused)")
    }

    private func trainer(
      _ tiny: TinyRun, _ out: String, _ flags: [JSONMember], _ events: Events
    ) throws -> Trainer {
      let team = ThreadTeam(count: 1)
      return try TrainingRun(tiny.request(out, flags), on: team) { events.add($0) }
        .makeTrainer(on: team) { events.add($0) }
    }

    private func log(_ tiny: TinyRun) throws -> [JSON] {
      try metrics(tiny.text("run/metrics.jsonl"))
    }

    private func bits(_ trainer: Trainer) -> [UInt32] {
      ([trainer.theta] + trainer.optimizer.state.map(\.arena)).flatMap {
        $0.view().buffer.map(\.bitPattern)
      }
    }
  }
}
