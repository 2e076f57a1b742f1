import Checkpoints
import Files
import Machine
import Testing
import Transformer

@testable import Training

extension TrainingTests {
  /// A loss or gradient that is not finite stops before the update.
  @Suite struct NonFinite {
    private func trainer(_ tiny: TinyRun, _ out: String, _ flags: [JSONMember] = []) throws
      -> Trainer
    {
      let team = ThreadTeam(count: 1)
      return try TrainingRun(tiny.request(out, flags), on: team) { _ in }
        .makeTrainer(on: team) { _ in }
    }

    /// A weight turned bad in memory after three steps: step 4 is the one that is stopped.
    @Test(
      arguments: [Float.nan, .infinity],
      [
        "transformer.wte.weight", "transformer.h.1.mlp.c_fc.weight", "transformer.ln_f.bias",
      ])
    func namesStepAndTensorAndLeavesTheStateAlone(value: Float, name: String) throws {
      let tiny = try TinyRun()
      let trainer = try trainer(tiny, "run")
      let index = try #require(trainer.table.entries.firstIndex { $0.name == name })
      let at = trainer.table.entries[index].offset
      var poisoned: [UInt32] = []
      let stopped = line {
        _ = try trainer.run(shouldStop: {
          if trainer.step == 3 {
            trainer.theta.base[at] = value
            poisoned = bits(trainer)
          }
          return false
        })
      }
      #expect(stopped.hasPrefix("step 4: "), "\(stopped)")
      #expect(stopped.contains(name) && stopped.contains("not finite"), "\(stopped)")
      #expect(trainer.step == 3)
      #expect(bits(trainer) == poisoned, "the update was made all the same")
    }

    /// A learning rate that no model survives: what was saved before can be resumed or looked at.
    @Test(arguments: ["sophia-g", "sophia-h", "adamw", "lion", "muon", "sophia-muon"])
    func theLastCheckpointStaysGood(optimizer: String) throws {
      let tiny = try TinyRun()
      var request = tiny.request(
        "run",
        .init([
          "optimizer": .string(optimizer), "lr": 1000, "warmup": 0, "schedule": "constant",
          "steps": 200, "weight-decay": 900,
        ]))
      request.options.checkpointEvery = 1
      request.options.evalEvery = 1
      let stopped = line { try tiny.run(request) }
      #expect(stopped.contains("not finite"), "\(stopped)")
      #expect(stopped.contains("stopped before the update"), "\(stopped)")
      let store = CheckpointStore(directory: tiny.file("run"))
      let newest = try #require(try store.newestValid(verify: .everything).newest)
      let file = try ModelFile(newest)
      try file.read(into: try Arena(count: file.table.count))
      // Loss and validation loss may be anything on the way; the log stays readable.
      #expect(try metrics(tiny.text("run/metrics.jsonl")).count > 1)
    }

    @Test func weightsThatAreNotFiniteAreRefusedOnTheWayIn() throws {
      let tiny = try TinyRun()
      try tiny.run(tiny.request("run"))
      let path = tiny.file("run/step-00000012")
      try LocalFileSystem().removeFile("\(path)/manifest.json")
      var bytes = try tiny.read("run/step-00000012/model.safetensors")
      bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: [0, 0, 0x80, 0x7F])
      try LocalFileSystem().writeAtomically(bytes, to: "\(path)/model.safetensors")
      let refused = line {
        try tiny.run(tiny.request("second", [JSONMember("init-from", .string(path))]))
      }
      #expect(refused.contains("ln_f.bias: element 31 is inf"), "\(refused)")
    }

    private func bits(_ trainer: Trainer) -> [UInt32] {
      ([trainer.theta] + trainer.optimizer.state.map(\.arena)).flatMap {
        $0.view().buffer.map(\.bitPattern)
      }
    }
  }
}
