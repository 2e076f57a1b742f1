import Files
import Glibc
import TemporaryDirectories
import Testing

@testable import Dataset

/// Shards whose files are changed while they are in use.
@Suite struct ChangedShardTests {
  private let directory: TemporaryDirectory
  private let path: String
  private let tokens = (0..<5000).map { UInt32($0 % 300) }

  init() throws {
    directory = try TemporaryDirectory()
    path = directory("train_000000.bin")
    var writer = TokenShardWriter(directory: directory.path, name: "train")
    try writer.append(tokens)
    _ = try writer.finish()
  }

  private func read(_ stream: TokenStream) -> [UInt16] {
    var out = [UInt16](repeating: 9, count: 5000)
    out.withUnsafeMutableBufferPointer { stream.copy(from: 0, into: $0) }
    return out
  }

  private func touch(_ time: Int) {
    var times = [timespec(tv_sec: time, tv_nsec: 0), timespec(tv_sec: time, tv_nsec: 0)]
    utimensat(AT_FDCWD, path, &times, 0)
  }

  private func overwrite(_ byte: UInt8, at offset: Int) throws {
    let files = LocalFileSystem()
    try files.withFile(path, .update) { file throws(FileError) in
      try files.writeAll([byte], to: file, at: offset)
    }
    // As a later write would.
    touch(1)
  }

  @Test func whatIsAsItWasIsReadAsItWas() throws {
    let stream = TokenStream([try TokenShard(path: path, vocabularySize: 300)])
    #expect(read(stream).map { UInt32($0) } == tokens && stream.failure == nil)
  }

  @Test(arguments: [0, 2, 1024, 1100])
  func aShorterFileIsAFailureAndNoSignal(_ size: Int) throws {
    let stream = TokenStream([try TokenShard(path: path, vocabularySize: 300)])
    try #require(truncate(path, size) == 0)
    #expect(read(stream).allSatisfy { $0 == 0 })
    #expect(stream.failure?.place == path, "\(String(describing: stream.failure))")
    // It stays one.
    try #require(truncate(path, 11_024) == 0)
    #expect(read(stream).allSatisfy { $0 == 0 } && stream.failure != nil)
  }

  @Test func otherTokensOfTheSameLengthAreAFailure() throws {
    let shard = try TokenShard(path: path, vocabularySize: 300)
    _ = try shard.checksum()
    let stream = TokenStream([shard])
    try overwrite(1, at: 1024)
    #expect(read(stream).allSatisfy { $0 == 0 } && stream.failure != nil)
  }

  @Test func aFileThatWasOnlyTouchedIsTheSame() throws {
    let shard = try TokenShard(path: path, vocabularySize: 300)
    _ = try shard.checksum()
    let stream = TokenStream([shard])
    touch(1)
    #expect(read(stream).map { UInt32($0) } == tokens && stream.failure == nil)
  }

  /// Bytes that change without a trace in length and time, as through a mapping, bring no id from outside.
  @Test func idsAreCheckedWhenTheyAreUsed() throws {
    touch(1)
    let stream = TokenStream([try TokenShard(path: path, vocabularySize: 300)])
    try overwrite(0xFF, at: 1025)
    #expect(read(stream).allSatisfy { $0 == 0 })
    #expect(stream.failure?.kind == .vocabulary)
  }

  /// A file that is removed or replaced is read on as it was.
  @Test func aFileThatIsReplacedIsHeld() throws {
    let stream = TokenStream([try TokenShard(path: path, vocabularySize: 300)])
    try LocalFileSystem().writeAtomically([1, 2], to: path)
    #expect(read(stream).map { UInt32($0) } == tokens && stream.failure == nil)
  }
}
