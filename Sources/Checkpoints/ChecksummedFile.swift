import Files

/// What a manifest says of a file.
public struct FileRecord: Sendable, Equatable {
  /// Its name, without a directory.
  public var name: String
  /// Its length in bytes.
  public var length: Int
  /// The CRC-32C of its bytes.
  public var crc32c: UInt32
}

/// A new file that is written from its start to its end and checksummed on the way. After an error
/// it is to be abandoned: nothing is tried twice, fsync least of all.
struct ChecksummedFile {
  /// Bytes checksummed and then written while they are in the cache.
  static let chunk = 1 << 20

  private let files: any FileSystem
  private let file: OpenFile
  private(set) var length = 0
  private(set) var crc32c: UInt32 = 0

  private init(_ file: OpenFile, _ files: any FileSystem) {
    (self.file, self.files) = (file, files)
  }

  /// Makes a file, has `body` write `size` bytes to it, syncs and closes it.
  static func write(
    _ path: String, in directory: OpenFile?, size: Int, _ files: any FileSystem,
    _ body: (inout ChecksummedFile) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> (length: Int, crc32c: UInt32) {
    let file = try onDisk { () throws(FileError) in try files.open(path, .create, in: directory) }
    let written: (length: Int, crc32c: UInt32)
    do throws(CheckpointError) {
      written = try write(to: file, size: size, files, body)
      try onDisk { () throws(FileError) in try files.synchronize(file) }
    } catch {
      try? files.close(file)
      throw error
    }
    try onDisk { () throws(FileError) in try files.close(file) }
    return written
  }

  /// Has `body` write `size` bytes to a new file that is open.
  static func write(
    to file: OpenFile, size: Int, _ files: any FileSystem,
    _ body: (inout ChecksummedFile) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> (length: Int, crc32c: UInt32) {
    var output = ChecksummedFile(file, files)
    try onDisk { () throws(FileError) in try files.allocate(size, for: file) }
    try body(&output)
    precondition(output.length == size, "\(file.path): wrote \(output.length) bytes of \(size)")
    return (output.length, output.crc32c)
  }

  /// Writes bytes.
  mutating func write(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    for start in stride(from: 0, to: bytes.count, by: Self.chunk) {
      let part = UnsafeRawBufferPointer(
        rebasing: bytes[start..<min(start + Self.chunk, bytes.count)])
      crc32c = CRC32C.checksum(part, continuing: crc32c)
      try onDisk { () throws(FileError) in try files.writeAll(part, to: file) }
      length += part.count
    }
  }

  /// Writes bytes.
  mutating func write(_ bytes: [UInt8]) throws(CheckpointError) {
    crc32c = CRC32C.checksum(bytes, continuing: crc32c)
    try onDisk { () throws(FileError) in try files.writeAll(bytes, to: file) }
    length += bytes.count
  }
}
