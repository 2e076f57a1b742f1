import FileFaults
import Files
import Glibc
import TemporaryDirectories
import Testing

@Suite struct FaultTests {
  private let files = LocalFileSystem()
  private let old = [UInt8](repeating: 1, count: 10)
  private let new = [UInt8](repeating: 2, count: 5000)
  /// Lets each call of an atomic write fail or be the last; returns how many there are.
  private func everyCall(
    _ fault: FaultyFileSystem.Fault, _ check: (FaultyFileSystem, Bool, String) throws -> Void
  )
    throws -> Int
  {
    for number in 1... {
      let directory = try TemporaryDirectory()
      try files.writeAtomically(old, to: directory("a"))
      let faulty = FaultyFileSystem(fault: fault, at: number)
      let succeeded = (try? faulty.writeAtomically(new, to: directory("a"))) != nil
      // What comes after the syncs is no matter.
      if faulty.isArmed || (succeeded && fault != .shortWrite) { return number - 1 }
      #expect(faulty.openCount == 0)
      try check(faulty, succeeded, directory.path)
    }
    return 0
  }

  @Test(arguments: [ENOSPC, EIO]) func afterAFailureTheOldFileIsThere(_ code: Int32) throws {
    let calls = try everyCall(.fail(code)) { (faulty, succeeded, directory) throws in
      #expect(!succeeded)
      // The last call syncs the directory: the new file is there, only perhaps not yet for good.
      let isLast = faulty.calls.contains { $0.operation == "synchronizeDirectory" }
      #expect(try files.readBytes("\(directory)/a", limit: 9999) == (isLast ? new : old))
      #expect(try files.list(directory) == ["a"])
    }
    #expect(calls == 11)
  }

  @Test func afterDeathTheOldOrTheNewFileIsThere() throws {
    let calls = try everyCall(.die) { (faulty, succeeded, directory) throws in
      #expect(!succeeded && faulty.isDead)
      #expect([old, new].contains(try files.readBytes("\(directory)/a", limit: 9999)))
      #expect(throws: FileError.self) { try faulty.list(directory) }
    }
    #expect(calls == 11)
  }

  @Test func aShortWriteIsContinued() throws {
    _ = try everyCall(.shortWrite) { (_, succeeded, directory) throws in
      #expect(succeeded)
      #expect(try files.readBytes("\(directory)/a", limit: 9999) == new)
    }
  }

  @Test func dataAreSyncedBeforeTheirName() throws {
    let directory = try TemporaryDirectory()
    let faulty = FaultyFileSystem()
    try faulty.writeAtomically(new, to: directory("a"))
    #expect(
      faulty.calls.map(\.operation) == [
        "open", "list", "open", "lock", "status", "write", "synchronize", "status", "status",
        "rename",
        "synchronizeDirectory", "close", "close",
      ])
  }

  @Test func aFaultCanBeForSomeCallsAndForEver() throws {
    let directory = try TemporaryDirectory()
    let faulty = FaultyFileSystem(fault: .failForEver(ENOSPC), at: 2) { $0.operation == "write" }
    try faulty.append([1], to: directory("a"))
    for _ in 0..<3 {
      let error = try #require(throws: FileError.self) {
        try faulty.append([2], to: directory("a"))
      }
      #expect(error.isFull)
    }
    faulty.disarm()
    try faulty.append([3], to: directory("a"))
    #expect(try files.readBytes(directory("a"), limit: 9) == [1, 3])
  }

  @Test func deathFreesLocks() throws {
    let directory = try TemporaryDirectory()
    let faulty = FaultyFileSystem(fault: .die, at: 3)
    let lock = try faulty.open(directory("lock"), .update)
    try faulty.lock(lock)
    #expect(throws: FileError.self) { try faulty.list(directory.path) }
    let other = try files.open(directory("lock"), .update)
    try files.lock(other)
    try files.close(other)
  }
}
