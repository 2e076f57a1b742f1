import Glibc

/// The few fields of TensorFlow's `event.proto` and `summary.proto` that TensorBoard needs for scalars:
///
///     Event      1 wall_time double, 2 step int64, 3 file_version string, 5 summary, 7 session_log
///     Summary    1 value, repeated
///     Value      1 tag string, 2 simple_value float
///     SessionLog 1 status enum, START = 1
struct EventMessage {
  /// Seconds since 1970.
  var wallTime = EventMessage.now
  /// The step it belongs to.
  var step: Int
  /// The format, in a file's first record.
  var fileVersion = ""
  /// Whether it begins a session: earlier events of this and later steps don't count any more.
  var startsSession = false
  /// Names and values.
  var scalars: [(tag: String, value: Float)] = []

  /// The message in protobuf's wire format.
  func serialized() -> [UInt8] {
    var message = ProtobufWriter()
    message.double(1, wallTime)
    message.varint(2, UInt64(bitPattern: Int64(step)))
    if !fileVersion.isEmpty { message.bytes(3, Array(fileVersion.utf8)) }
    if !scalars.isEmpty {
      var summary = ProtobufWriter()
      for scalar in scalars {
        var value = ProtobufWriter()
        value.bytes(1, Array(scalar.tag.utf8))
        value.float(2, scalar.value)
        summary.bytes(1, value.bytes)
      }
      message.bytes(5, summary.bytes)
    }
    if startsSession {
      var session = ProtobufWriter()
      session.varint(1, 1)
      message.bytes(7, session.bytes)
    }
    return message.bytes
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

/// Fields of a protobuf message: a tag (field number and wire type), then the value.
private struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  mutating func varint(_ field: Int, _ value: UInt64) {
    tag(field, 0)
    varint(value)
  }

  mutating func double(_ field: Int, _ value: Double) {
    tag(field, 1)
    bytes += LittleEndian.bytes(of: value.bitPattern)
  }

  mutating func float(_ field: Int, _ value: Float) {
    tag(field, 5)
    bytes += LittleEndian.bytes(of: value.bitPattern)
  }

  mutating func bytes(_ field: Int, _ value: [UInt8]) {
    tag(field, 2)
    varint(UInt64(value.count))
    bytes += value
  }

  private mutating func tag(_ field: Int, _ type: Int) { varint(UInt64(field << 3 | type)) }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
