import Files

/// Bytes for the end of a log: what could not be written waits for the next try, from the very byte
/// where a full disk stopped the writing.
struct PendingBytes {
  private let path: String
  private let files: any FileSystem
  private var bytes: [UInt8] = []

  init(path: String, files: any FileSystem) { (self.path, self.files) = (path, files) }

  /// Whether everything is written.
  var isEmpty: Bool { bytes.isEmpty }

  /// Remembers bytes.
  mutating func add(_ more: [UInt8]) { bytes += more }

  /// Writes what is pending at the end of the file. What could not be written stays pending.
  mutating func flush() throws(FileError) {
    if bytes.isEmpty { return }
    let file = try files.open(path, .append)
    defer { try? files.close(file) }
    while !bytes.isEmpty { bytes.removeFirst(try write(to: file)) }
  }

  /// Writes what is pending and waits until the whole file is on the disk.
  mutating func synchronize() throws(FileError) {
    try flush()
    guard files.exists(path) else { return }
    let file = try files.open(path, .append)
    defer { try? files.close(file) }
    try files.synchronize(file)
  }

  private func write(to file: OpenFile) throws(FileError) -> Int {
    let result = bytes.withUnsafeBytes { raw in
      Result { () throws(FileError) in try files.write(raw, to: file) }
    }
    return try result.get()
  }
}
