import Glibc

/// A regular file mapped into memory to be read. A file that somebody truncates while it is mapped
/// ends the process (SIGBUS) when the lost part is touched, so only files that are ours, such as
/// token shards, are mapped; checkpoints are read.
public final class MappedFile: @unchecked Sendable {
  /// The path it was opened by.
  public let path: String
  /// The bytes of the file, valid while this object lives, which ends at its last use: keep it in a
  /// property, or use `withBytes`.
  public let bytes: UnsafeRawBufferPointer

  /// Maps a file. An empty file gives no bytes.
  public init(path: String) throws(FileError) {
    let files = LocalFileSystem()
    let file = try files.open(path, .readRegular)
    defer { try? files.close(file) }
    let size = try files.status(file).size
    self.path = path
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.descriptor, 0)
    guard let start, start != MAP_FAILED else {
      throw FileError(operation: "map", path: path, code: errno)
    }
    bytes = UnsafeRawBufferPointer(start: start, count: size)
  }

  /// Hands the bytes to `body` and keeps the object alive meanwhile.
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(bytes)
  }

  deinit {
    if let start = bytes.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
    }
  }
}
