import FileFaults
import Files
import Glibc
import TemporaryDirectories
import Testing

@testable import Checkpoints

/// One writer a directory, whatever is done to the names in it; and readers beside it.
@Suite struct OwnershipTests {
  private let run: RunDirectory

  init() throws { run = try RunDirectory(steps: [1]) }

  @Test func aLockStandsWhenItsFileIsRemoved() throws {
    let first = CheckpointStore(directory: run.path)
    try first.lock()
    try run.files.removeFile("\(run.path)/run.lock")
    let second = CheckpointStore(directory: run.path)
    let error = try #require(throws: CheckpointError.self) { try second.lock() }
    #expect(error == .locked(directory: run.path, holder: "unknown process"))
    try RunDirectory.publish(2, in: first)
    #expect(try run.validSteps() == [1, 2])
    // The lock's file is there again.
    #expect(run.files.exists("\(run.path)/run.lock"))
  }

  @Test func nothingIsPublishedOnceTheLockIsAnothers() throws {
    let first = CheckpointStore(directory: run.path)
    try first.lock()
    try run.files.removeFile("\(run.path)/run.lock")
    // As one of an earlier version has it, which locks that file alone.
    let other = try run.files.open("\(run.path)/run.lock", .update)
    try run.files.lock(other)
    let error = try #require(throws: CheckpointError.self) {
      try RunDirectory.publish(2, in: first)
    }
    #expect(error.isLost)
    #expect(try run.validSteps() == [1])
    try run.files.close(other)
  }

  @Test func nothingIsPublishedIntoADirectoryThatTookTheName() throws {
    let store = CheckpointStore(directory: run.path)
    try store.lock()
    try run.files.rename(run.path, to: run.path + "-moved")
    try run.files.makeDirectory(run.path)
    let error = try #require(throws: CheckpointError.self) {
      try RunDirectory.publish(2, in: store)
    }
    #expect(error == .moved(directory: run.path))
    #expect(try run.files.list(run.path).isEmpty)
  }

  @Test(arguments: [".tmp-step-00000008", ".trash-step-00000001", ".tmp-step-00000002"])
  func leftoversThatAreLinksAreRemovedAndNotFollowed(_ name: String) throws {
    let home = run.directory("home")
    try run.files.makeDirectory(home)
    try run.files.writeAtomically([1], to: "\(home)/thesis")
    try #require(symlink("../home", "\(run.path)/\(name)") == 0)
    let store = CheckpointStore(directory: run.path)
    try store.lock()
    try RunDirectory.publish(2, keeping: 1, in: store)
    #expect(try run.files.list(home) == ["thesis"])
    #expect(try run.files.list(run.path) == ["run.lock", "step-00000002"])
  }

  @Test func aLockThatIsALinkIsRefused() throws {
    let key = run.directory("key")
    try run.files.writeAtomically([1, 2, 3], to: key)
    try run.files.removeFile("\(run.path)/run.lock")
    for make in [symlink, link] {
      try #require(make(key, "\(run.path)/run.lock") == 0)
      #expect(throws: CheckpointError.self) { try CheckpointStore(directory: run.path).lock() }
      #expect(try run.files.readBytes(key, limit: 9) == [1, 2, 3])
      try run.files.removeFile("\(run.path)/run.lock")
    }
  }

  /// A checkpoint that was opened is read whole though its writer has removed it.
  @Test(arguments: [Verification.structure, .everything])
  func anOpenCheckpointOutlivesItsRemoval(_ verification: Verification) throws {
    let open = try CheckpointDirectory.open(run.path, verify: verification).checkpoint
    let store = CheckpointStore(directory: run.path)
    try store.lock()
    try RunDirectory.publish(2, keeping: 1, in: store)
    #expect(try store.steps() == [2])
    #expect(try RunDirectory.check(open) == 1)
    try open.verify(.everything)
    #expect(try open.contents(of: "notes.txt", limit: 9) == [])
    #expect(try open.contents(of: "other", limit: 9) == nil)
  }

  /// A checkpoint that vanishes at any call of its reader gives way to the one after it.
  @Test func aReaderTakesTheNextCheckpointAtEveryCall() throws {
    for number in 1... {
      let run = try RunDirectory(steps: [1])
      let counter = Counter()
      let reading = FaultyFileSystem(fault: .fail(EINTR), at: .max) { _ in
        if counter.next() == number {
          let store = CheckpointStore(directory: run.path)
          _ = try? store.lock()
          _ = try? RunDirectory.publish(2, keeping: 1, in: store)
        }
        return false
      }
      let found = try CheckpointDirectory.open(run.path, files: reading).checkpoint
      #expect([1, 2].contains(try RunDirectory.check(found)), "call \(number)")
      if counter.count < number { return }
    }
  }
}

private final class Counter: @unchecked Sendable {
  private(set) var count = 0
  func next() -> Int {
    count += 1
    return count
  }
}
