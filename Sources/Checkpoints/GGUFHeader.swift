/// A value of the metadata of a GGUF file.
public enum GGUFValue: Sendable, Equatable {
  /// An unsigned integer of 32 bits.
  case uint32(UInt32)
  /// A number in single precision.
  case float32(Float)
  /// A truth value.
  case bool(Bool)
  /// A text.
  case string(String)
  /// Signed integers of 32 bits.
  case int32s([Int32])
  /// Texts.
  case strings([String])
}

/// A named value of the metadata of a GGUF file.
public struct GGUFMember: Sendable, Equatable {
  /// Its name, such as `general.architecture`.
  public let key: String
  /// Its value.
  public let value: GGUFValue

  /// A member.
  public init(_ key: String, _ value: GGUFValue) { (self.key, self.value) = (key, value) }
}

/// What stands before the data of a GGUF file of version 3 (gguf.h of ggml, little-endian
/// throughout): the magic, the version, the numbers of tensors and members; the members; of each
/// tensor the name, the dimensions, innermost first, the type and where its data begin, counted from
/// the first of all data; zeros up to the alignment. A text is its length in bytes (64 bits) and its
/// bytes.
struct GGUFHeader {
  /// Data begin at a multiple of so many bytes, where no `general.alignment` says otherwise.
  static let alignment = 32

  /// The bytes of the header, a multiple of the alignment.
  private(set) var bytes: [UInt8] = []

  /// The header of a file. The names have to differ.
  init(_ tensors: [GGUFTensor], metadata: [GGUFMember]) {
    bytes += "GGUF".utf8
    append(UInt32(3))
    append(UInt64(tensors.count))
    append(UInt64(metadata.count))
    checkNames(metadata.map(\.key))
    for member in metadata {
      append(member.key)
      append(member.value)
    }
    checkNames(tensors.map(\.name))
    var offset = 0
    for tensor in tensors {
      append(tensor.name)
      append(UInt32(tensor.shape.count))
      for dimension in tensor.shape.reversed() { append(UInt64(dimension)) }
      append(tensor.type.rawValue)
      append(UInt64(offset))
      offset += Self.aligned(tensor.byteCount)
    }
    bytes += [UInt8](repeating: 0, count: Self.aligned(bytes.count) - bytes.count)
  }

  /// The least multiple of the alignment that is not below `count`.
  static func aligned(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

  private func checkNames(_ names: [String]) {
    precondition(
      Set(names.map { Array($0.utf8) }).count == names.count, "GGUF: a name used twice in \(names)")
  }

  private mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }

  private mutating func append(_ text: String) {
    append(UInt64(text.utf8.count))
    bytes += text.utf8
  }

  /// The number of the type (`gguf_type`), then the value; of an array also that of its elements, and
  /// how many there are.
  private mutating func append(_ value: GGUFValue) {
    switch value {
    case .uint32(let value):
      append(UInt32(4))
      append(value)
    case .float32(let value):
      append(UInt32(6))
      append(value.bitPattern)
    case .bool(let value):
      append(UInt32(7))
      bytes.append(value ? 1 : 0)
    case .string(let text):
      append(UInt32(8))
      append(text)
    case .int32s(let values):
      append(UInt32(9))
      append(UInt32(5))
      append(UInt64(values.count))
      for value in values { append(value) }
    case .strings(let texts):
      append(UInt32(9))
      append(UInt32(8))
      append(UInt64(texts.count))
      for text in texts { append(text) }
    }
  }
}
