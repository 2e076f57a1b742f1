import Glibc

/// The file system of the machine. Calls that a signal interrupted are made again.
public struct LocalFileSystem: FileSystem {
  /// The file system of the machine.
  public init() {}

  /// Opens by `open`, always with `O_CLOEXEC`; new files have mode 0644.
  public func open(_ path: String, _ mode: OpenMode) throws(FileError) -> OpenFile {
    let flags: Int32 =
      switch mode {
      case .read: O_RDONLY
      case .readRegular: O_RDONLY | O_NONBLOCK
      case .readRegularNoLink: O_RDONLY | O_NONBLOCK | O_NOFOLLOW
      case .create: O_WRONLY | O_CREAT | O_EXCL
      case .replace: O_WRONLY | O_CREAT | O_TRUNC
      case .append: O_WRONLY | O_CREAT | O_APPEND
      case .update: O_RDWR | O_CREAT
      }
    let descriptor = try call("open", path) { Glibc.open(path, flags | O_CLOEXEC, 0o644) }
    let file = OpenFile(descriptor: descriptor, path: path)
    switch mode {
    case .readRegular, .readRegularNoLink:
      do throws(FileError) {
        let kind = try status(file).kind
        guard kind == .regular else {
          throw FileError(
            operation: "read", path: path, detail: "it is a \(kind.rawValue), not a regular file")
        }
      } catch {
        _ = Glibc.close(descriptor)
        throw error
      }
    default: break
    }
    return file
  }

  /// Reads by `pread`, or `read` at the current position.
  public func read(
    _ file: OpenFile, into buffer: UnsafeMutableRawBufferPointer, at offset: Int?
  ) throws(FileError) -> Int {
    try call("read", file.path) {
      if let offset { return pread(file.descriptor, buffer.baseAddress, buffer.count, offset) }
      return Glibc.read(file.descriptor, buffer.baseAddress, buffer.count)
    }
  }

  /// Writes by `write`.
  public func write(_ bytes: UnsafeRawBufferPointer, to file: OpenFile) throws(FileError) -> Int {
    try call("write", file.path) {
      Glibc.write(file.descriptor, bytes.baseAddress, bytes.count)
    }
  }

  /// Writes by `pwrite`.
  public func write(
    _ bytes: UnsafeRawBufferPointer, to file: OpenFile, at offset: Int
  ) throws(FileError) -> Int {
    try call("write", file.path) {
      pwrite(file.descriptor, bytes.baseAddress, bytes.count, offset)
    }
  }

  /// Reserves by `posix_fallocate`, which also makes the file that long.
  public func allocate(_ size: Int, for file: OpenFile) throws(FileError) {
    guard size > 0 else { return }
    var code = EINTR
    while code == EINTR { code = posix_fallocate(file.descriptor, 0, size) }
    switch code {
    case 0, EOPNOTSUPP, ENOSYS: return
    default: throw FileError(operation: "reserve \(size) bytes", path: file.path, code: code)
    }
  }

  /// Syncs by `fsync`, once: a second call after an error would report success.
  public func synchronize(_ file: OpenFile) throws(FileError) {
    guard fsync(file.descriptor) == 0 else {
      throw FileError(operation: "sync", path: file.path, code: errno)
    }
  }

  /// Closes by `close`.
  public func close(_ file: OpenFile) throws(FileError) {
    // Linux has closed the descriptor even where it reports EINTR.
    guard Glibc.close(file.descriptor) == 0 || errno == EINTR else {
      throw FileError(operation: "close", path: file.path, code: errno)
    }
  }

  /// Locks by `flock`.
  public func lock(_ file: OpenFile) throws(FileError) {
    _ = try call("lock", file.path) { flock(file.descriptor, LOCK_EX | LOCK_NB) }
  }

  /// Looks by `fstat`.
  public func status(_ file: OpenFile) throws(FileError) -> FileStatus {
    var information = stat()
    _ = try call("look at", file.path) { fstat(file.descriptor, &information) }
    return FileStatus(information)
  }

  /// Looks by `stat` or `lstat`.
  public func status(of path: String, followingLinks: Bool) throws(FileError) -> FileStatus {
    var information = stat()
    _ = try call("look at", path) {
      followingLinks ? stat(path, &information) : lstat(path, &information)
    }
    return FileStatus(information)
  }

  /// Renames by `rename`.
  public func rename(_ path: String, to newPath: String) throws(FileError) {
    _ = try call("rename to \(newPath)", path) { Glibc.rename(path, newPath) }
  }

  /// Removes by `unlink`.
  public func removeFile(_ path: String) throws(FileError) {
    _ = try call("remove", path) { unlink(path) }
  }

  /// Makes by `mkdir`, mode 0755.
  public func makeDirectory(_ path: String) throws(FileError) {
    _ = try call("make the directory", path) { mkdir(path, 0o755) }
  }

  /// Removes by `rmdir`.
  public func removeDirectory(_ path: String) throws(FileError) {
    _ = try call("remove the directory", path) { rmdir(path) }
  }

  /// Opens the directory and syncs it by `fsync`.
  public func synchronizeDirectory(_ path: String) throws(FileError) {
    let descriptor = try call("open the directory", path) {
      Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    defer { _ = Glibc.close(descriptor) }
    guard fsync(descriptor) == 0 else {
      throw FileError(operation: "sync the directory", path: path, code: errno)
    }
  }

  /// Lists by `readdir`.
  public func list(_ path: String) throws(FileError) -> [String] {
    guard let stream = opendir(path) else {
      throw FileError(operation: "list", path: path, code: errno)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw FileError(operation: "list", path: path, code: errno) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Asks by `statvfs`.
  public func freeSpace(at path: String) throws(FileError) -> Int {
    var information = statvfs()
    _ = try call("ask for the free space", path) { statvfs(path, &information) }
    let bytes = information.f_bavail.multipliedReportingOverflow(by: information.f_frsize)
    return bytes.overflow ? .max : Int(clamping: bytes.partialValue)
  }

  /// Makes a system call that returns a negative number on failure, again if a signal came between.
  private func call<Result: FixedWidthInteger & SignedInteger>(
    _ operation: String, _ path: String, _ body: () -> Result
  ) throws(FileError) -> Result {
    while true {
      let result = body()
      if result >= 0 { return result }
      let code = errno
      if code != EINTR { throw FileError(operation: operation, path: path, code: code) }
    }
  }
}

extension FileStatus {
  fileprivate init(_ information: stat) {
    let kind: Kind =
      switch information.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .directory
      case S_IFLNK: .link
      default: .other
      }
    self.init(kind: kind, size: information.st_size)
  }
}
