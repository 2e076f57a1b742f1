import Testing

@testable import Files

@Suite struct CRC32CTests {
  /// The examples of RFC 3720, appendix B.4.
  @Test func publishedValues() {
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum(Array(0..<32)) == 0x46DD_794E)
    #expect(CRC32C.checksum([]) == 0)
  }

  @Test func instructionEqualsTable() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* $0 &+ 7 &* $0) }
    bytes.withUnsafeBytes { bytes in
      for start in 0..<9 {
        for end in start..<bytes.count {
          let part = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
          #expect(CRC32C.checksum(part) == CRC32C.byTable(part))
        }
      }
    }
  }

  /// Around the lengths that go in three thirds at a time.
  @Test(arguments: [12_287, 12_288, 12_289, 12_300, 24_575, 24_576, 40_001])
  func longOnesEqualTheTable(count: Int) {
    let bytes = (0..<count + 3).map { UInt8(truncatingIfNeeded: $0 &* $0 / 7 &+ 31 &* $0) }
    bytes.withUnsafeBytes { bytes in
      for start in [0, 1, 3] {
        let part = UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
        #expect(CRC32C.checksum(part) == CRC32C.byTable(part))
        #expect(
          CRC32C.checksum(part, continuing: 0x1234_5678)
            == CRC32C.byTable(part, continuing: 0x1234_5678))
      }
    }
  }

  @Test func continuesAnywhere() {
    let bytes = (0..<100).map { UInt8($0) }
    let whole = CRC32C.checksum(bytes)
    for cut in 0...bytes.count {
      let first = CRC32C.checksum(Array(bytes[..<cut]))
      #expect(CRC32C.checksum(Array(bytes[cut...]), continuing: first) == whole)
    }
  }
}
