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

  /// Removes a directory and everything in it. Symbolic links are removed, not followed.
  public func removeTree(_ path: String) throws(FileError) {
    for name in try list(path) {
      let child = "\(path)/\(name)"
      if try status(of: child, followingLinks: false).kind == .directory {
        try removeTree(child)
      } else {
        try removeFile(child)
      }
    }
    try removeDirectory(path)
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
