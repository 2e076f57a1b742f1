import FileFaults
import Files
import Glibc
import Synchronization
import TemporaryDirectories
import Testing

@testable import Checkpoints

@Suite struct CheckpointStoreTests {
  @Test func publishedCheckpointsAreFound() throws {
    let run = try RunDirectory(steps: [0, 9, 10])
    let store = CheckpointStore(directory: run.path)
    #expect(try store.steps() == [0, 9, 10])
    #expect(try run.validSteps() == [0, 9, 10])
    let search = try store.newestValid()
    #expect(search.damaged.isEmpty)
    #expect(try RunDirectory.check(try #require(search.newest)) == 10)
    #expect(
      try run.files.list(run.path) == [
        "run.lock", "step-00000000", "step-00000009", "step-00000010",
      ])
    #expect(
      try run.files.list(store.path(of: 10)) == [
        "config.json", "manifest.json", "model.safetensors", "notes.txt",
      ])
    #expect(
      try RunDirectory.check(CheckpointDirectory.open(run.path, verify: .everything).checkpoint)
        == 10)
    #expect(try RunDirectory.check(CheckpointDirectory.open(store.path(of: 9)).checkpoint) == 9)
  }

  @Test func theLastOnesAreKept() throws {
    let run = try RunDirectory(steps: [1, 2, 3])
    let store = CheckpointStore(directory: run.path)
    try store.lock()
    let published = try RunDirectory.publish(4, keeping: 2, in: store)
    #expect(published.cleanupError == nil)
    #expect(try RunDirectory.check(published.checkpoint) == 4)
    #expect(try store.steps() == [3, 4])
    try RunDirectory.publish(5, keeping: 1, in: store)
    #expect(try run.validSteps() == [5])
  }

  @Test func damagedOnesDoNotCountAsKept() throws {
    let run = try RunDirectory(steps: [1, 2, 3])
    let store = CheckpointStore(directory: run.path)
    try store.lock()
    try run.files.removeFile("\(store.path(of: 3))/manifest.json")
    try RunDirectory.publish(4, keeping: 2, in: store)
    #expect(try store.steps() == [2, 3, 4])
    #expect(try run.validSteps() == [2, 4])
  }

  @Test func aLaterOneThatIsDamagedDoesNotCountAsKept() throws {
    let run = try RunDirectory(steps: [1, 2, 5])
    let store = CheckpointStore(directory: run.path)
    try store.lock()
    let weights = "\(store.path(of: 5))/model.safetensors"
    var bytes = try run.files.readBytes(weights, limit: 9999)
    bytes[bytes.count - 1] ^= 1
    try run.files.writeAtomically(bytes, to: weights)
    #expect(try store.newestValid(verify: .everything).newest?.manifest?.step == 2)
    try RunDirectory.publish(3, keeping: 1, in: store)
    #expect(try store.steps() == [3, 5])
    #expect(try store.newestValid(verify: .everything).newest?.manifest?.step == 3)
  }

  @Test func anEmptyRunStartsAnewAndADamagedOneDoesNot() throws {
    let directory = try TemporaryDirectory()
    let store = CheckpointStore(directory: directory("none"))
    #expect(try store.newestValid().newest == nil)
    try store.lock()
    try LocalFileSystem().makeDirectories(directory("none/.tmp-step-00000001"))
    try LocalFileSystem().makeDirectories(directory("none/step-1"))
    #expect(try store.newestValid().newest == nil)
    let nothing = try #require(throws: CheckpointError.self) {
      try CheckpointDirectory.open(store.directory)
    }
    #expect(nothing == .notACheckpoint(path: store.directory))
    try LocalFileSystem().makeDirectories(directory("none/step-00000001"))
    let error = try #require(throws: CheckpointError.self) { try store.newestValid() }
    #expect(error.description.hasPrefix("\(store.directory): none of its 1 checkpoints is valid: "))
    try store.cleanLeftovers()
    #expect(
      try LocalFileSystem().list(store.directory) == ["run.lock", "step-00000001", "step-1"])
    #expect(throws: CheckpointError.self) { try CheckpointDirectory.open(directory("missing")) }
  }

  /// While it is looked at, the writer publishes another checkpoint and removes the one that was there.
  @Test func aCheckpointThatIsPrunedMeanwhile() throws {
    let run = try RunDirectory(steps: [1])
    let writer = CheckpointStore(directory: run.path)
    try writer.lock()
    let isFirst = Atomic(true)
    let files = FaultyFileSystem { call in
      if call.operation == "status", isFirst.exchange(false, ordering: .relaxed) {
        _ = try? RunDirectory.publish(2, keeping: 1, in: writer)
      }
      return false
    }
    let search = try CheckpointStore(directory: run.path, files: files).newestValid()
    #expect(search.newest?.manifest?.step == 2 && search.damaged.isEmpty)
    #expect(try writer.steps() == [2])
  }

  /// A folder of others may have a file of that name.
  @Test func aManifestThatIsNotOurs() throws {
    let run = try RunDirectory(steps: [1])
    let path = CheckpointStore(directory: run.path).path(of: 1)
    let name = "\(path)/\(CheckpointManifest.fileName)"
    for (text, isForeign) in [("{\"files\": {}}", true), ("[]", false), ("{\"format\": 1}", false)]
    {
      try run.files.writeAtomically(Array(text.utf8), to: name)
      let opened = try? CheckpointDirectory(path: path, verify: .everything)
      #expect((opened != nil) == isForeign, "\(text)")
      #expect(opened?.manifest == nil)
      #expect(throws: CheckpointError.self) {
        try CheckpointStore(directory: run.path).newestValid()
      }
    }
  }

  @Test func aRunHasOneWriter() throws {
    let run = try RunDirectory()
    let first = CheckpointStore(directory: run.path)
    try first.lock()
    try first.lock()
    let second = CheckpointStore(directory: run.path)
    let error = try #require(throws: CheckpointError.self) { try second.lock() }
    #expect(error == .locked(directory: run.path, holder: "process \(getpid())"))
    #expect(!second.isLocked)
    first.unlock()
    try second.lock()
    #expect(second.isLocked)
  }

  @Test func aValidStepIsNotWrittenAgainAndADamagedOneIs() throws {
    let run = try RunDirectory(steps: [5, 6])
    let store = CheckpointStore(directory: run.path)
    try store.lock()
    let error = try #require(throws: CheckpointError.self) {
      try RunDirectory.publish(6, in: store)
    }
    #expect(error == .alreadyPublished(path: store.path(of: 6)))
    try run.files.removeFile("\(store.path(of: 6))/config.json")
    #expect(try run.validSteps() == [5])
    try RunDirectory.publish(6, in: store)
    #expect(try run.validSteps() == [5, 6])
    #expect(try run.files.list(run.path) == ["run.lock", "step-00000005", "step-00000006"])
  }

  @Test func spaceIsAskedForBeforeWriting() throws {
    let run = try RunDirectory(steps: [5])
    let store = CheckpointStore(directory: run.path)
    try store.lock()
    let error = try #require(throws: CheckpointError.self) {
      try store.publish(step: 6, expecting: Int.max / 2) { _ in }
    }
    #expect(error.isFull)
    #expect(error.description.contains("a checkpoint needs 5072854620270126"))
    #expect(try run.files.list(run.path) == ["run.lock", "step-00000005"])
  }

  @Test func anErrorOfTheCallerLeavesNothing() throws {
    let run = try RunDirectory(steps: [5])
    let store = CheckpointStore(directory: run.path)
    try store.lock()
    let error = try #require(throws: CheckpointError.self) {
      try withTensors([("m", [2], [1, .nan])]) { tensors throws in
        try store.publish(step: 6) { (writer) throws(CheckpointError) in
          try writer.writeBytes("a", [1])
          try writer.writeTensors("b.safetensors", tensors)
        }
      }
    }
    #expect(error.description.hasSuffix("tensor m: element 1 is nan, expected a finite number"))
    #expect(try run.files.list(run.path) == ["run.lock", "step-00000005"])
  }

  @Test func aFolderWithoutAManifestIsOpened() throws {
    let directory = try TemporaryDirectory()
    let files = LocalFileSystem()
    try files.writeAtomically(Array("{\"n_layer\": 2}".utf8), to: directory("config.json"))
    _ = try withTensors([("w", [1], [5])]) {
      try SafetensorsWriter.write($0, to: directory("model.safetensors"))
    }
    let (checkpoint, damaged) = try CheckpointDirectory.open(directory.path, verify: .everything)
    #expect(checkpoint.manifest == nil && damaged.isEmpty)
    #expect(checkpoint.contains("config.json") && !checkpoint.contains("optimizer.safetensors"))
    #expect(try checkpoint.json(of: "config.json")["n_layer"] == 2)
    #expect(try checkpoint.tensors(of: "model.safetensors").entries.count == 1)
    #expect(throws: CheckpointError.self) { try checkpoint.tensors(of: "optimizer.safetensors") }
  }

  @Test func onlyListedFilesAreTheCheckpoints() throws {
    let run = try RunDirectory(steps: [5])
    let checkpoint = try CheckpointDirectory.open(run.path).checkpoint
    try run.files.writeAtomically([1], to: "\(checkpoint.path)/extra")
    #expect(!checkpoint.contains("extra") && checkpoint.contains("notes.txt"))
    let error = try #require(throws: CheckpointError.self) { try checkpoint.bytes(of: "extra") }
    #expect(error.description.hasSuffix("manifest: expected the file extra, found no such file"))
    #expect(try run.validSteps() == [5])
  }
}
