import Files
import Glibc

/// TensorBoard's event file: a TFRecord for each event of `metrics.jsonl`, with its numbers as
/// scalars named `step/loss`, `eval/val_loss`, …
///
/// Each start of a run begins a file of its own, whose first records tell TensorBoard to drop what
/// earlier files hold of the steps that come now. So a resumed run leaves one curve, without a step
/// twice or missing.
struct EventFile {
  /// The file.
  let path: String
  private var pending: PendingBytes

  /// Begins a file in `directory` for the events of steps after `step`.
  init(in directory: String, after step: Int, files: any FileSystem) throws(FileError) {
    // TensorBoard reads files in the order of their names.
    let last = try files.list(directory).compactMap(Self.stamp).max() ?? 0
    path = "\(directory)/\(Self.prefix)\(max(time(nil), last + 1)).sophia-rt"
    pending = PendingBytes(path: path, files: files)
    pending.add(Self.record(EventMessage(step: step + 1, fileVersion: "brain.Event:2")))
    pending.add(Self.record(EventMessage(step: step + 1, startsSession: true)))
  }

  private static let prefix = "events.out.tfevents."

  private static func stamp(_ name: String) -> Int? {
    name.hasPrefix(prefix) ? Int(name.dropFirst(prefix.count).prefix { $0.isNumber }) : nil
  }

  /// Remembers the numbers of an event of ``MetricsLog``.
  mutating func add(_ event: JSON) {
    guard let members = event.objectValue, let step = event["step"]?.intValue else { return }
    let group = event["event"]?.stringValue ?? "event"
    let scalars: [(tag: String, value: Float)] = members.compactMap { member in
      guard member.key != "step", let value = member.value.doubleValue else { return nil }
      return ("\(group)/\(member.key)", Float(value))
    }
    pending.add(Self.record(EventMessage(step: step, scalars: scalars)))
  }

  /// Writes what is pending.
  mutating func flush() throws(FileError) { try pending.flush() }

  /// Writes what is pending and waits until the whole file is on the disk.
  mutating func synchronize() throws(FileError) { try pending.synchronize() }

  /// TFRecord: length, its checksum, the bytes, their checksum.
  static func record(_ message: EventMessage) -> [UInt8] {
    let bytes = message.serialized()
    let length = LittleEndian.bytes(of: UInt64(bytes.count))
    return length + LittleEndian.bytes(of: masked(CRC32C.checksum(length))) + bytes
      + LittleEndian.bytes(of: masked(CRC32C.checksum(bytes)))
  }

  /// TFRecord's mask of a checksum, which may lie in data that are checksummed themselves.
  private static func masked(_ crc: UInt32) -> UInt32 { (crc >> 15 | crc << 17) &+ 0xA282_EAD8 }
}

/// Numbers as bytes, the lowest first.
enum LittleEndian {
  static func bytes<Value: FixedWidthInteger & UnsignedInteger>(of value: Value) -> [UInt8] {
    (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> Value($0 * 8)) }
  }
}
