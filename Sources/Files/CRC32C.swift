#if arch(x86_64)
  import _Builtin_intrinsics.intel
#endif

/// CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected, as in iSCSI, RFC 3720 §12.1), by the
/// `crc32` instruction of x86. It finds damage, not forgery.
public enum CRC32C {
  /// The checksum of `bytes`, or of what `continuing` is the checksum of followed by `bytes`.
  public static func checksum(_ bytes: UnsafeRawBufferPointer, continuing: UInt32 = 0) -> UInt32 {
    #if arch(x86_64)
      var crc = UInt64(~continuing)
      let words = bytes.count / 8
      for word in 0..<words {
        crc = _mm_crc32_u64(crc, bytes.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self))
      }
      var last = UInt32(truncatingIfNeeded: crc)
      for index in (words * 8)..<bytes.count { last = _mm_crc32_u8(last, bytes[index]) }
      return ~last
    #else
      return byTable(bytes, continuing: continuing)
    #endif
  }

  /// The checksum of an array.
  public static func checksum(_ bytes: [UInt8], continuing: UInt32 = 0) -> UInt32 {
    bytes.withUnsafeBytes { checksum($0, continuing: continuing) }
  }

  /// The same, a byte at a time: for other machines, and the reference of the tests.
  static func byTable(_ bytes: UnsafeRawBufferPointer, continuing: UInt32 = 0) -> UInt32 {
    var crc = ~continuing
    for byte in bytes { crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
    return ~crc
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
  }
}
