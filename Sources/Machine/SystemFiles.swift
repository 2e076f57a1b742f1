import Glibc

/// How the small text files under /proc and /sys are read: a function, so that tests can describe
/// machines and containers that we do not have.
public struct SystemFiles: Sendable {
  /// The text of a file, or nil if it cannot be read.
  public let read: @Sendable (_ path: String) -> String?

  /// Files read by a function.
  public init(read: @escaping @Sendable (_ path: String) -> String?) {
    self.read = read
  }

  /// Files given as path and text.
  public init(_ files: [String: String]) {
    self.init { files[$0] }
  }

  /// The files of the running system; at most 4 MiB of each.
  public static let real = SystemFiles { path in
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while bytes.count < 4 << 20 {
      // `read` alone would be this type's own.
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
