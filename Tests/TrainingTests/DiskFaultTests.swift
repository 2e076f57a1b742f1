import Checkpoints
import FileFaults
import Files
import Glibc
import Testing

@testable import Training

extension TrainingTests {
  /// Full disks, and death at each call that a checkpoint makes.
  @Suite struct DiskFault {
    private func request(_ tiny: TinyRun, _ out: String, resume: Bool = false)
      -> TrainingRun.Request
    {
      var request = tiny.request(out, [JSONMember("steps", 8)], resume: resume)
      request.options.checkpointEvery = 2
      return request
    }

    /// The disk is full while steps 4 and 6 are saved, and has room again for step 8.
    @Test(arguments: ["write", "allocate", "makeDirectory", "synchronize"])
    func aFullDiskStopsNoRun(operation: String) throws {
      let tiny = try TinyRun()
      let whole = try tiny.run(request(tiny, "whole"))
      let full = FaultyFileSystem(fault: .failForEver(ENOSPC)) { call in
        call.operation == operation
          && (call.path.contains("step-00000004") || call.path.contains("step-00000006"))
      }
      let run = try tiny.run(request(tiny, "run"), files: full)
      #expect(run.outcome == .finished)
      #expect(run.events.saved == [2, 8] && run.events.failed.map(\.step) == [4, 6])
      #expect(run.events.failed.allSatisfy { $0.reason.contains("No space left on device") })
      #expect(run.bits == whole.bits)
      let store = CheckpointStore(directory: tiny.file("run"))
      #expect(try store.steps() == [2, 8])
      for step in [2, 8] { _ = try store.checkpoint(of: step, verify: .everything) }
    }

    /// Too little room is known before anything is written.
    @Test func theLastSaveOfARunHasToSucceed() throws {
      let tiny = try TinyRun()
      let full = FaultyFileSystem(fault: .failForEver(EDQUOT)) {
        $0.operation == "write" && $0.path.contains("step-00000008")
      }
      let failed = line { try tiny.run(request(tiny, "run"), files: full) }
      #expect(failed.contains("step-00000008") && failed.contains("uota"), "\(failed)")
      let store = CheckpointStore(directory: tiny.file("run"))
      #expect(try store.newestValid(verify: .everything).newest?.path == store.path(of: 6))
      let whole = try tiny.run(request(tiny, "whole"))
      #expect(try tiny.run(request(tiny, "run", resume: true)).bits == whole.bits)
    }

    /// A full disk tears a line of the log in two; when there is room again it goes on where it
    /// stopped, and no line is lost, doubled or torn.
    @Test func theLogSurvivesAFullDisk() throws {
      let tiny = try TinyRun()
      try tiny.run(request(tiny, "whole"))
      let expected = try metrics(tiny.text("whole/metrics.jsonl"))
      for number in 1...4 {
        let out = "run-\(number)"
        let isLog: @Sendable (FaultyFileSystem.Call) -> Bool = {
          $0.operation == "write" && $0.path.hasSuffix("metrics.jsonl")
        }
        // The number-th write is cut short, the one after it fails.
        let torn = FaultyFileSystem(fault: .shortWrite, at: number, matching: isLog)
        let full = FaultyFileSystem(torn, fault: .fail(ENOSPC), at: number + 1, matching: isLog)
        let run = try tiny.run(request(tiny, out), files: full)
        #expect(run.outcome == .finished)
        #expect(try metrics(tiny.text("\(out)/metrics.jsonl")) == expected, "write \(number)")
      }
    }

    /// The program dies before each call in turn that changes the disk while the checkpoint of step 4
    /// is written and that of step 2 removed (each write, fsync and rename), and goes on to the same
    /// bits.
    @Test func deathAtEachCallOfACheckpoint() throws {
      let tiny = try TinyRun()
      func request(_ out: String, resume: Bool = false) -> TrainingRun.Request {
        var request = tiny.request(out, [JSONMember("steps", 5)], resume: resume)
        (request.options.checkpointEvery, request.options.keep) = (2, 1)
        request.options.evalEvery = 2
        return request
      }
      let whole = try tiny.run(request("whole"))
      let log = try metrics(tiny.text("whole/metrics.jsonl"))
      let counter = FaultyFileSystem(matching: Self.changes)
      _ = try tiny.run(request("counted"), files: counter)
      let calls = counter.calls.filter(Self.changes)
      let first = try #require(calls.firstIndex { $0.path.hasSuffix(".tmp-step-00000004") })
      let after = try #require(calls.firstIndex { $0.path.hasSuffix(".tmp-step-00000005") })
      let names = Set(calls[first..<after].map(\.operation))
      #expect(names == Self.changing)
      for number in first...after {
        let out = "run-\(number)"
        let disk = FaultyFileSystem(fault: .die, at: number + 1, matching: Self.changes)
        #expect(throws: (any Error).self) { try tiny.run(request(out), files: disk) }
        #expect(disk.isDead)
        let rest = try tiny.run(request(out, resume: true))
        #expect(rest.bits == whole.bits, "died before call \(number): \(calls[number])")
        #expect(try metrics(tiny.text("\(out)/metrics.jsonl")) == log)
        let begun = try #require(rest.events.steps.first?.step)
        #expect(begun == 3 || begun == 5)
        try LocalFileSystem().removeTree(tiny.file(out))
      }
    }

    /// Calls that change the disk, or promise that it has changed.
    private static let changing: Set = [
      "write", "synchronize", "rename", "removeFile", "makeDirectory", "removeDirectory",
      "synchronizeDirectory",
    ]
    private static let changes: @Sendable (FaultyFileSystem.Call) -> Bool = {
      changing.contains($0.operation)
    }
  }
}
