import Files

/// `metrics.jsonl`: one JSON object a line and event. A resumed run goes on without duplicate or
/// missing lines: lines of later steps are dropped first.
struct MetricsLog {
  let path: String
  let files: any FileSystem
  private(set) var pending: PendingBytes
  private var events = 0

  init(path: String, files: any FileSystem) {
    (self.path, self.files) = (path, files)
    pending = PendingBytes(path: path, files: files)
  }

  /// Keeps the whole lines whose `step` is at most `step`.
  /// - Returns: whether there is the evaluation after that step
  func rewind(to step: Int) throws(FileError) -> Bool {
    guard files.exists(path) else { return false }
    let bytes = try files.readBytes(path, limit: 1 << 30)
    var kept: [UInt8] = []
    var isEvaluated = false
    for line in bytes.split(separator: 0x0A) {
      guard let json = try? JSON(parsing: Array(line), name: path) else { continue }
      guard let at = json["step"]?.intValue, at <= step else { continue }
      if at == step && json["event"]?.stringValue == "eval" { isEvaluated = true }
      kept += line
      kept.append(0x0A)
    }
    if kept.count != bytes.count { try files.writeAtomically(kept, to: path) }
    return isEvaluated
  }

  /// Remembers a line; every tenth brings them all to disk.
  mutating func add(_ event: JSON) throws(FileError) {
    pending.add(event.serialized() + [0x0A])
    events += 1
    if events % 10 == 0 { try flush() }
  }

  /// Writes what is pending at the end of the file. What could not be written stays pending.
  mutating func flush() throws(FileError) { try pending.flush() }

  /// Writes what is pending and waits until the whole file is on the disk.
  mutating func synchronize() throws(FileError) { try pending.synchronize() }
}
