import Files

/// `metrics.jsonl`: one JSON object a line and event. A resumed run goes on without duplicate or
/// missing lines: lines of later steps are dropped first.
struct MetricsLog {
  let path: String
  let files: any FileSystem

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

  /// Adds lines at the end.
  func append(_ events: [JSON]) throws(FileError) {
    var bytes: [UInt8] = []
    for event in events { bytes += event.serialized() + [0x0A] }
    let file = try files.open(path, .append)
    defer { try? files.close(file) }
    var written = 0
    while written < bytes.count {
      written += try write(Array(bytes[written...]), to: file)
    }
  }

  private func write(_ bytes: [UInt8], to file: OpenFile) throws(FileError) -> Int {
    let result = bytes.withUnsafeBytes { raw -> Result<Int, FileError> in
      do throws(FileError) { return .success(try files.write(raw, to: file)) } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
