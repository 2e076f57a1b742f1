import Glibc

extension FileSystem {
  /// Whether there is anything of that name (links followed).
  public func exists(_ path: String) -> Bool {
    (try? status(of: path, followingLinks: true)) != nil
  }

  /// Whether the path is a directory (links followed).
  public func isDirectory(_ path: String) -> Bool {
    (try? status(of: path, followingLinks: true).kind) == .directory
  }

  /// Makes a directory and those above it, as far as they are missing, and syncs the parent of
  /// each.
  public func makeDirectories(_ path: String) throws(FileError) {
    if isDirectory(path) { return }
    let parent = parentDirectory(of: path)
    if parent != path { try makeDirectories(parent) }
    do throws(FileError) {
      try makeDirectory(path)
    } catch  where error.code == EEXIST {
      guard isDirectory(path) else { throw error }
      return
    }
    try synchronizeDirectory(parent)
  }

  /// The directories that ``makeDirectories(_:)`` would make, the innermost first.
  public func missingDirectories(of path: String) -> [String] {
    if exists(path) { return [] }
    let parent = parentDirectory(of: path)
    return [path] + (parent == path ? [] : missingDirectories(of: parent))
  }

  /// Removes a directory and everything in it, or a file. Symbolic links are removed, not followed, at the top
  /// as below: each name is removed through its directory, open.
  /// - directory: where the name is looked for; if `nil`, `name` is a path
  public func removeTree(_ name: String, in directory: OpenFile? = nil) throws(FileError) {
    do throws(FileError) {
      return try removeFile(name, in: directory)
    } catch  where error.code == EISDIR || error.code == EPERM {}
    try withFile(name, .directoryNoLink, in: directory) { tree throws(FileError) in
      for child in try list(tree) { try removeTree(child, in: tree) }
    }
    try removeDirectory(name, in: directory)
  }
}

/// The path up to its last part: `a/b` of `a/b/c`, `.` of `a`, `/` of `/a`.
public func parentDirectory(of path: String) -> String {
  var bytes = path.utf8[...]
  while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
  guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
  let parent = bytes[..<slash]
  return parent.isEmpty ? "/" : String(Substring(parent))
}

/// The last part of a path, without the slashes at its end.
public func lastPart(of path: String) -> String {
  var bytes = path.utf8[...]
  while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
  guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")), bytes.count > 1 else {
    return String(Substring(bytes))
  }
  return String(Substring(bytes[bytes.index(after: slash)...]))
}
