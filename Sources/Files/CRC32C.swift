#if arch(x86_64)
  import _Builtin_intrinsics.intel
#endif

/// CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected, as in iSCSI, RFC 3720 §12.1), by the
/// `crc32` instruction of x86, three streams at a time (Gopal et al. 2011, "Fast CRC Computation for
/// iSCSI Polynomial Using CRC32 Instruction"). It finds damage, not forgery.
public enum CRC32C {
  /// The checksum of `bytes`, or of what `continuing` is the checksum of followed by `bytes`.
  public static func checksum(_ bytes: UnsafeRawBufferPointer, continuing: UInt32 = 0) -> UInt32 {
    #if arch(x86_64)
      var crc = UInt64(~continuing)
      var at = 0
      // The instruction takes three cycles, and one more can begin in each: three thirds at a time.
      while at + 3 * third <= bytes.count {
        var (second, last) = (0 as UInt64, 0 as UInt64)
        for i in stride(from: at, to: at + third, by: 8) {
          func word(_ i: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: i, as: UInt64.self) }
          crc = _mm_crc32_u64(crc, word(i))
          second = _mm_crc32_u64(second, word(i + third))
          last = _mm_crc32_u64(last, word(i + 2 * third))
        }
        crc = UInt64(behindThird(behindThird(UInt32(crc)) ^ UInt32(second)) ^ UInt32(last))
        at += 3 * third
      }
      while at + 8 <= bytes.count {
        crc = _mm_crc32_u64(crc, bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        at += 8
      }
      var last = UInt32(truncatingIfNeeded: crc)
      for index in at..<bytes.count { last = _mm_crc32_u8(last, bytes[index]) }
      return ~last
    #else
      return byTable(bytes, continuing: continuing)
    #endif
  }

  #if arch(x86_64)
    /// Bytes of a third.
    private static let third = 4096

    /// What a remainder becomes behind ``third`` bytes of zeros: linear, so a sum over its bytes.
    private static func behindThird(_ crc: UInt32) -> UInt32 {
      thirds[Int(crc & 255)] ^ thirds[256 + Int(crc >> 8 & 255)]
        ^ thirds[512 + Int(crc >> 16 & 255)] ^ thirds[768 + Int(crc >> 24)]
    }

    private static let thirds: [UInt32] = {
      let bits = (0..<32).map { bit in
        (0..<third / 8).reduce(1 << UInt64(bit)) { crc, _ in _mm_crc32_u64(crc, 0) }
      }
      return (0..<1024).map { entry in
        (0..<8).reduce(0) { sum, bit in
          entry >> bit & 1 == 1 ? sum ^ UInt32(bits[entry / 256 * 8 + bit]) : sum
        }
      }
    }()
  #endif

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
