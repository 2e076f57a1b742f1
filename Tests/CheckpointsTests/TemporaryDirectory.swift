import Files
import Glibc

/// A new directory, in memory where the machine has a place for that, since these tests sync
/// thousands of files; removed with this object.
final class TemporaryDirectory {
  let path: String

  init() throws {
    let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array("\(parent)/sophia-files-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw FileError(operation: "make a directory", path: parent, code: errno)
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? LocalFileSystem().removeTree(path) }

  func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }
}

/// How many files this process has open.
func openDescriptors() throws -> Int { try LocalFileSystem().list("/proc/self/fd").count }
