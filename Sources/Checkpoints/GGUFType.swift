/// How the numbers of a tensor are stored in a GGUF file: those of ggml's types that are written
/// here. The raw value is ggml's number of the type (`ggml_type` in ggml.h).
public enum GGUFType: UInt32, Sendable, CaseIterable {
  /// IEEE single precision.
  case f32 = 0
  /// IEEE half precision.
  case f16 = 1
  /// Blocks of 32 numbers of a row: a scale in half precision, then 32 signed bytes.
  case q8_0 = 8

  /// Numbers that are stored together; a row has a multiple of them.
  public var blockSize: Int { self == .q8_0 ? 32 : 1 }

  /// Bytes of a block.
  var blockBytes: Int {
    switch self {
    case .f32: 4
    case .f16: 2
    case .q8_0: 34
    }
  }

  /// The largest number that can be stored.
  var largest: Float {
    switch self {
    case .f32: .greatestFiniteMagnitude
    case .f16: Float(Float16.greatestFiniteMagnitude)
    case .q8_0: 127 * Float(Float16.greatestFiniteMagnitude)
    }
  }

  /// Stores numbers, little-endian.
  /// - values: a multiple of the block, none NaN or above `largest`
  /// - bytes: the room they take
  func encode(_ values: UnsafeBufferPointer<Float>, into bytes: UnsafeMutableRawBufferPointer) {
    precondition(
      values.count % blockSize == 0 && bytes.count == values.count / blockSize * blockBytes,
      "\(self): \(values.count) numbers into \(bytes.count) bytes")
    switch self {
    case .f32: bytes.copyMemory(from: UnsafeRawBufferPointer(values))
    case .f16:
      for (index, value) in values.enumerated() {
        bytes.storeBytes(of: Float16(value).bitPattern, toByteOffset: 2 * index, as: UInt16.self)
      }
    case .q8_0:
      for block in 0..<(values.count / 32) {
        let part = UnsafeBufferPointer(rebasing: values[(32 * block)..<(32 * block + 32)])
        Self.quantize(part, into: bytes, at: 34 * block)
      }
    }
  }

  /// A block of q8_0: the largest number becomes ±127, the others the nearest multiples of the same
  /// scale, halves away from zero. The scale is rounded to half precision after it was divided by:
  /// so ggml does it, and the bytes are the same.
  private static func quantize(
    _ values: UnsafeBufferPointer<Float>, into bytes: UnsafeMutableRawBufferPointer, at offset: Int
  ) {
    let largest = values.reduce(0) { max($0, abs($1)) }
    let scale = largest / 127
    // Of a block of numbers below 1e-37 the inverse overflows; their scale is stored as 0 anyway.
    let inverse = 1 / scale
    let factor = inverse.isFinite ? inverse : 0
    bytes.storeBytes(of: Float16(scale).bitPattern, toByteOffset: offset, as: UInt16.self)
    for (index, value) in values.enumerated() {
      let quantum = Int8((value * factor).rounded(.toNearestOrAwayFromZero))
      bytes[offset + 2 + index] = UInt8(bitPattern: quantum)
    }
  }
}
