import FileFaults
import Files
import Glibc
import Testing

@testable import Checkpoints

/// Damage to the newest checkpoint is found, named, and the one before it is used.
@Suite struct DamageTests {
  private let run: RunDirectory
  private let newest: String

  init() throws {
    run = try RunDirectory(steps: [1, 2])
    newest = "\(run.path)/step-00000002"
  }

  private func overwrite(_ path: String, _ bytes: [UInt8]) throws {
    try run.files.withFile(path, .replace) { file throws(FileError) in
      try run.files.writeAll(bytes, to: file)
    }
  }

  /// The damage that is reported when checkpoint 1 is found in place of 2.
  private func found(_ verification: Verification = .everything) throws -> CheckpointError {
    let search = try CheckpointStore(directory: run.path).newestValid(verify: verification)
    #expect(search.newest?.manifest?.step == 1)
    #expect(search.damaged.map(\.path) == [newest])
    let reason = try #require(search.damaged.first).reason
    #expect(!reason.description.contains("\n"))
    return reason
  }

  @Test(arguments: ["manifest.json", "config.json", "model.safetensors"])
  func everyFlippedBitAndEveryLength(_ name: String) throws {
    let path = "\(newest)/\(name)"
    let bytes = try run.files.readBytes(path, limit: 9999)
    for bit in 0..<bytes.count * 8 where bit % 8 == bit / 8 % 8 || name == "manifest.json" {
      var changed = bytes
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      try overwrite(path, changed)
      #expect(try found().description.contains(name))
      // Without the checksums of the files, the manifest's own is looked at all the same.
      if name == "manifest.json" { _ = try found(.structure) }
    }
    for length in 0..<bytes.count {
      try overwrite(path, Array(bytes[..<length]))
      #expect(try found(.structure).description.contains(name))
    }
    try overwrite(path, bytes + [0x20])
    _ = try found(.structure)
    try overwrite(path, bytes)
    #expect(try run.validSteps() == [1, 2])
  }

  @Test(
    arguments: ["manifest.json", "config.json", "model.safetensors"],
    ["nothing", "directory", "pipe", "link"])
  func otherThingsInPlaceOfAFile(_ name: String, _ thing: String) throws {
    let path = "\(newest)/\(name)"
    try run.files.rename(path, to: "\(newest)/moved")
    switch thing {
    case "directory": try run.files.makeDirectory(path)
    case "pipe": try #require(mkfifo(path, 0o600) == 0)
    case "link": try #require(symlink("moved", path) == 0)
    default: break
    }
    #expect(try found(.everything).description.contains(name))
    #expect(try found(.structure).description.contains(name))
  }

  @Test func otherThingsInPlaceOfACheckpoint() throws {
    try run.files.rename(newest, to: "\(run.path)/elsewhere")
    try overwrite(newest, [1])
    #expect(
      try found().description == "\(newest): path: expected a directory, found a regular file")
    try run.files.removeFile(newest)
    try #require(symlink("elsewhere", newest) == 0)
    #expect(
      try found().description == "\(newest): path: expected a directory, found a symbolic link")
    let store = CheckpointStore(directory: run.path)
    try store.lock()
    try RunDirectory.publish(3, keeping: 1, in: store)
    #expect(try store.steps() == [3])
    #expect(try run.files.list("\(run.path)/elsewhere").count == 4)
  }

  @Test func aCheckpointOfAnotherStep() throws {
    try run.files.removeTree(newest)
    try run.files.rename("\(run.path)/step-00000001", to: newest)
    let error = try #require(throws: CheckpointError.self) {
      try CheckpointStore(directory: run.path).newestValid()
    }
    #expect(error.description.contains("manifest: expected step 2, found step 1"))
  }

  @Test func namesThatLeaveTheDirectory() throws {
    for name in [
      "", ".", "..", "a/b", "../step-00000001/config.json", "/etc/passwd", "manifest.json", "a\0b",
    ] {
      let record = FileRecord(name: name, length: 1, crc32c: 0)
      let manifest = CheckpointManifest(step: 2, files: [record])
      try overwrite("\(newest)/manifest.json", manifest.serialized())
      #expect(try found().description.contains("files: expected names without a directory"))
    }
  }

  @Test func manifestsThatAreWellFormedButWrong() throws {
    let record = FileRecord(name: "a", length: 0, crc32c: 0)
    let twice = CheckpointManifest(step: 2, files: [record, record]).serialized()
    try overwrite("\(newest)/manifest.json", twice)
    #expect(try found().description.contains("each name once, found a"))
    let good = String(
      decoding: try run.files.readBytes("\(run.path)/step-00000001/manifest.json", limit: 9999),
      as: UTF8.self)
    for (old, new, expected) in [
      ("\"version\": 1", "\"version\": 2", "version: expected 1, found the integer 2"),
      ("sophia-rt", "another", "format: expected"),
      ("\"step\": 1", "\"step\": 2", "checksum: expected"),
      ("\"length\": 0", "\"length\": -1", "files: expected name, length and crc32c"),
      ("\"files\": [", "\"files\": [7,", "files: expected name, length and crc32c"),
      ("\"fields\"", "\"field\"", "step, fields and files"), ("{", "{ ", "checksum: expected"),
    ] {
      let parts = good.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
      try #require(parts.count == 2)
      try overwrite("\(newest)/manifest.json", Array("\(parts[0])\(new)\(parts[1])".utf8))
      #expect(try found().description.contains(expected))
    }
  }

  @Test func whatIsOutOfReachIsNotTakenForDamage() throws {
    let faulty = FaultyFileSystem(fault: .fail(EMFILE)) {
      $0.operation == "open" && $0.path.hasSuffix(CheckpointManifest.fileName)
    }
    let store = CheckpointStore(directory: run.path, files: faulty)
    let error = try #require(throws: CheckpointError.self) { try store.newestValid() }
    #expect(
      error == .file(FileError(operation: "open", path: "\(newest)/manifest.json", code: EMFILE)))
    #expect(try store.newestValid().newest?.manifest?.step == 2)
  }
}
