extension JSON {
  /// Parses one JSON text (RFC 8259), strictly and in linear time: UTF-8 without a byte order mark;
  /// no member name twice in an object (compared as bytes); no lone surrogates, no NaN or infinity,
  /// no numbers beyond a `Double`'s range, no comments or trailing commas; nothing after the value
  /// but white space. An integer that fits an `Int` is `.integer`, any other number `.number` (−0
  /// too).
  /// - name: what the text is called in errors, such as its path
  /// - maxDepth: how many arrays and objects may lie in one another
  public init(parsing bytes: [UInt8], name: String, maxDepth: Int = 32) throws(JSONError) {
    var parser = JSONParser(bytes: bytes, name: name, maxDepth: maxDepth, isPython: false)
    self = try parser.text()
  }

  /// Parses one JSON text as Python's `json` module does, which wrote most of the data sets there
  /// are: a lone surrogate is read, and becomes U+FFFD as it has no UTF-8; `NaN`, `Infinity` and
  /// `-Infinity` are numbers, and numbers beyond a `Double`'s range are infinite; of members of one
  /// name the last one counts. All else is as in the strict ``init(parsing:name:maxDepth:)``.
  /// - Returns: the value, and how many lone surrogates became U+FFFD
  public static func parsingAsPython(
    _ bytes: [UInt8], name: String, maxDepth: Int = 256
  ) throws(JSONError) -> (value: JSON, replacedSurrogates: Int) {
    var parser = JSONParser(bytes: bytes, name: name, maxDepth: maxDepth, isPython: true)
    let value = try parser.text()
    return (value, parser.replacedSurrogates)
  }
}

/// Recursive descent over an array, whose subscripts are checked whatever the input says.
private struct JSONParser {
  let bytes: [UInt8]
  let name: String
  let maxDepth: Int
  /// Whether what Python's `json` reads beyond the standard is read too.
  let isPython: Bool
  var replacedSurrogates = 0
  var index = 0
  var depth = 0

  mutating func text() throws(JSONError) -> JSON {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      throw error(expected: "JSON", found: "a byte order mark")
    }
    if GitLFSPointer.begins(bytes) {
      throw error(expected: "JSON", found: GitLFSPointer.meaning)
    }
    let value = try value()
    skipSpace()
    guard index == bytes.count else { throw unexpected("nothing after the value") }
    return value
  }

  private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      index += 1
    }
  }

  /// Skips white space, then takes `byte` if it is the next one.
  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: byte) else { return false }
    index += 1
    return true
  }

  private mutating func value() throws(JSONError) -> JSON {
    skipSpace()
    guard let byte = next else { throw unexpected("a value") }
    switch byte {
    case UInt8(ascii: "{"): return try nested { (self) throws(JSONError) in try self.object() }
    case UInt8(ascii: "["): return try nested { (self) throws(JSONError) in try self.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "N") where isPython: return try word("NaN", .number(.nan))
    case UInt8(ascii: "I") where isPython: return try word("Infinity", .number(.infinity))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw unexpected("a value")
    }
  }

  private mutating func nested(
    _ body: (inout JSONParser) throws(JSONError) -> JSON
  ) throws(JSONError) -> JSON {
    guard depth < maxDepth else {
      throw error(expected: "at most \(maxDepth) levels of nesting", found: "one more")
    }
    depth += 1
    index += 1
    let value = try body(&self)
    depth -= 1
    return value
  }

  private mutating func array() throws(JSONError) -> JSON {
    var elements: [JSON] = []
    if take("]") { return .array(elements) }
    repeat { elements.append(try value()) } while take(",")
    guard take("]") else { throw unexpected("',' or ']'") }
    return .array(elements)
  }

  private mutating func object() throws(JSONError) -> JSON {
    var members: [JSONMember] = []
    if take("}") { return .object(members) }
    var names = JSONNameSet()
    var isRepeated = false
    repeat {
      skipSpace()
      let start = index
      guard next == UInt8(ascii: "\"") else { throw unexpected("a member name in quotes") }
      let key = try string()
      if !names.insert(key, after: members) {
        guard isPython else {
          throw error(at: start, expected: "each member name once", found: "\"\(key)\" again")
        }
        isRepeated = true
      }
      guard take(":") else { throw unexpected("':' after the member name") }
      members.append(JSONMember(key, try value()))
    } while take(",")
    guard take("}") else { throw unexpected("',' or '}'") }
    return .object(isRepeated ? lastOfEachName(members) : members)
  }

  private func lastOfEachName(_ members: [JSONMember]) -> [JSONMember] {
    var (kept, names) = ([JSONMember](), JSONNameSet())
    for member in members.reversed() where names.insert(member.key, after: kept) {
      kept.append(member)
    }
    return kept.reversed()
  }

  private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    let end = index + word.utf8CodeUnitCount
    let isThere = word.withUTF8Buffer { word in
      end <= bytes.count && bytes[index..<end].elementsEqual(word)
    }
    guard isThere else { throw unexpected("\(word)") }
    index = end
    return value
  }

  private mutating func number() throws(JSONError) -> JSON {
    let start = index
    var isInteger = true
    if next == UInt8(ascii: "-") { index += 1 }
    if isPython && next == UInt8(ascii: "I") && index > start {
      return try word("Infinity", .number(-.infinity))
    }
    if next == UInt8(ascii: "0") { index += 1 } else { try digits() }
    if next == UInt8(ascii: ".") {
      isInteger = false
      index += 1
      try digits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      isInteger = false
      index += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { index += 1 }
      try digits()
    }
    let literal = String(decoding: bytes[start..<index], as: UTF8.self)
    if isInteger, let value = Int(literal), literal != "-0" { return .integer(value) }
    guard let value = Double(literal), value.isFinite || isPython else {
      throw error(at: start, expected: "a number within a double's range", found: literal)
    }
    return .number(value)
  }

  private mutating func digits() throws(JSONError) {
    let start = index
    while let byte = next, UInt8(ascii: "0") <= byte && byte <= UInt8(ascii: "9") { index += 1 }
    guard index > start else { throw unexpected("a digit") }
  }

  private mutating func string() throws(JSONError) -> String {
    let start = index
    index += 1
    var from = index
    var decoded: [UInt8] = []
    while true {
      guard let byte = next else { throw unexpected("the end of the string") }
      switch byte {
      case UInt8(ascii: "\""):
        let value =
          decoded.isEmpty
          ? String(validating: bytes[from..<index], as: UTF8.self)
          : String(validating: decoded + bytes[from..<index], as: UTF8.self)
        index += 1
        guard let value else {
          throw error(at: start, expected: "a string in UTF-8", found: "other bytes in it")
        }
        return value
      case UInt8(ascii: "\\"):
        decoded += bytes[from..<index]
        try escape(into: &decoded)
        from = index
      case 0..<0x20: throw unexpected("an escaped control character")
      default: index += 1
      }
    }
  }

  private mutating func escape(into decoded: inout [UInt8]) throws(JSONError) {
    index += 1
    let byte = next
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(byte ?? 0)
    case UInt8(ascii: "b"): decoded.append(0x08)
    case UInt8(ascii: "f"): decoded.append(0x0C)
    case UInt8(ascii: "n"): decoded.append(0x0A)
    case UInt8(ascii: "r"): decoded.append(0x0D)
    case UInt8(ascii: "t"): decoded.append(0x09)
    case UInt8(ascii: "u"):
      let start = index
      var code = try codeUnit()
      if 0xD800..<0xDC00 ~= code, bytes[index...].starts(with: [0x5C, UInt8(ascii: "u")]) {
        let end = index
        index += 2
        let low = try codeUnit()
        if 0xDC00..<0xE000 ~= low {
          code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        } else {
          // It may begin a pair itself.
          index = end
        }
      }
      let scalar = Unicode.Scalar(code)
      guard scalar != nil || isPython else {
        throw error(at: start - 2, expected: "a pair of surrogates", found: "a lone surrogate")
      }
      if scalar == nil { replacedSurrogates += 1 }
      decoded += scalar.flatMap(UTF8.encode) ?? UTF8.encodedReplacementCharacter
    default:
      index -= 1
      throw unexpected("an escape: one of \" \\ / b f n r t u")
    }
  }

  /// The four hexadecimal digits of a `\u`.
  private mutating func codeUnit() throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw unexpected("a hexadecimal digit")
      }
      code = code << 4 | UInt32(digit)
      index += 1
    }
    return code
  }

  /// The error that something else belongs at the current byte.
  private func unexpected(_ expected: String) -> JSONError {
    let found =
      switch next {
      case nil: "the end"
      case .some(let byte) where 0x20..<0x7F ~= byte: "'\(Character(Unicode.Scalar(byte)))'"
      case .some(let byte): "byte 0x\(String(byte, radix: 16))"
      }
    return error(expected: expected, found: found)
  }

  private func error(at offset: Int? = nil, expected: String, found: String) -> JSONError {
    let offset = min(offset ?? index, bytes.count)
    let line = 1 + bytes[..<offset].count { $0 == 0x0A }
    return JSONError(name: name, offset: offset, line: line, expected: expected, found: found)
  }
}
