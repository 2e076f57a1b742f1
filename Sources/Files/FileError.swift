import Glibc

/// A system call that failed, or a file that is not what it has to be.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was tried: "open", "read", "rename to b", …
  public var operation: String
  /// The file or directory it was tried on.
  public var path: String
  /// The `errno` of the call, or 0 where no system call failed.
  public var code: Int32
  /// What is wrong, in words.
  public var detail: String

  /// A system call that failed with `code`.
  public init(operation: String, path: String, code: Int32) {
    self.init(operation: operation, path: path, code: code, detail: String(cString: strerror(code)))
  }

  /// A failure in words.
  public init(operation: String, path: String, code: Int32 = 0, detail: String) {
    (self.operation, self.path, self.code, self.detail) = (operation, path, code, detail)
  }

  /// One line: path, operation, reason.
  public var description: String { "\(path.onOneLine): cannot \(operation.onOneLine): \(detail)" }

  /// Whether the file or directory does not exist.
  public var isMissing: Bool { code == ENOENT || code == ENOTDIR }

  /// Whether what is on disk is damaged or not what it has to be, rather than out of reach.
  public var isDamage: Bool {
    switch code {
    case 0, EIO, ENOENT, ENOTDIR, EISDIR, ELOOP, EFBIG, ENXIO: true
    default: false
    }
  }

  /// Whether the disk or the quota is full.
  public var isFull: Bool { code == ENOSPC || code == EDQUOT }

  /// Whether the file system has no such call.
  public var isUnsupported: Bool {
    [EINVAL, ENOSYS, EOPNOTSUPP, EBADF, ENOLCK].contains(code)
  }

  /// Whether somebody else holds the lock.
  public var isLocked: Bool { code == EWOULDBLOCK }
}
