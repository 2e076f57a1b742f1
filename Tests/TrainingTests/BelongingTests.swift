import Checkpoints
import FileFaults
import Files
import Glibc
import Machine
import Testing

@testable import Dataset
@testable import Training

extension TrainingTests {
  /// What does not belong to a run, or is no longer what the run began with.
  @Suite struct Belonging {
    private let disk = LocalFileSystem()

    private func request(
      _ tiny: TinyRun, _ out: String, _ changes: [JSONMember] = [], resume: Bool = false
    ) -> TrainingRun.Request {
      var request = tiny.request(out, [JSONMember("steps", 6)] + changes, resume: resume)
      request.options.checkpointEvery = 2
      request.options.keep = 9
      if resume { request.flags = [] }
      return request
    }

    @Test(arguments: [
      JSONMember("seed", 7), JSONMember("optimizer", "lion"), JSONMember("lr", 0.01),
    ])
    func aCheckpointOfAnotherRunIsRefused(_ change: JSONMember) throws {
      let tiny = try TinyRun()
      try tiny.run(request(tiny, "a"), stopAt: 2)
      try tiny.run(request(tiny, "b", [change]), stopAt: 4)
      try disk.rename(tiny.file("b/step-00000004"), to: tiny.file("a/step-00000004"))
      let refused = line { try tiny.run(request(tiny, "a", resume: true)) }
      #expect(
        refused.contains("a/step-00000004") && refused.contains("of another run"), "\(refused)")
      try disk.removeTree(tiny.file("a/step-00000004"))
      #expect(try tiny.run(request(tiny, "a", resume: true)).outcome == .finished)
    }

    @Test func anEditedConfigurationIsNamed() throws {
      let tiny = try TinyRun()
      try tiny.run(request(tiny, "a"), stopAt: 2)
      let path = tiny.file("a/configuration.json")
      let text = try tiny.text("a/configuration.json")
      let edited = text.replacing("\"lr\": 0.002", with: "\"lr\": 0.004")
      try #require(edited != text)
      try disk.writeAtomically(Array(edited.utf8), to: path)
      let refused = line { try tiny.run(request(tiny, "a", resume: true)) }
      #expect(refused.contains("\(path): lr is 0.004, but") && refused.contains("with 0.002"))
      try disk.writeAtomically(Array("{".utf8), to: path)
      let run = try tiny.run(request(tiny, "a", resume: true))
      #expect(run.outcome == .finished && run.events.notices.contains { $0.contains(path) })
    }

    /// Data that change under a run end it after it has saved; with the data back it goes on to the same bits.
    @Test(arguments: [true, false]) func changedDataEndTheRunAfterSaving(_ shrinks: Bool) throws {
      let tiny = try TinyRun()
      let whole = try tiny.run(request(tiny, "whole"))
      let shard = tiny.file("data/train_000000.bin")
      let bytes = try tiny.read("data/train_000000.bin")
      let failed = try failure(tiny, "run") {
        if shrinks {
          truncate(shard, 1100)
        } else {
          let file = open(shard, O_WRONLY)
          let other: [UInt8] = [1, 0, 2, 0]
          pwrite(file, other, 4, 1024)
          close(file)
        }
      }
      #expect(failed.contains("train_000000.bin: was changed while it was in use"), "\(failed)")
      #expect(try CheckpointStore(directory: tiny.file("run")).steps() == [2, 3])
      try disk.withFile(shard, .replace) { file throws(FileError) in
        try disk.writeAll(bytes, to: file)
      }
      #expect(try tiny.run(request(tiny, "run", resume: true)).bits == whole.bits)
    }

    /// What ends a run to whose data `change` was done after three steps.
    private func failure(
      _ tiny: TinyRun, _ out: String, _ change: () -> Void
    ) throws -> String {
      let team = ThreadTeam(count: 1)
      let trainer = try TrainingRun(request(tiny, out), on: team) { _ in }
        .makeTrainer(on: team) { _ in }
      return line {
        _ = try trainer.run {
          if trainer.step == 3 { change() }
          return false
        }
      }
    }

    /// A program that is ended at any call before its first checkpoint: the same command works again.
    @Test func aKillInTheFirstSecondStopsNoLaterStart() throws {
      let tiny = try TinyRun()
      let counter = FaultyFileSystem()
      let whole = try TrainingRun(
        request(tiny, "counted"), files: counter, on: ThreadTeam(count: 1)
      ) { _ in }
      let count = counter.calls.count
      try #require(count > 20)
      withExtendedLifetime(whole) {}
      for number in 1...count {
        let out = "run-\(number)"
        let dying = FaultyFileSystem(fault: .die, at: number)
        _ = try? TrainingRun(
          request(tiny, out), files: dying, on: ThreadTeam(count: 1)
        ) { _ in }
        for resume in [false, true] where resume || number % 2 == 0 {
          let again = line {
            _ = try TrainingRun(
              tiny.request(out, [JSONMember("steps", 6)], resume: resume), on: ThreadTeam(count: 1)
            ) { _ in }
          }
          #expect(
            again == "nothing was thrown", "call \(number): \(counter.calls[number - 1]): \(again)")
        }
        let names = try disk.list(tiny.file(out))
        #expect(names == ["configuration.json", "run.lock"], "call \(number): \(names)")
      }
    }
  }
}
