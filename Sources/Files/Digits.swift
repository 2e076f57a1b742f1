/// A number in hexadecimal, all its digits.
package func hexadecimal<Number: FixedWidthInteger & UnsignedInteger>(_ value: Number) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: Number.bitWidth / 4 - digits.count) + digits
}

/// FNV-1a of 64 bits (Fowler, Noll, Vo): tells texts apart that nobody makes to collide.
package struct FNV1a {
  /// The hash of what was added.
  package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  /// Of nothing.
  package init() {}

  /// Of these bytes.
  package init(_ bytes: [UInt8]) { for byte in bytes { add(byte) } }

  /// Adds a byte.
  package mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
}
