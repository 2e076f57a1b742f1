import FileFaults
import Files
import Glibc
import TemporaryDirectories
import Testing

@Suite struct FileSystemTests {
  private let files = LocalFileSystem()

  @Test func wholeFilesRoundTrip() throws {
    let directory = try TemporaryDirectory()
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
    try files.writeAtomically(bytes, to: directory("a"))
    #expect(try files.readBytes(directory("a"), limit: bytes.count) == bytes)
    try files.writeAtomically([], to: directory("a"))
    #expect(try files.readBytes(directory("a"), limit: 0) == [])
    try files.append([1, 2], to: directory("b"))
    try files.append([3], to: directory("b"))
    #expect(try files.readBytes(directory("b"), limit: 10) == [1, 2, 3])
    #expect(try files.list(directory.path) == ["a", "b"])
  }

  @Test func refusesWhatIsNoFile() throws {
    let directory = try TemporaryDirectory()
    try files.writeAtomically([1, 2, 3], to: directory("three"))
    #expect(mkfifo(directory("pipe"), 0o600) == 0)
    #expect(symlink("three", directory("link")) == 0)
    for path in [directory.path, directory("pipe"), "/dev/zero"] {
      let error = try #require(throws: FileError.self) { try files.readBytes(path, limit: 9) }
      #expect(error.description.hasPrefix("\(path): cannot read: it is a "))
    }
    let large = try #require(throws: FileError.self) {
      try files.readBytes(directory("three"), limit: 2)
    }
    #expect(
      large.description
        == "\(directory("three")): cannot read: it has 3 bytes; at most 2 are read here")
    let missing = try #require(throws: FileError.self) {
      try files.readBytes(directory("no"), limit: 2)
    }
    #expect(missing.isMissing)
    #expect(missing.description == "\(directory("no")): cannot open: No such file or directory")
    #expect(try files.readBytes(directory("link"), limit: 3) == [1, 2, 3])
    #expect(throws: FileError.self) {
      try files.readBytes(directory("link"), limit: 3, mode: .readRegularNoLink)
    }
    // Files of /proc say that they have no bytes.
    #expect(try files.readBytes("/proc/self/stat", limit: 10_000).count > 0)
  }

  @Test func hostilePathsStayOnOneLine() {
    let error = FileError(operation: "open", path: "a\nb\u{1b}[2J\u{202e}c", code: ENOENT)
    #expect(
      error.description == "a\\u{a}b\\u{1b}[2J\\u{202e}c: cannot open: No such file or directory")
  }

  @Test func directories() throws {
    let directory = try TemporaryDirectory()
    try files.makeDirectories(directory("a/b/c"))
    try files.makeDirectories(directory("a/b/c/"))
    #expect(files.isDirectory(directory("a/b/c")))
    try files.writeAtomically([1], to: directory("a/b/file"))
    #expect(files.exists(directory("a/b/file")) && !files.isDirectory(directory("a/b/file")))
    #expect(throws: FileError.self) { try files.makeDirectories(directory("a/b/file/d")) }
    #expect(symlink("..", directory("a/b/up")) == 0)
    #expect(try files.list(directory("a/b")) == ["c", "file", "up"])
    try files.removeTree(directory("a/b"))
    #expect(try files.list(directory("a")) == [])
    #expect(try files.freeSpace(at: directory.path) > 0)
  }

  @Test func parents() {
    let parents = ["a": ".", "/a": "/", "a/b": "a", "/a/b/": "/a", "a//b": "a/", "/": "/", "": "."]
    for (path, parent) in parents { #expect(parentDirectory(of: path) == parent) }
  }

  @Test func aLockHasOneHolder() throws {
    let directory = try TemporaryDirectory()
    let first = try files.open(directory("lock"), .update)
    try files.lock(first)
    let second = try files.open(directory("lock"), .update)
    let error = try #require(throws: FileError.self) { try files.lock(second) }
    #expect(error.isLocked)
    try files.close(first)
    try files.lock(second)
    try files.close(second)
  }

  @Test func newFilesAreNew() throws {
    let directory = try TemporaryDirectory()
    try files.withFile(directory("a"), .create) { file throws(FileError) in
      try files.writeAll([1, 2, 3, 4], to: file)
      let two: [UInt8] = [9, 8]
      let result = two.withUnsafeBytes { bytes in
        Result { () throws(FileError) in try files.write(bytes, to: file, at: 1) }
      }
      #expect(try result.get() == 2)
    }
    #expect(try files.readBytes(directory("a"), limit: 4) == [1, 9, 8, 4])
    let error = try #require(throws: FileError.self) { try files.open(directory("a"), .create) }
    #expect(error.code == EEXIST)
    let file = try files.open(directory("a"), .read)
    #expect(throws: FileError.self) { try files.readExactly(file, count: 3, at: 2) }
    try files.close(file)
  }

  /// A pipe has no size to go by; a call a byte would take half a minute for the largest prompt.
  @Test func pipesAreReadInLargePieces() throws {
    let counted = FaultyFileSystem()
    let error = try #require(throws: FileError.self) {
      try counted.readBytes("/dev/zero", limit: 4 << 20, mode: .read)
    }
    #expect(error.code == EFBIG)
    #expect(counted.calls.count < 200, "\(counted.calls.count) calls")
  }
}
