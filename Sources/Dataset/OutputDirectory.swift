import Files
import Glibc

/// A directory that is filled under a temporary name and renamed when it is complete.
struct OutputDirectory {
  /// Where files are written before that.
  let temporary: String
  private let path: String
  private let overwrite: Bool
  private let fileSystem: any FileSystem

  init(_ path: String, overwrite: Bool, _ fileSystem: any FileSystem) {
    var bytes = path.utf8[...]
    while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    self.path = String(Substring(bytes))
    temporary = "\(self.path).tmp-\(getpid())"
    self.overwrite = overwrite
    self.fileSystem = fileSystem
  }

  /// Throws if there is something at the output that must not be replaced.
  func checkFree() throws(DatasetError) {
    guard fileSystem.exists(path) else { return }
    guard fileSystem.isDirectory(path) else {
      throw DatasetError(.exists, at: path, "is a file: expected a new directory as --out")
    }
    let names = try call { () throws(FileError) in try fileSystem.list(path) }
    if names.isEmpty || overwrite && names.contains(DatasetDescription.fileName) { return }
    throw DatasetError(
      .exists, at: path,
      overwrite
        ? "holds files but no \(DatasetDescription.fileName), so it is not replaced: choose another --out"
        : "already holds files: choose another --out, or remove it first")
  }

  /// Makes the temporary directory, empty.
  func create() throws(DatasetError) {
    try call { () throws(FileError) in
      if fileSystem.exists(temporary) { try fileSystem.removeTree(temporary) }
      try fileSystem.makeDirectories(temporary)
    }
  }

  /// Writes a whole file.
  func write(_ bytes: [UInt8], to name: String) throws(DatasetError) {
    try call { () throws(FileError) in
      try fileSystem.writeAtomically(bytes, to: "\(temporary)/\(name)")
    }
  }

  /// Gives the complete directory its name. An earlier dataset is moved aside first and removed
  /// last.
  func publish() throws(DatasetError) {
    try call { () throws(FileError) in
      try fileSystem.synchronizeDirectory(temporary)
      let earlier = "\(temporary)-earlier"
      let replaces = fileSystem.exists(path) ? try !fileSystem.list(path).isEmpty : false
      if replaces { try fileSystem.rename(path, to: earlier) }
      do throws(FileError) {
        try fileSystem.rename(temporary, to: path)
      } catch {
        if replaces { try? fileSystem.rename(earlier, to: path) }
        throw error
      }
      try fileSystem.synchronizeDirectory(parentDirectory(of: path))
      if replaces { try? fileSystem.removeTree(earlier) }
    }
  }

  /// Removes what was written, as far as that goes: the error that led here is the one to report.
  func remove() { try? fileSystem.removeTree(temporary) }

  private func call<Result>(_ body: () throws(FileError) -> Result) throws(DatasetError) -> Result {
    do throws(FileError) { return try body() } catch { throw DatasetError(error) }
  }
}
