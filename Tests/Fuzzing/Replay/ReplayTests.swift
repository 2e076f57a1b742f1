import Files
import FuzzedParsers
import Testing

/// What the fuzzer begins with and what it found: `Crashers/PARSER-what`, each of which once trapped,
/// or brought about what ``FuzzedParser/read(_:)`` forbids.
@Suite struct ReplayTests {
  private static let folder = parentDirectory(of: parentDirectory(of: #filePath)) + "/Crashers"

  @Test(arguments: FuzzedParser.allCases)
  func seedsAreAccepted(_ parser: FuzzedParser) throws {
    #expect(!parser.seeds.isEmpty)
    for seed in parser.seeds {
      try parser.read(seed)
      #expect(seed.count <= parser.longest)
      #expect(parser.accepts(seed), "\(String(decoding: seed.prefix(200), as: UTF8.self))")
    }
  }

  @Test func crashersAreReadOrRefused() throws {
    let names = try LocalFileSystem().list(Self.folder)
    #expect(!names.isEmpty)
    for name in names {
      let word = name.prefix { $0 != "-" }
      let parser = try #require(FuzzedParser(rawValue: String(word)), "\(name)")
      let bytes = try LocalFileSystem().readBytes("\(Self.folder)/\(name)", limit: 1 << 20)
      #expect(throws: Never.self, "\(name)") { try parser.read(bytes) }
    }
  }

  /// Every byte of every seed replaced and every end cut off: what a fuzzer tries first.
  @Test(arguments: FuzzedParser.allCases)
  func damagedSeedsAreReadOrRefused(_ parser: FuzzedParser) throws {
    for seed in parser.seeds {
      // At most some 300 places of long ones.
      for place in stride(from: 0, to: seed.count, by: max(1, seed.count / 300)) {
        var damaged = seed
        for byte in [0, 0x22, 0x30, 0x7B, 0xFF, seed[place] ^ 1, seed[place] ^ 0x80] as [UInt8] {
          damaged[place] = byte
          try parser.read(damaged)
        }
        try parser.read(Array(seed[..<place]))
      }
    }
  }
}
