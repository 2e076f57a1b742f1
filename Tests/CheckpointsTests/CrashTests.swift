import FileFaults
import Files
import Glibc
import Testing

@testable import Checkpoints

/// Death at, and failure of, each call of a publication that also removes an old checkpoint.
@Suite struct CrashTests {
  private struct Outcome {
    let run: RunDirectory
    let files: FaultyFileSystem
    let published: PublishedCheckpoint?
    let error: CheckpointError?
  }

  /// Publishes step 3 over 1 and 2, keeping 2, with a fault at each call in turn. Returns how many
  /// calls there are.
  private func everyCall(
    _ fault: FaultyFileSystem.Fault, _ check: (Outcome) throws -> Void
  ) throws -> Int {
    var number = 0
    while true {
      number += 1
      let run = try RunDirectory(steps: [1, 2])
      let files = FaultyFileSystem(fault: fault, at: number)
      var published: PublishedCheckpoint?
      var failure: CheckpointError?
      do {
        let store = CheckpointStore(directory: run.path, files: files)
        try store.lock()
        published = try RunDirectory.publish(3, keeping: 2, in: store)
      } catch let error as CheckpointError { failure = error }
      if files.isArmed { return number - 1 }
      // What is published comes back open: its directory and three files.
      #expect(files.openCount == (published == nil || files.isDead ? 0 : 4))
      try check(Outcome(run: run, files: files, published: published, error: failure))
    }
  }

  /// Whatever came before, the next publication succeeds and leaves nothing but two checkpoints.
  private func goesOn(_ run: RunDirectory) throws {
    let store = CheckpointStore(directory: run.path)
    try store.lock()
    let published = try RunDirectory.publish(4, keeping: 2, in: store)
    #expect(published.cleanupError == nil)
    let names = try run.files.list(run.path)
    #expect(names.count == 3 && names[0] == "run.lock" && names[2] == "step-00000004")
    #expect(try run.validSteps().count == 2)
  }

  @Test func afterDeathTheOldOrTheNewCheckpointIsThere() throws {
    var newest: Set<Int> = []
    let calls = try everyCall(.die) { outcome throws in
      #expect(outcome.files.isDead)
      let search = try CheckpointStore(directory: outcome.run.path).newestValid()
      let step = try RunDirectory.check(try #require(search.newest))
      #expect(search.damaged.isEmpty)
      #expect(step == 3 || step == 2 && outcome.published == nil)
      newest.insert(step)
      let valid = try outcome.run.validSteps()
      #expect(valid.count >= 2 && valid.contains(2))
      #expect(try CheckpointStore(directory: outcome.run.path).steps() == valid)
      try goesOn(outcome.run)
    }
    #expect(newest == [2, 3] && calls > 40)
  }

  @Test(arguments: [
    FaultyFileSystem.Fault.fail(ENOSPC), .fail(EIO), .failForEver(ENOSPC), .failForEver(EIO),
    .fail(EROFS), .fail(EMFILE),
  ])
  func afterAFailureTheOldCheckpointIsThere(_ fault: FaultyFileSystem.Fault) throws {
    _ = try everyCall(fault) { outcome throws in
      let valid = try outcome.run.validSteps()
      #expect(valid.contains(2))
      if let error = outcome.error {
        #expect(!error.description.contains("\n"))
        #expect(valid.count >= 2)
      } else {
        #expect(valid.contains(3))
      }
      let syncs = outcome.files.calls.filter { $0.operation == "synchronize" }.map(\.path)
      #expect(Set(syncs).count == syncs.count, "a file was synced again")
      outcome.files.disarm()
      try goesOn(outcome.run)
    }
  }

  @Test func shortWritesAreContinued() throws {
    _ = try everyCall(.shortWrite) { outcome throws in
      #expect(try outcome.run.validSteps() == [2, 3])
    }
  }

  @Test func descriptorsDoNotLeak() throws {
    let run = try RunDirectory(steps: [1])
    let files = FaultyFileSystem()
    do {
      let store = CheckpointStore(directory: run.path, files: files)
      try store.lock()
      for step in 2..<6 { try RunDirectory.publish(step, keeping: 1, in: store) }
      _ = try store.newestValid()
      // The directory and its lock.
      #expect(files.openCount == 2)
    }
    #expect(files.openCount == 0)
  }

  /// What a power failure needs: the bytes of each file before the manifest, all before the rename,
  /// and the rename before anything is removed.
  @Test func theOrderOfSyncs() throws {
    let run = try RunDirectory(steps: [1, 2])
    let files = FaultyFileSystem()
    let store = CheckpointStore(directory: run.path, files: files)
    try store.lock()
    try RunDirectory.publish(3, keeping: 1, in: store)
    let aside = "\(run.path)/.tmp-step-00000003"
    let changes = files.calls.filter {
      ["write", "synchronize", "rename", "synchronizeDirectory", "removeFile"].contains(
        $0.operation)
    }
    func place(_ operation: String, _ path: String) throws -> Int {
      try #require(
        changes.lastIndex { $0.operation == operation && $0.path == path }, "\(operation) \(path)")
    }
    let manifest = try place("write", "\(aside)/manifest.json")
    for name in ["config.json", "model.safetensors"] {
      let synced = try place("synchronize", "\(aside)/\(name)")
      #expect(try place("write", "\(aside)/\(name)") < synced && synced < manifest)
    }
    let renamed = try place("rename", aside)
    let named = try place("synchronizeDirectory", run.path)
    let removed = try #require(changes.firstIndex { $0.operation == "removeFile" })
    #expect(try manifest < place("synchronize", "\(aside)/manifest.json"))
    #expect(
      try place("synchronize", "\(aside)/manifest.json") < place("synchronizeDirectory", aside))
    #expect(try place("synchronizeDirectory", aside) < renamed)
    #expect(renamed < named && named < removed)
    #expect(changes[removed].path == "\(run.path)/.trash-step-00000002/manifest.json")
  }
}
