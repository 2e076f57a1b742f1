import Files
import Glibc

/// A directory that is filled under a temporary name and renamed when it is complete.
final class OutputDirectory {
  private var aside: DirectoryAside?
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
    self.overwrite = overwrite
    self.fileSystem = fileSystem
  }

  /// Throws if there is something at the output that must not be replaced, or if it cannot be there.
  func checkFree() throws(DatasetError) {
    try call { () throws(FileError) in try fileSystem.restoreEarlier(of: path) }
    guard fileSystem.exists(path) else { return try checkPlace() }
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
    if let other = names.first(where: { !isDatasets($0) }) {
      throw DatasetError(
        .exists, at: path,
        "holds \(other.onOneLine), which is no dataset's, so it is not replaced: choose another --out"
      )
    }
  }

  /// Whether a directory can be made there.
  private func checkPlace() throws(DatasetError) {
    if (try? fileSystem.status(of: path, followingLinks: false)) != nil {
      throw DatasetError(
        .exists, at: path, "is a link to nothing: expected a new directory as --out")
    }
    var ancestor = parentDirectory(of: path)
    while !fileSystem.exists(ancestor) { ancestor = parentDirectory(of: ancestor) }
    guard fileSystem.isDirectory(ancestor) else {
      throw DatasetError(
        .exists, at: ancestor, "is a file: expected a directory, for --out \(path)")
    }
  }

  /// Whether a dataset has a file of this name: so are its shards called (`TokenShardWriter`).
  private func isDatasets(_ name: String) -> Bool {
    let kind = try? fileSystem.status(of: "\(path)/\(name)", followingLinks: false).kind
    guard kind == .regular else { return false }
    if [DatasetDescription.fileName, "tokenizer.json"].contains(name) { return true }
    return ["train_", "val_"].contains { prefix in
      let number = name.dropFirst(prefix.count).dropLast(".bin".count)
      return name.hasPrefix(prefix) && name.hasSuffix(".bin") && number.utf8.count >= 6
        && number.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
  }

  /// Makes the temporary directory, empty, and returns it.
  func create() throws(DatasetError) -> OpenFile {
    let aside = try call { () throws(FileError) in
      try fileSystem.makeDirectories(parentDirectory(of: path))
      return try DirectoryAside(for: path, fileSystem)
    }
    self.aside = aside
    return aside.directory
  }

  /// Writes a whole file of the new directory.
  func write(_ bytes: [UInt8], to name: String) throws(DatasetError) {
    guard let aside else { preconditionFailure("\(path): create() comes before write(_:to:)") }
    try call { () throws(FileError) in
      try fileSystem.withFile(name, .create, in: aside.directory) { file throws(FileError) in
        try fileSystem.writeAll(bytes, to: file)
        try fileSystem.synchronize(file)
      }
    }
  }

  /// Gives the complete directory its name.
  func publish() throws(DatasetError) {
    // Another program may have been faster.
    try checkFree()
    try call { () throws(FileError) in try aside?.publish(replacing: overwrite) }
    aside = nil
  }

  /// Removes what was written, as far as that goes: the error that led here is the one to report.
  func remove() {
    aside?.abandon()
    aside = nil
  }

  private func call<Result>(_ body: () throws(FileError) -> Result) throws(DatasetError) -> Result {
    do throws(FileError) { return try body() } catch { throw DatasetError(error) }
  }
}
