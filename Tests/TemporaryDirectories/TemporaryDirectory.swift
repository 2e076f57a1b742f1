public import Files
import Glibc

/// A new directory, in memory where the machine has a place for that, since tests sync thousands of
/// files; removed with this object.
public final class TemporaryDirectory: Sendable {
  /// Its path.
  public let path: String

  /// Makes it.
  /// - Throws: ``FileError``.
  public init() throws(FileError) {
    let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array("\(parent)/sophia-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw FileError(operation: "make a directory", path: parent, code: errno)
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? LocalFileSystem().removeTree(path) }

  /// The path of a file in it.
  public func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }
}

/// How many files this process has open.
/// - Throws: ``FileError``.
public func openDescriptors() throws(FileError) -> Int {
  try LocalFileSystem().list("/proc/self/fd").count
}
