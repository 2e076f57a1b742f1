/// A GGUF file, read by the description in ggml's gguf.h and nothing of what wrote it: every number
/// becomes a Double by arithmetic on its bits.
public struct GGUFReader {
  /// A value of the metadata.
  public enum Value: Equatable {
    /// `uint32`.
    case integer(Int)
    /// `float32`.
    case number(Double)
    /// `bool`.
    case flag(Bool)
    /// `string`.
    case text([UInt8])
    /// An array of `int32`.
    case integers([Int])
    /// An array of `string`.
    case texts([[UInt8]])
  }

  /// A tensor.
  public struct Tensor {
    /// Its dimensions, innermost first, as they stand in the file.
    public let dimensions: [Int]
    /// ggml's number of its type.
    public let type: Int
    /// Where its data begin in the file.
    public let offset: Int
    /// Its data as they stand in the file.
    public let stored: [UInt8]
    /// Its numbers.
    public let values: [Double]
  }

  /// What is wrong with a file.
  public struct Malformed: Error {
    /// In words.
    public let reason: String
  }

  /// The metadata in their order.
  public private(set) var metadata: [(key: String, value: Value)] = []
  /// The tensors in their order.
  public private(set) var tensors: [(name: String, tensor: Tensor)] = []

  private let bytes: [UInt8]
  private var place = 0

  /// Reads a file, which has to be of version 3, its data aligned to 32 bytes, without holes.
  public init(_ bytes: [UInt8]) throws {
    self.bytes = bytes
    guard try take(4) == Array("GGUF".utf8), try unsigned(4) == 3 else { throw bad("no GGUF 3") }
    let (tensorCount, memberCount) = (try unsigned(8), try unsigned(8))
    for _ in 0..<memberCount { metadata.append((try name(), try value(unsigned(4)))) }
    var described: [(name: String, dimensions: [Int], type: Int, offset: Int)] = []
    for _ in 0..<tensorCount {
      let name = try name()
      let count = try unsigned(4)
      let dimensions = try (0..<count).map { _ in try unsigned(8) }
      described.append((name, dimensions, try unsigned(4), try unsigned(8)))
    }
    let start = try pad()
    for (name, dimensions, type, offset) in described {
      guard place == start + offset, place % 32 == 0 else { throw bad("\(name) is at \(offset)") }
      let count = dimensions.reduce(1, *)
      if type == 8, dimensions[0] % 32 != 0 { throw bad("\(name): rows of \(dimensions[0])") }
      let stored = try take([0: 4 * count, 1: 2 * count, 8: count / 32 * 34][type] ?? .max)
      tensors.append(
        (
          name,
          Tensor(
            dimensions: dimensions, type: type, offset: place - stored.count, stored: stored,
            values: Self.values(stored, type))
        ))
      _ = try pad()
    }
    if place != bytes.count { throw bad("\(bytes.count - place) bytes too many") }
  }

  /// The value of a key, if it is there.
  public subscript(key: String) -> Value? { metadata.first { $0.key == key }?.value }

  /// The tensor of that name, if it is there.
  public func tensor(_ name: String) -> Tensor? { tensors.first { $0.name == name }?.tensor }

  /// A number of 16 bits: a sign, 5 bits of exponent, 10 of fraction.
  public static func half(_ low: UInt8, _ high: UInt8) -> Double {
    let bits = Int(high) << 8 | Int(low)
    let (exponent, fraction) = (bits >> 10 & 31, Double(bits & 1023))
    let size =
      switch exponent {
      case 0: fraction * 0x1p-24
      case 31: fraction == 0 ? Double.infinity : .nan
      default: Double(sign: .plus, exponent: exponent - 25, significand: 1024 + fraction)
      }
    return bits >> 15 == 0 ? size : -size
  }

  private static func values(_ stored: [UInt8], _ type: Int) -> [Double] {
    switch type {
    case 0:
      stride(from: 0, to: stored.count, by: 4).map { at in
        Double(
          Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(stored[at + $1]) << (8 * $1) }))
      }
    case 1: stride(from: 0, to: stored.count, by: 2).map { half(stored[$0], stored[$0 + 1]) }
    default:
      stride(from: 0, to: stored.count, by: 34).flatMap { at in
        let scale = half(stored[at], stored[at + 1])
        return stored[(at + 2)..<(at + 34)].map { scale * Double(Int8(bitPattern: $0)) }
      }
    }
  }

  private mutating func value(_ type: Int) throws -> Value {
    switch type {
    case 4: return .integer(try unsigned(4))
    case 6: return .number(Self.values(try take(4), 0)[0])
    case 7: return .flag(try unsigned(1) == 1)
    case 8: return .text(try text())
    case 9:
      let (element, count) = (try unsigned(4), try unsigned(8))
      if element == 8 { return .texts(try (0..<count).map { _ in try text() }) }
      guard element == 5 else { throw bad("an array of \(element)") }
      return .integers(
        try (0..<count).map { _ in Int(Int32(truncatingIfNeeded: try unsigned(4))) })
    default: throw bad("a value of type \(type)")
    }
  }

  /// Zeros up to the next multiple of 32; returns the place behind them.
  private mutating func pad() throws -> Int {
    let padding = try take((32 - place % 32) % 32)
    if padding.contains(where: { $0 != 0 }) { throw bad("padding that is not 0") }
    return place
  }

  private mutating func name() throws -> String { String(decoding: try text(), as: UTF8.self) }

  private mutating func text() throws -> [UInt8] { try take(unsigned(8)) }

  private mutating func unsigned(_ count: Int) throws -> Int {
    try take(count).reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  private mutating func take(_ count: Int) throws -> [UInt8] {
    guard count >= 0, count <= bytes.count - place else { throw bad("the end comes too soon") }
    place += count
    return Array(bytes[(place - count)..<place])
  }

  private func bad(_ reason: String) -> Malformed { Malformed(reason: "byte \(place): \(reason)") }
}
