/// The system calls of this program on files, each one a function, so that a test can make any of
/// them fail (`FaultyFileSystem`). `LocalFileSystem` is the real one.
///
/// A file is durable after `synchronize(_:)` has returned without an error, a name in a directory
/// after `synchronizeDirectory(_:)`. After a failed `synchronize(_:)` the kernel may have dropped
/// the data, and a second call would report success: abandon the file and write a new one.
///
/// Paths are taken from an open directory, or from the current one if it is `nil`. No call that makes, writes
/// or removes follows a symbolic link in the last part of its path. So a name in a directory that somebody
/// else may have written is used through that directory, open: no link leads out of it.
public protocol FileSystem: Sendable {
  /// Opens a file or directory.
  func open(_ path: String, _ mode: OpenMode, in directory: OpenFile?) throws(FileError) -> OpenFile

  /// Reads at most `buffer.count` bytes from `offset`, or from the current position if `nil`.
  /// Returns the number of bytes read; 0 is the end of the file.
  func read(_ file: OpenFile, into buffer: UnsafeMutableRawBufferPointer, at offset: Int?)
    throws(FileError) -> Int

  /// Writes some of `bytes` at the current position. Returns how many were written (at least one,
  /// unless `bytes` is empty).
  func write(_ bytes: UnsafeRawBufferPointer, to file: OpenFile) throws(FileError) -> Int

  /// Writes some of `bytes` at `offset`. Returns how many were written.
  func write(_ bytes: UnsafeRawBufferPointer, to file: OpenFile, at offset: Int) throws(FileError)
    -> Int

  /// Reserves `size` bytes on disk, so that a full disk is known before the writing. Does nothing
  /// where the file system cannot.
  func allocate(_ size: Int, for file: OpenFile) throws(FileError)

  /// Waits until the file's bytes are on disk (fsync).
  func synchronize(_ file: OpenFile) throws(FileError)

  /// Closes a file. It is closed whether this throws or not.
  func close(_ file: OpenFile) throws(FileError)

  /// Takes the exclusive lock (flock) of an open file, which the kernel gives back when the file is
  /// closed or the process ends. Does not wait: if it is taken, throws an error that `isLocked`.
  func lock(_ file: OpenFile) throws(FileError)

  /// What an open file is.
  func status(_ file: OpenFile) throws(FileError) -> FileStatus

  /// What a path names; of a symbolic link, what it points to or, if not `followingLinks`, itself.
  func status(of path: String, followingLinks: Bool, in directory: OpenFile?) throws(FileError)
    -> FileStatus

  /// Renames a file or directory; replaces a file, or an empty directory, of that name.
  func rename(_ path: String, to newPath: String, in directory: OpenFile?) throws(FileError)

  /// Gives each of two names what the other has, both at once.
  /// - Throws: an error that `isUnsupported` where the file system cannot.
  func exchange(_ path: String, with other: String, in directory: OpenFile?) throws(FileError)

  /// Removes a file, or a link itself (unlink).
  func removeFile(_ path: String, in directory: OpenFile?) throws(FileError)

  /// Makes one directory.
  func makeDirectory(_ path: String, in directory: OpenFile?) throws(FileError)

  /// Removes an empty directory.
  func removeDirectory(_ path: String, in directory: OpenFile?) throws(FileError)

  /// Waits until the names in an open directory are on disk (fsync of the directory).
  func synchronizeDirectory(_ directory: OpenFile) throws(FileError)

  /// The names in an open directory, sorted by bytes, without `.` and `..`.
  func list(_ directory: OpenFile) throws(FileError) -> [String]

  /// The bytes an ordinary user can still write on the disk of `path`.
  func freeSpace(at path: String) throws(FileError) -> Int
}

/// How a file is opened.
public enum OpenMode: Sendable {
  /// To read; may be a pipe or a terminal.
  case read
  /// To read a regular file: anything else is refused without waiting for it. Links are followed.
  case readRegular
  /// As `readRegular`, but a symbolic link is refused too.
  case readRegularNoLink
  /// To write a new file; an existing one is an error.
  case create
  /// To write a file from its start; an existing one loses its contents. As with `append` and `update`, a
  /// link, a file with a second name, and what is no regular file are refused.
  case replace
  /// To write at the end of a file, which is made if there is none.
  case append
  /// To read and write in place; the file is made if there is none. For locks.
  case update
  /// A directory. Links are followed.
  case directory
  /// As `directory`, but a symbolic link is refused.
  case directoryNoLink
}

/// An open file and its path, which is for messages.
public struct OpenFile: Sendable, Hashable {
  /// The descriptor.
  public let descriptor: Int32
  /// The path it was opened by.
  public let path: String

  /// An open file.
  public init(descriptor: Int32, path: String) {
    (self.descriptor, self.path) = (descriptor, path)
  }

  /// The path of a name in this directory.
  public func path(of name: String) -> String { path == "." ? name : "\(path)/\(name)" }
}

/// The same calls on paths from the current directory.
extension FileSystem {
  /// Opens a file or directory.
  public func open(_ path: String, _ mode: OpenMode) throws(FileError) -> OpenFile {
    try open(path, mode, in: nil)
  }

  /// What a path names.
  public func status(of path: String, followingLinks: Bool) throws(FileError) -> FileStatus {
    try status(of: path, followingLinks: followingLinks, in: nil)
  }

  /// Renames a file or directory.
  public func rename(_ path: String, to newPath: String) throws(FileError) {
    try rename(path, to: newPath, in: nil)
  }

  /// Removes a file, or a link itself.
  public func removeFile(_ path: String) throws(FileError) { try removeFile(path, in: nil) }

  /// Makes one directory.
  public func makeDirectory(_ path: String) throws(FileError) { try makeDirectory(path, in: nil) }

  /// Removes an empty directory.
  public func removeDirectory(_ path: String) throws(FileError) {
    try removeDirectory(path, in: nil)
  }

  /// Waits until the names in a directory are on disk.
  public func synchronizeDirectory(_ path: String) throws(FileError) {
    try withFile(path, .directory) { directory throws(FileError) in
      try synchronizeDirectory(directory)
    }
  }

  /// The names in a directory, sorted by bytes, without `.` and `..`.
  public func list(_ path: String) throws(FileError) -> [String] {
    try withFile(path, .directory) { directory throws(FileError) in try list(directory) }
  }
}

/// What a path or an open file is.
public struct FileStatus: Sendable, Equatable {
  /// The kinds that matter here.
  public enum Kind: String, Sendable {
    /// Bytes on a disk.
    case regular = "regular file"
    /// A directory.
    case directory
    /// A symbolic link (only where links are not followed).
    case link = "symbolic link"
    /// A pipe, socket or device.
    case other = "pipe, socket or device"
  }

  /// What it is.
  public var kind: Kind
  /// Its size in bytes.
  public var size: Int
  /// Which file it is, under whatever name: device and inode.
  public var identity: [UInt64] = []
  /// When its bytes were changed last, in nanoseconds since 1970.
  public var changed = 0
  /// How many names it has; 0 if it is removed.
  public var names = 1

  /// A status.
  public init(kind: Kind, size: Int) { (self.kind, self.size) = (kind, size) }
}
