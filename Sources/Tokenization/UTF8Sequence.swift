/// Well-formed UTF-8, byte by byte (Unicode 16, table 3-7).
enum UTF8Sequence {
  /// Number of bytes that a sequence with this first byte has; 0 if none begins with it.
  @inline(__always)
  static func length(lead: UInt8) -> Int {
    switch lead {
    case 0x00...0x7F: 1
    case 0xC2...0xDF: 2
    case 0xE0...0xEF: 3
    case 0xF0...0xF4: 4
    default: 0
    }
  }

  /// Whether `second` may follow `lead`: no overlong forms, no surrogates, nothing past U+10FFFF.
  @inline(__always)
  static func allows(second: UInt8, after lead: UInt8) -> Bool {
    switch lead {
    case 0xE0: 0xA0...0xBF ~= second
    case 0xED: 0x80...0x9F ~= second
    case 0xF0: 0x90...0xBF ~= second
    case 0xF4: 0x80...0x8F ~= second
    default: 0x80...0xBF ~= second
    }
  }

  /// The scalar whose first byte is `text[start]` and its number of bytes; nil if none is
  /// well-formed there.
  static func decode(_ text: Span<UInt8>, at start: Int) -> (scalar: UInt32, length: Int)? {
    let lead = text[start]
    let length = length(lead: lead)
    if length == 1 { return (UInt32(lead), 1) }
    guard length > 1, start + length <= text.count, allows(second: text[start + 1], after: lead)
    else { return nil }
    var scalar = UInt32(lead) & (0x7F >> UInt32(length))
    for i in start + 1..<start + length {
      guard text[i] & 0xC0 == 0x80 else { return nil }
      scalar = scalar << 6 | UInt32(text[i] & 0x3F)
    }
    return (scalar, length)
  }

  /// Number of bytes at the end of `bytes` that begin a well-formed sequence without ending it: 0...3.
  static func unfinishedSuffix(of bytes: [UInt8]) -> Int {
    for count in 1...3 where count <= bytes.count {
      let lead = bytes[bytes.count - count]
      if lead & 0xC0 == 0x80 { continue }
      guard length(lead: lead) > count else { return 0 }
      if count > 1, !allows(second: bytes[bytes.count - count + 1], after: lead) { return 0 }
      return count
    }
    return 0
  }
}
