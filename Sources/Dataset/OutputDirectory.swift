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
    // What a link leads to is replaced, not the link.
    let name = String(Substring(bytes))
    let kind = try? fileSystem.status(of: name, followingLinks: false).kind
    let target = kind == .link ? realpath(name, nil) : nil
    self.path = target.map { String(cString: $0) } ?? name
    free(target)
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
    if names.isEmpty { return }
    guard overwrite else {
      throw DatasetError(
        .exists, at: path, "already holds files: choose another --out, or remove it first")
    }
    guard names.contains(DatasetDescription.fileName) else {
      throw DatasetError(
        .exists, at: path,
        "holds files but no \(DatasetDescription.fileName), so it is not replaced: choose another --out"
      )
    }
    if let other = names.first(where: { !Self.isDatasets($0) }) {
      throw DatasetError(
        .exists, at: path,
        "holds \(other.onOneLine), which is no dataset's, so it is not replaced: choose another --out"
      )
    }
  }

  /// Whether a dataset has a file of this name.
  private static func isDatasets(_ name: String) -> Bool {
    [DatasetDescription.fileName, "tokenizer.json"].contains(name)
      || name.hasSuffix(".bin") && (name.hasPrefix("train_") || name.hasPrefix("val_"))
  }

  /// Removes what programs that are gone were writing for this directory.
  private func removeLeftovers() throws(FileError) {
    let parent = parentDirectory(of: path)
    let prefix = temporary.prefix(temporary.count - "\(getpid())".count)
    for name in try fileSystem.list(parent) {
      let full = parent == "." ? name : "\(parent)/\(name)"
      guard full.hasPrefix(prefix), let process = pid_t(full.dropFirst(prefix.count)) else {
        continue
      }
      if process > 0 && kill(process, 0) != 0 && errno == ESRCH { try fileSystem.removeTree(full) }
    }
  }

  /// Makes the temporary directory, empty.
  func create() throws(DatasetError) {
    try call { () throws(FileError) in
      let parent = parentDirectory(of: path)
      if fileSystem.isDirectory(parent) { try removeLeftovers() }
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
    // Another program may have been faster.
    try checkFree()
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
