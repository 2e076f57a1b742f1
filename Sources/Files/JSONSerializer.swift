extension JSON {
  /// The value as UTF-8 JSON text; equal values give equal bytes. Members keep their order. A
  /// double is written with the fewest digits that read back the same, with `.0` where it is
  /// integral; NaN and infinity, which JSON lacks, as `null`. Only `"`, `\` and control characters
  /// are escaped.
  /// - pretty: one element or member a line, indented by 2 spaces, as `serde_json` and Python's
  ///   `indent=2` do; otherwise without any white space
  public func serialized(pretty: Bool = false) -> [UInt8] {
    var writer = JSONWriter(pretty: pretty)
    writer.write(self)
    return writer.bytes
  }
}

private struct JSONWriter {
  let pretty: Bool
  var bytes: [UInt8] = []
  var depth = 0

  init(pretty: Bool) { self.pretty = pretty }

  mutating func write(_ value: JSON) {
    switch value {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .integer(let value): bytes += value.description.utf8
    case .number(let value): bytes += (value.isFinite ? value.description : "null").utf8
    case .string(let value): write(value)
    case .array(let elements):
      list("[", elements, "]") { writer, element in writer.write(element) }
    case .object(let members):
      list("{", members, "}") { writer, member in
        writer.write(member.key)
        writer.bytes += (writer.pretty ? ": " : ":").utf8
        writer.write(member.value)
      }
    }
  }

  private mutating func list<Element>(
    _ open: Unicode.Scalar, _ elements: [Element], _ close: Unicode.Scalar,
    _ body: (inout JSONWriter, Element) -> Void
  ) {
    bytes.append(UInt8(ascii: open))
    depth += 1
    for (index, element) in elements.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      startLine()
      body(&self, element)
    }
    depth -= 1
    if !elements.isEmpty { startLine() }
    bytes.append(UInt8(ascii: close))
  }

  private mutating func startLine() {
    guard pretty else { return }
    bytes.append(0x0A)
    for _ in 0..<depth { bytes += [0x20, 0x20] }
  }

  private mutating func write(_ string: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes += "\\\"".utf8
      case UInt8(ascii: "\\"): bytes += "\\\\".utf8
      case 0x08: bytes += "\\b".utf8
      case 0x0C: bytes += "\\f".utf8
      case 0x0A: bytes += "\\n".utf8
      case 0x0D: bytes += "\\r".utf8
      case 0x09: bytes += "\\t".utf8
      case 0..<0x20: bytes += "\\u00\(byte < 0x10 ? "0" : "")\(String(byte, radix: 16))".utf8
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
