import Files

/// A tensor of a safetensors file.
public struct SafetensorsEntry: Sendable, Equatable {
  /// Its name.
  public let name: String
  /// The type of its elements.
  public let type: ElementType
  /// Its dimensions; none for a scalar.
  public let shape: [Int]
  /// How many elements: the product of the dimensions.
  public let count: Int
  /// Where its bytes are in the file.
  public let range: Range<Int>
}

/// The header of a safetensors file: N as 8 bytes, little-endian; N bytes of JSON, padded by
/// spaces; the tensors' bytes. Accepted only if each byte of the file belongs to exactly one of
/// these: no holes, no overlap, nothing after the last tensor. Stricter than the Rust crate in
/// two points, and in 5,000 damaged files (crate 0.7.0) in no other: padding is spaces only, not
/// other white space; an entry has no members but its three.
struct SafetensorsHeader: Equatable {
  /// The largest header that is read, as in the Rust crate.
  static let maxLength = 100_000_000

  /// The strings of `__metadata__`.
  var metadata: [JSONMember] = []
  /// The tensors in the order of their bytes.
  var entries: [SafetensorsEntry] = []

  /// Checks the first 8 bytes of a file and gives the length of the JSON text behind them.
  static func length(prefix: [UInt8], fileLength: Int, file: String) throws(CheckpointError) -> Int
  {
    guard prefix.count == 8, fileLength >= 8 else {
      throw .invalid(
        file: file, place: "start", expected: "8 bytes of header length",
        found: "the end after \(min(prefix.count, fileLength)) bytes")
    }
    let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let most = min(maxLength, fileLength - 8)
    guard let length = Int(exactly: length), length <= most else {
      throw .invalid(
        file: file, place: "header length",
        expected: "at most \(most) bytes (the file has \(fileLength))", found: "\(length)")
    }
    return length
  }

  /// Checks the JSON text of a header against the length of the file.
  init(parsing text: [UInt8], fileLength: Int, file: String) throws(CheckpointError) {
    let end = text.lastIndex { $0 != 0x20 } ?? -1
    guard text.first == UInt8(ascii: "{"), text[end] == UInt8(ascii: "}") else {
      throw .invalid(
        file: file, place: "header", expected: "a JSON object, padded by spaces",
        found: "other bytes")
    }
    let json: JSON
    do throws(JSONError) {
      json = try JSON(parsing: Array(text[...end]), name: file, maxDepth: 8)
    } catch {
      throw .json(error)
    }
    let dataStart = 8 + text.count
    for member in json.objectValue ?? [] {
      if member.key.utf8.elementsEqual("__metadata__".utf8) {
        metadata = try Self.metadata(member.value, file: file)
      } else {
        let reader = EntryReader(file: file, name: member.key, dataStart: dataStart)
        entries.append(try reader.entry(member.value))
      }
    }
    entries.sort {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    try checkLayout(from: dataStart, to: fileLength, file: file)
  }

  /// Each tensor begins where the one before ends, the first at the start and the last ends with
  /// the file.
  private func checkLayout(from start: Int, to end: Int, file: String) throws(CheckpointError) {
    var place = start
    for entry in entries {
      guard entry.range.lowerBound == place else {
        throw .invalid(
          file: file, place: "tensor \(entry.name)",
          expected: "its data at offset \(place - start), where the tensor before ends",
          found: "offset \(entry.range.lowerBound - start)")
      }
      place = entry.range.upperBound
    }
    guard place == end else {
      throw .invalid(
        file: file, place: "end", expected: "\(place) bytes, as the header says", found: "\(end)")
    }
  }

  private static func metadata(_ value: JSON, file: String) throws(CheckpointError) -> [JSONMember]
  {
    if value == .null { return [] }
    guard let members = value.objectValue, members.allSatisfy({ $0.value.stringValue != nil })
    else {
      throw .invalid(
        file: file, place: "__metadata__", expected: "an object of strings or null",
        found: "something else"
      )
    }
    return members
  }
}

/// Reads what a header says of one tensor.
private struct EntryReader {
  let file: String
  let name: String
  let dataStart: Int

  func entry(_ value: JSON) throws(CheckpointError) -> SafetensorsEntry {
    guard let members = value.objectValue, members.count == 3, let type = value["dtype"],
      let shape = value["shape"], let offsets = value["data_offsets"]
    else { throw wrong("an object of dtype, shape and data_offsets", "something else") }
    let element = try self.element(type)
    let dimensions = try integers(shape, "shape")
    let count = try product(dimensions)
    let (begin, end) = try range(offsets)
    let (bits, overflow) = count.multipliedReportingOverflow(by: element.bitCount)
    guard !overflow, bits % 8 == 0, end - begin == bits / 8 else {
      throw wrong(
        "\(overflow ? "fewer" : "\(bits / 8)") bytes for \(element.rawValue) \(dimensions)",
        "\(end - begin)")
    }
    return SafetensorsEntry(
      name: name, type: element, shape: dimensions, count: count,
      range: dataStart + begin..<dataStart + end)
  }

  private func element(_ value: JSON) throws(CheckpointError) -> ElementType {
    guard let name = value.stringValue, let type = ElementType(rawValue: name) else {
      throw wrong("a known dtype", value.stringValue ?? value.kind)
    }
    return type
  }

  private func integers(_ value: JSON, _ what: String) throws(CheckpointError) -> [Int] {
    guard let values = value.arrayValue else { throw wrong("an array as \(what)", value.kind) }
    var integers: [Int] = []
    for value in values {
      guard let integer = value.intValue, integer >= 0 else {
        throw wrong("non-negative integers in \(what)", value.kind)
      }
      integers.append(integer)
    }
    return integers
  }

  private func product(_ dimensions: [Int]) throws(CheckpointError) -> Int {
    var product = 1
    for dimension in dimensions {
      let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
      guard !overflow else { throw wrong("a shape of fewer than 2^63 elements", "\(dimensions)") }
      product = next
    }
    return product
  }

  /// Two offsets, in order and so small that adding the header's length cannot overflow.
  private func range(_ value: JSON) throws(CheckpointError) -> (begin: Int, end: Int) {
    let offsets = try integers(value, "data_offsets")
    guard offsets.count == 2, offsets[0] <= offsets[1], offsets[1] <= Int.max - dataStart else {
      throw wrong("data_offsets [begin, end] with begin ≤ end", "\(offsets)")
    }
    return (offsets[0], offsets[1])
  }

  private func wrong(_ expected: String, _ found: String) -> CheckpointError {
    .invalid(file: file, place: "tensor \(name)", expected: expected, found: found)
  }
}
