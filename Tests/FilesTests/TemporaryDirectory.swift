import Files
import Glibc

/// A new directory that is removed with this object.
final class TemporaryDirectory {
  let path: String

  init() throws {
    var template = Array("/tmp/sophia-files-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw FileError(operation: "make a directory", path: "/tmp", code: errno)
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? LocalFileSystem().removeTree(path) }

  func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }
}

/// How many files this process has open.
func openDescriptors() throws -> Int { try LocalFileSystem().list("/proc/self/fd").count }
