import Glibc

/// The file system of the machine. Calls that a signal interrupted are made again.
public struct LocalFileSystem: FileSystem {
  /// The file system of the machine.
  public init() {}

  /// Opens by `openat`, always with `O_CLOEXEC`; new files have mode 0644. To write, it follows no link.
  public func open(
    _ path: String, _ mode: OpenMode, in directory: OpenFile?
  ) throws(FileError) -> OpenFile {
    let whole = Self.path(path, directory)
    let writing = O_CREAT | O_NOFOLLOW | O_NONBLOCK
    let flags: Int32 =
      switch mode {
      case .read: O_RDONLY
      case .readRegular: O_RDONLY | O_NONBLOCK
      case .readRegularNoLink: O_RDONLY | O_NONBLOCK | O_NOFOLLOW
      case .create: O_WRONLY | O_CREAT | O_EXCL
      case .replace: O_WRONLY | writing
      case .append: O_WRONLY | O_APPEND | writing
      case .update: O_RDWR | writing
      case .directory: O_RDONLY | O_DIRECTORY
      case .directoryNoLink: O_RDONLY | O_DIRECTORY | O_NOFOLLOW
      }
    let descriptor: Int32
    do throws(FileError) {
      descriptor = try call("open", whole) {
        openat(Self.descriptor(directory), path, flags | O_CLOEXEC, 0o644)
      }
    } catch  where error.code == ELOOP && flags & O_NOFOLLOW != 0 {
      throw FileError(
        operation: "open", path: whole, code: ELOOP,
        detail: "it is a symbolic link, which is not followed here: remove it")
    }
    let file = OpenFile(descriptor: descriptor, path: whole)
    do throws(FileError) {
      try check(file, mode)
    } catch {
      _ = Glibc.close(descriptor)
      throw error
    }
    return file
  }

  /// Whether an open file is of the kind that its mode asks for.
  private func check(_ file: OpenFile, _ mode: OpenMode) throws(FileError) {
    let (verb, isWritten): (String, Bool)
    switch mode {
    case .readRegular, .readRegularNoLink: (verb, isWritten) = ("read", false)
    case .replace, .append, .update: (verb, isWritten) = ("write", true)
    default: return
    }
    let status = try status(file)
    guard status.kind == .regular else {
      throw FileError(
        operation: verb, path: file.path,
        detail: "it is a \(status.kind.rawValue), not a regular file")
    }
    guard isWritten else { return }
    guard status.names <= 1 else {
      throw FileError(
        operation: verb, path: file.path,
        detail:
          "the file has a second name elsewhere (a hard link), which would change too: remove it")
    }
    if mode == .replace {
      _ = try call("write", file.path) { ftruncate(file.descriptor, 0) }
    }
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

  /// Looks by `fstatat`.
  public func status(
    of path: String, followingLinks: Bool, in directory: OpenFile?
  ) throws(FileError) -> FileStatus {
    var information = stat()
    _ = try call("look at", Self.path(path, directory)) {
      fstatat(
        Self.descriptor(directory), path, &information, followingLinks ? 0 : AT_SYMLINK_NOFOLLOW)
    }
    return FileStatus(information)
  }

  /// Renames by `renameat`.
  public func rename(
    _ path: String, to newPath: String, in directory: OpenFile?
  ) throws(FileError) {
    _ = try call("rename to \(newPath)", Self.path(path, directory)) {
      renameat(Self.descriptor(directory), path, Self.descriptor(directory), newPath)
    }
  }

  /// Exchanges by `renameat2`.
  public func exchange(
    _ path: String, with other: String, in directory: OpenFile?
  ) throws(FileError) {
    let whole = Self.path(path, directory)
    guard let renameat2 = Self.renameat2 else {
      throw FileError(operation: "exchange with \(other)", path: whole, code: ENOSYS)
    }
    _ = try call("exchange with \(other)", whole) {
      // RENAME_EXCHANGE of linux/fs.h.
      renameat2(Self.descriptor(directory), path, Self.descriptor(directory), other, 2)
    }
  }

  /// Removes by `unlinkat`.
  public func removeFile(_ path: String, in directory: OpenFile?) throws(FileError) {
    _ = try call("remove", Self.path(path, directory)) {
      unlinkat(Self.descriptor(directory), path, 0)
    }
  }

  /// Makes by `mkdirat`, mode 0755.
  public func makeDirectory(_ path: String, in directory: OpenFile?) throws(FileError) {
    _ = try call("make the directory", Self.path(path, directory)) {
      mkdirat(Self.descriptor(directory), path, 0o755)
    }
  }

  /// Removes by `unlinkat`.
  public func removeDirectory(_ path: String, in directory: OpenFile?) throws(FileError) {
    _ = try call("remove the directory", Self.path(path, directory)) {
      unlinkat(Self.descriptor(directory), path, AT_REMOVEDIR)
    }
  }

  /// Syncs by `fsync`.
  public func synchronizeDirectory(_ directory: OpenFile) throws(FileError) {
    guard fsync(directory.descriptor) == 0 else {
      throw FileError(operation: "sync the directory", path: directory.path, code: errno)
    }
  }

  /// Lists by `readdir`, through a descriptor of its own.
  public func list(_ directory: OpenFile) throws(FileError) -> [String] {
    let path = directory.path
    let descriptor = try call("list", path) {
      openat(directory.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    guard let stream = fdopendir(descriptor) else {
      let code = errno
      _ = Glibc.close(descriptor)
      throw FileError(operation: "list", path: path, code: code)
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

  private typealias Renameat2 =
    @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32

  /// Glibc's function, which its headers show to GNU C alone; nil where it is too old.
  private static let renameat2 = dlsym(nil, "renameat2").map {
    unsafeBitCast($0, to: Renameat2.self)
  }

  /// The descriptor that paths are taken from.
  private static func descriptor(_ directory: OpenFile?) -> Int32 {
    directory?.descriptor ?? AT_FDCWD
  }

  /// A path for messages.
  private static func path(_ path: String, _ directory: OpenFile?) -> String {
    directory?.path(of: path) ?? path
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
    identity = [UInt64(information.st_dev), UInt64(information.st_ino)]
    changed = information.st_mtim.tv_sec * 1_000_000_000 + information.st_mtim.tv_nsec
    names = Int(information.st_nlink)
  }
}
