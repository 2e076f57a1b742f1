/// Finds the first byte that is not UTF-8 text (RFC 3629: no overlong forms, surrogates or values
/// past U+10FFFF), or that is NUL, in bytes that arrive in pieces.
struct UTF8Checker {
  /// Bytes checked so far.
  private(set) var offset = 0
  /// Continuation bytes still missing from the last character, and the range of the next of them.
  private var missing = 0
  private var nextByte: ClosedRange<UInt8> = 0x80...0xBF
  /// The first byte of the last character, and where it is.
  private var lead: (offset: Int, byte: UInt8) = (0, 0)

  /// What is wrong with a byte.
  struct Fault: Equatable {
    /// Where it is, from the first byte of the input.
    let offset: Int
    /// The byte that begins no character: one that cannot, or that the bytes behind it do not
    /// continue.
    let byte: UInt8
    /// Whether the input ends inside its character.
    var isCutOff = false
  }

  /// What is wrong if the input ends here.
  var faultAtEnd: Fault? {
    missing == 0 ? nil : Fault(offset: lead.offset, byte: lead.byte, isCutOff: true)
  }

  /// Checks the next bytes.
  mutating func check(_ bytes: UnsafeRawBufferPointer) -> Fault? {
    var i = 0
    while i < bytes.count {
      if missing == 0 {
        i = Self.skipASCII(bytes, from: i)
        if i == bytes.count { break }
      }
      if missing == 0 { lead = (offset + i, bytes[i]) }
      if !accept(bytes[i]) { return Fault(offset: lead.offset, byte: lead.byte) }
      i += 1
    }
    offset += bytes.count
    return nil
  }

  /// Takes one byte; false if it cannot stand here.
  private mutating func accept(_ byte: UInt8) -> Bool {
    if missing > 0 {
      guard nextByte.contains(byte) else { return false }
      missing -= 1
      nextByte = 0x80...0xBF
      return true
    }
    switch byte {
    case 0x01...0x7F: missing = 0
    case 0xC2...0xDF: missing = 1
    case 0xE0: (missing, nextByte) = (2, 0xA0...0xBF)
    case 0xED: (missing, nextByte) = (2, 0x80...0x9F)
    case 0xE1...0xEF: missing = 2
    case 0xF0: (missing, nextByte) = (3, 0x90...0xBF)
    case 0xF4: (missing, nextByte) = (3, 0x80...0x8F)
    case 0xF1...0xF3: missing = 3
    default: return false
    }
    return true
  }

  /// The first index from `start` on that is not in a run of bytes 1...127, eight at a time.
  private static func skipASCII(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    var i = start
    while i + 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: i, as: UInt64.self)
      let hasZero = (word &- 0x0101_0101_0101_0101) & ~word
      if (word | hasZero) & 0x8080_8080_8080_8080 != 0 { break }
      i += 8
    }
    while i < bytes.count && bytes[i] != 0 && bytes[i] < 0x80 { i += 1 }
    return i
  }
}

extension UTF8Checker.Fault {
  /// The error for text at a place that names file and byte.
  func error(at place: String) -> DatasetError {
    let found =
      byte == 0
      ? "a NUL byte"
      : "byte 0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))"
        + (isCutOff ? " and the end inside a character" : "")
    // Of a byte order mark of UTF-16 either byte is none of UTF-8.
    let encoding = offset == 0 && byte >= 0xFE ? "UTF-16" : "LATIN1"
    return DatasetError(
      .notText, at: place,
      "expected UTF-8 text, found \(found): the file is binary or in another encoding; convert it, such as by iconv -f \(encoding) -t UTF-8"
    )
  }
}
