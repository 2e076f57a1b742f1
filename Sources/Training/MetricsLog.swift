import Files

/// `metrics.jsonl`: one JSON object a line and event. A resumed run goes on without duplicate or
/// missing lines: lines of later steps are dropped first.
struct MetricsLog {
  let path: String
  let files: any FileSystem
  /// What is still to be written, from the very byte where a full disk stopped the writing.
  private var pending: [UInt8] = []
  private var events = 0

  init(path: String, files: any FileSystem) { (self.path, self.files) = (path, files) }

  /// Keeps the whole lines whose `step` is at most `step`.
  func rewind(to step: Int) throws(FileError) {
    guard files.exists(path) else { return }
    let bytes = try files.readBytes(path, limit: 1 << 30)
    var kept: [UInt8] = []
    for line in bytes.split(separator: 0x0A) {
      guard let json = try? JSON(parsing: Array(line), name: path) else { continue }
      guard let at = json["step"]?.intValue, at <= step else { continue }
      kept += line
      kept.append(0x0A)
    }
    if kept.count != bytes.count { try files.writeAtomically(kept, to: path) }
  }

  /// Remembers a line; every tenth brings them all to disk.
  mutating func add(_ event: JSON) throws(FileError) {
    pending += event.serialized() + [0x0A]
    events += 1
    if events % 10 == 0 { try flush() }
  }

  /// Writes what is pending at the end of the file. What could not be written stays pending.
  mutating func flush() throws(FileError) {
    if pending.isEmpty { return }
    let file = try files.open(path, .append)
    defer { try? files.close(file) }
    while !pending.isEmpty { pending.removeFirst(try write(pending, to: file)) }
  }

  private func write(_ bytes: [UInt8], to file: OpenFile) throws(FileError) -> Int {
    let result = bytes.withUnsafeBytes { raw in
      Result { () throws(FileError) in try files.write(raw, to: file) }
    }
    return try result.get()
  }
}
