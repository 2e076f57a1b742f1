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

  /// Throws if there is something at the output that must not be replaced, or if it cannot be there.
  func checkFree() throws(DatasetError) {
    try call(restoreEarlier)
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

  /// What programs that are gone left beside the directory: what they were writing for it, and an earlier
  /// dataset that they had moved aside.
  private func leftovers() throws(FileError) -> [(path: String, isEarlier: Bool)] {
    let parent = parentDirectory(of: path)
    guard fileSystem.isDirectory(parent) else { return [] }
    let place = parent == "." && !path.hasPrefix("./") ? "" : "\(parent)/"
    let prefix = path.dropFirst(place.count) + ".tmp-"
    var found: [(path: String, isEarlier: Bool)] = []
    for name in try fileSystem.list(parent) where name.hasPrefix(prefix) {
      var number = name.dropFirst(prefix.count)
      let isEarlier = number.hasSuffix(Self.earlier)
      if isEarlier { number = number.dropLast(Self.earlier.count) }
      guard let process = pid_t(number), process > 0 else { continue }
      if kill(process, 0) != 0 && errno == ESRCH { found.append((place + name, isEarlier)) }
    }
    return found
  }

  private static let earlier = "-earlier"

  /// Gives the earlier dataset its name back where a program was ended before it put the new one there.
  private func restoreEarlier() throws(FileError) {
    if fileSystem.exists(path) { return }
    if let earlier = try leftovers().last(where: \.isEarlier) {
      try fileSystem.rename(earlier.path, to: path)
    }
  }

  /// Makes the temporary directory, empty.
  func create() throws(DatasetError) {
    try call { () throws(FileError) in
      for left in try leftovers() { try fileSystem.removeTree(left.path) }
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
      let earlier = temporary + Self.earlier
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
