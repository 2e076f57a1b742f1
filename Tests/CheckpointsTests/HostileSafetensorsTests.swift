import FileFaults
import Files
import TemporaryDirectories
import Testing

@testable import Checkpoints

/// Headers that nobody should believe. Each gets an error of one line, and none a trap.
@Suite struct HostileSafetensorsTests {
  private static func file(_ header: String, data: Int, length: UInt64? = nil) -> [UInt8] {
    withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) { Array($0) }
      + Array(header.utf8) + [UInt8](repeating: 0, count: data)
  }

  private static func tensor(
    _ name: String = "w", dtype: String = "\"F32\"", shape: String = "[2]",
    offsets: String = "[0,8]"
  ) -> String {
    "\"\(name)\":{\"dtype\":\(dtype),\"shape\":\(shape),\"data_offsets\":\(offsets)}"
  }

  /// The attacks by name: the header's text, the bytes of data, and a part of the error.
  static let attacks: [(name: String, header: String, data: Int, error: String)] = [
    ("hole at the start", "{\(tensor(offsets: "[8,16]"))}", 16, "offset 0"),
    ("hole", "{\(tensor("a")),\(tensor("b", offsets: "[12,20]"))}", 20, "offset 8"),
    ("overlap", "{\(tensor("a")),\(tensor("b", offsets: "[4,12]"))}", 12, "offset 8"),
    ("shared bytes", "{\(tensor("a")),\(tensor("b"))}", 8, "offset 8"),
    ("trailing bytes", "{\(tensor())}", 9, "as the header says"),
    ("missing bytes", "{\(tensor())}", 7, "as the header says"),
    ("no tensors but data", "{}", 1, "as the header says"),
    ("name twice", "{\(tensor()),\(tensor(offsets: "[8,16]"))}", 16, "each member name once"),
    ("escaped name twice", "{\(tensor()),\(tensor("\\u0077", offsets: "[8,16]"))}", 16, "once"),
    ("unknown dtype", "{\(tensor(dtype: "\"F33\""))}", 8, "a known dtype, found F33"),
    ("dtype no string", "{\(tensor(dtype: "32"))}", 8, "a known dtype"),
    ("size too small", "{\(tensor(shape: "[3]"))}", 8, "12 bytes for F32 [3], found 8"),
    ("size too large", "{\(tensor(shape: "[1]"))}", 8, "4 bytes for F32 [1], found 8"),
    ("half a byte", "{\(tensor(dtype: "\"F4\"", shape: "[3]", offsets: "[0,1]"))}", 1, "bytes"),
    ("product overflows", "{\(tensor(shape: "[4398046511105,4398046511104]"))}", 8, "2^63"),
    (
      "product wraps to 0", "{\(tensor(shape: "[4294967296,4294967296]", offsets: "[0,0]"))}", 0,
      "2^63"
    ),
    ("bits overflow", "{\(tensor(shape: "[2305843009213693952]", offsets: "[0,0]"))}", 0, "fewer"),
    ("negative dimension", "{\(tensor(shape: "[-2]"))}", 8, "non-negative integers in shape"),
    ("two negative dimensions", "{\(tensor(shape: "[-2,-1]"))}", 8, "non-negative"),
    ("fraction in shape", "{\(tensor(shape: "[2.0]"))}", 8, "non-negative integers in shape"),
    ("huge dimension", "{\(tensor(shape: "[9223372036854775808]"))}", 8, "non-negative integers"),
    ("shape no array", "{\(tensor(shape: "2"))}", 8, "an array as shape"),
    ("offsets reversed", "{\(tensor(offsets: "[8,0]"))}", 8, "begin ≤ end"),
    (
      "offset huge", "{\(tensor(offsets: "[9223372036854775800,9223372036854775807]"))}", 8, "begin"
    ),
    ("offset beyond the end", "{\(tensor(offsets: "[8,16]"))}", 8, "offset 0"),
    ("one offset", "{\(tensor(offsets: "[0]"))}", 8, "begin ≤ end"),
    ("three offsets", "{\(tensor(offsets: "[0,8,8]"))}", 8, "begin ≤ end"),
    (
      "member missing", "{\"w\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8,
      "dtype, shape and data_offsets"
    ),
    (
      "member too many", "{\"w\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0],\"x\":1}}",
      0, "dtype"
    ),
    ("tensor no object", "{\"w\":1}", 0, "dtype, shape and data_offsets"),
    ("metadata no object", "{\"__metadata__\":[]}", 0, "an object of strings"),
    ("metadata no strings", "{\"__metadata__\":{\"a\":1}}", 0, "an object of strings"),
    ("array", "[]", 0, "a JSON object"),
    ("leading space", " {}", 0, "a JSON object"),
    ("line ends as padding", "{}\n", 0, "a JSON object"),
    ("text behind", "{} x", 0, "a JSON object"),
    ("object behind", "{}{}", 0, "nothing after the value"),
    ("empty", "", 0, "a JSON object"),
    ("only spaces", "    ", 0, "a JSON object"),
    ("brace", "{", 0, "a JSON object"),
    ("not closed", "{\"a\"  }", 0, "':'"),
    ("nested", "{\"w\":\(String(repeating: "[", count: 50_000))}", 0, "8 levels"),
    ("nested objects", String(repeating: "{\"w\":", count: 50_000) + "}", 0, "8 levels"),
  ]

  @Test(arguments: attacks.indices)
  func attack(_ index: Int) throws {
    let attack = Self.attacks[index]
    let directory = try TemporaryDirectory()
    try LocalFileSystem().writeAtomically(
      Self.file(attack.header, data: attack.data), to: directory("a"))
    let error = try #require(throws: CheckpointError.self, "\(attack.name)") {
      try SafetensorsFile(path: directory("a"))
    }
    #expect(error.description.contains(attack.error), "\(attack.name): \(error)")
    #expect(error.description.hasPrefix(directory("a")) && !error.description.contains("\n"))
  }

  @Test func headersThatAreLegal() throws {
    let directory = try TemporaryDirectory()
    let empty = Self.tensor("e", shape: "[0,9000000000]", offsets: "[8,8]")
    let behind = Self.tensor("b", shape: "[]", offsets: "[8,12]")
    for (header, data) in [
      ("{}", 0), ("{}      ", 0), ("{\(Self.tensor())}", 8),
      ("{\"__metadata__\":null,\(Self.tensor())}", 8),
      ("{\(behind),\(empty),\(Self.tensor())}", 12),
      ("{\(Self.tensor(dtype: "\"F4\"", shape: "[4]", offsets: "[0,2]"))}", 2),
    ] {
      try LocalFileSystem().writeAtomically(Self.file(header, data: data), to: directory("a"))
      _ = try SafetensorsFile(path: directory("a"))
    }
  }

  /// What else is found under a model's name is called what it is.
  @Test func otherKindsOfFiles() throws {
    let directory = try TemporaryDirectory()
    for (text, expected) in [
      (
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 548105171\n",
        "a Git LFS pointer instead of the file: fetch it, such as by git lfs pull"
      ),
      ("PK\u{3}\u{4}archive/data.pkl", "a zip archive, such as PyTorch's own"),
      ("<!DOCTYPE html>\n<html></html>", "a web page"), ("<html><head></head>", "a web page"),
    ] {
      try LocalFileSystem().writeAtomically(Array(text.utf8), to: directory("a"))
      let error = try #require(throws: CheckpointError.self) {
        try SafetensorsFile(path: directory("a"))
      }
      #expect(
        error.description.hasPrefix(
          "\(directory("a")): start: expected a safetensors file, found \(expected)"), "\(error)")
    }
  }

  @Test(arguments: [3, 9, 100_000_001, 1 << 40, 1 << 63, .max, .max - 7] as [UInt64])
  func lengthBeyondTheFile(_ length: UInt64) throws {
    let directory = try TemporaryDirectory()
    try LocalFileSystem().writeAtomically(
      Self.file("{}", data: 0, length: length), to: directory("a"))
    let error = try #require(throws: CheckpointError.self) {
      try SafetensorsFile(path: directory("a"))
    }
    #expect(
      error.description
        == "\(directory("a")): header length: expected at most 2 bytes (the file has 10), "
        + "found \(length)")
  }

  /// Each bit of the header flipped: refused, or a header that still covers each byte of the data
  /// once.
  @Test func flippedBits() throws {
    let bytes = try LocalFileSystem().readBytes(
      SafetensorsTests.fixture("dtypes.safetensors"), limit: 9999)
    let original = try parse(bytes)
    let start = try #require(original.entries.first).range.lowerBound
    var accepted = 0
    for bit in 0..<start * 8 {
      var changed = bytes
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      guard let header = try? parse(changed) else { continue }
      accepted += 1
      var place = start
      for entry in header.entries {
        #expect(entry.range.lowerBound == place)
        place = entry.range.upperBound
      }
      #expect(place == bytes.count && header != original)
    }
    // Letters of names, the order of dimensions and the like: only a checksum can tell.
    #expect(accepted < start * 8 / 4)
  }

  @Test func everyTruncation() throws {
    let bytes = try LocalFileSystem().readBytes(
      SafetensorsTests.fixture("dtypes.safetensors"), limit: 9999)
    let directory = try TemporaryDirectory()
    for length in 0..<bytes.count {
      try LocalFileSystem().withFile(directory("a"), .replace) { file throws(FileError) in
        try LocalFileSystem().writeAll(Array(bytes[..<length]), to: file)
      }
      let error = try #require(throws: CheckpointError.self) {
        try SafetensorsFile(path: directory("a"))
      }
      #expect(!error.description.contains("\n"))
    }
  }

  /// A file that loses its end after it was opened is an error, not a signal.
  @Test func truncatedWhileOpen() throws {
    let directory = try TemporaryDirectory()
    let bytes = Self.file("{\(Self.tensor())}", data: 8)
    try LocalFileSystem().writeAtomically(bytes, to: directory("a"))
    let file = try SafetensorsFile(path: directory("a"))
    try LocalFileSystem().withFile(directory("a"), .replace) { file throws(FileError) in
      try LocalFileSystem().writeAll(Array(bytes.dropLast()), to: file)
    }
    let error = try #require(throws: CheckpointError.self) { try file.floats(file.entries[0]) }
    #expect(error.description.contains("the file ends at byte \(bytes.count - 1); 1 more expected"))
  }

  @Test func descriptorsAreClosed() throws {
    let files = FaultyFileSystem()
    let directory = try TemporaryDirectory()
    try files.writeAtomically(Self.file("[]", data: 0), to: directory("a"))
    _ = try? SafetensorsFile(path: directory("a"), files: files)
    _ = try SafetensorsFile(path: SafetensorsTests.fixture("dtypes.safetensors"), files: files)
    #expect(files.openCount == 0)
  }

  private func parse(_ bytes: [UInt8]) throws -> SafetensorsHeader {
    let length = try SafetensorsHeader.length(
      prefix: Array(bytes[..<8]), fileLength: bytes.count, file: "a")
    return try SafetensorsHeader(
      parsing: Array(bytes[8..<8 + length]), fileLength: bytes.count, file: "a")
  }
}
