import Files
import Glibc
import TemporaryDirectories
import Testing

/// Names that somebody else may have put into a directory.
@Suite struct ForeignNamesTests {
  private let files = LocalFileSystem()
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    try files.makeDirectories(directory("home/photos"))
    try files.writeAtomically([1], to: directory("home/thesis"))
    try files.writeAtomically([2], to: directory("home/photos/p"))
  }

  private func homeIsWhole() throws -> Bool {
    try files.readBytes(directory("home/thesis"), limit: 9) == [1]
      && files.readBytes(directory("home/photos/p"), limit: 9) == [2]
  }

  @Test func removingATreeFollowsNoLink() throws {
    try #require(symlink("home", directory("top")) == 0)
    try files.removeTree(directory("top"))
    #expect(try files.list(directory.path) == ["home"] && homeIsWhole())
    try files.makeDirectories(directory("tree/below"))
    try #require(symlink("../../home", directory("tree/below/link")) == 0)
    try #require(symlink("../home/thesis", directory("tree/file")) == 0)
    try #require(mkfifo(directory("tree/pipe"), 0o644) == 0)
    try files.removeTree(directory("tree"))
    #expect(try files.list(directory.path) == ["home"] && homeIsWhole())
  }

  @Test(arguments: [OpenMode.create, .replace, .append, .update, .readRegularNoLink])
  func nothingIsWrittenThroughALink(_ mode: OpenMode) throws {
    try #require(symlink("home/thesis", directory("link")) == 0)
    try #require(symlink("home/new", directory("dangling")) == 0)
    for name in ["link", "dangling"] {
      #expect(throws: FileError.self) { try files.open(directory(name), mode) }
    }
    #expect(try homeIsWhole() && !files.exists(directory("home/new")))
  }

  @Test(arguments: [OpenMode.replace, .append, .update])
  func aFileWithASecondNameAndAPipeAreNotWritten(_ mode: OpenMode) throws {
    try #require(link(directory("home/thesis"), directory("second")) == 0)
    try #require(mkfifo(directory("pipe"), 0o644) == 0)
    for name in ["second", "pipe", "home"] {
      #expect(throws: FileError.self) { try files.open(directory(name), mode) }
    }
    #expect(try homeIsWhole())
  }

  @Test func anAtomicWriteReplacesTheLinkAndNotItsTarget() throws {
    try #require(symlink("home/thesis", directory("link")) == 0)
    try files.writeAtomically([7], to: directory("link"))
    #expect(try files.readBytes(directory("link"), limit: 9) == [7] && homeIsWhole())
  }

  /// What a dead writer left is removed by the next one; what a living one holds, and what has another name,
  /// is not.
  @Test func leftoversAreSwept() throws {
    let left = "a.tmp-0123456789abcdef"
    let kept = ["a.tmp-", "a.tmp-123", "a.tmp-0123456789ABCDEF", "b.tmp-0123456789abcdef"]
    for name in [left] + kept { try write(name) }
    try #require(symlink("home/thesis", directory("a.tmp-00000000000000aa")) == 0)
    try files.makeDirectories(directory("a.tmp-00000000000000bb"))
    try #require(symlink("../home", directory("a.tmp-00000000000000bb/link")) == 0)
    let living = try FileAside(for: directory("a"), files)
    try files.writeAtomically([2], to: directory("a"))
    let names = try files.list(directory.path)
    #expect(names.count == kept.count + 3 && !names.contains(left))
    #expect(Set(kept + ["a", "home"]).isSubset(of: names) && homeIsWholeOrThrows())
    try files.writeAll([3], to: living.file)
    try living.publish()
    #expect(try files.readBytes(directory("a"), limit: 9) == [3])
    #expect(try files.list(directory.path).count == kept.count + 2)
  }

  private func homeIsWholeOrThrows() -> Bool { (try? homeIsWhole()) == true }

  private func write(_ name: String) throws {
    try files.withFile(directory(name), .create) { file throws(FileError) in
      try files.writeAll([1], to: file)
    }
  }

  /// Two writers of one name never publish each other's work.
  @Test func twoWritersOfOneName() throws {
    let (first, second) = (
      try FileAside(for: directory("a"), files), try FileAside(for: directory("a"), files)
    )
    try files.writeAll([1, 1], to: first.file)
    try files.writeAll([2], to: second.file)
    try first.publish()
    #expect(try files.readBytes(directory("a"), limit: 9) == [1, 1])
    try files.writeAll([2], to: second.file)
    try second.publish()
    #expect(try files.readBytes(directory("a"), limit: 9) == [2, 2])
    #expect(try files.list(directory.path) == ["a", "home"])
  }

  /// A file whose name was given to another is neither published nor removed.
  @Test func aFileThatLostItsNameIsNotPublished() throws {
    let aside = try FileAside(for: directory("a"), files)
    let name = try #require(try files.list(directory.path).first { $0.hasPrefix("a.tmp-") })
    try files.removeFile(directory(name))
    try write(name)
    #expect(throws: FileError.self) { try aside.publish() }
    aside.abandon()
    #expect(try files.list(directory.path) == [name, "home"])
  }

  @Test func aDirectoryIsExchangedWithTheOneBefore() throws {
    for number: UInt8 in 1...2 {
      let aside = try DirectoryAside(for: directory("d"), files)
      try files.withFile("f", .create, in: aside.directory) { file throws(FileError) in
        try files.writeAll([number], to: file)
      }
      try aside.publish(replacing: true)
      #expect(try files.readBytes(directory("d/f"), limit: 9) == [number])
    }
    let refused = try DirectoryAside(for: directory("d"), files)
    #expect(throws: FileError.self) { try refused.publish(replacing: false) }
    refused.abandon()
    #expect(try files.list(directory.path) == ["d", "home"])
    #expect(try files.readBytes(directory("d/f"), limit: 9) == [2])
  }
}
