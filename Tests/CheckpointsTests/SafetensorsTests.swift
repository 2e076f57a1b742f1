import Files
import TemporaryDirectories
import Testing

@testable import Checkpoints

/// What is read of a file that the Rust crate wrote, and that what is written reads back.
@Suite struct SafetensorsTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// The path of a file in Fixtures.
  static func fixture(_ name: String) -> String {
    "\(parentDirectory(of: #filePath))/Fixtures/\(name)"
  }

  @Test func readsEveryTypeOfTheReferenceWriter() throws {
    let file = try SafetensorsFile(path: Self.fixture("dtypes.safetensors"))
    #expect(file.metadata == [JSONMember("format", "pt"), JSONMember("é", "ü")])
    #expect(file.entries.count == 7)
    let values: [Float] = [0, -0.0, 1, -1.5, 0.333251953125, 65504, 0x1p-14, 0x1p-24]
    let truncated: [Float] = [0, -0.0, 1, -1.5, 0.33203125, 65280, 0x1p-14, 0x1p-24]
    for (name, type, shape, expected) in [
      ("f32", ElementType.f32, [2, 4], values), ("f16", .f16, [8], values),
      ("bf16", .bf16, [4, 2, 1], truncated), ("scalar", .f32, [], [7.25]),
      ("empty", .f16, [0, 3], []),
    ] {
      let entry = try #require(file[name])
      #expect(entry.type == type && entry.shape == shape && entry.count == expected.count)
      #expect(try file.floats(entry).map(\.bitPattern) == expected.map(\.bitPattern))
    }
    #expect(file["none"] == nil)
  }

  @Test func partsOfATensor() throws {
    let file = try SafetensorsFile(path: Self.fixture("dtypes.safetensors"))
    for name in ["f32", "f16", "bf16"] {
      let entry = try #require(file[name])
      let whole = try file.floats(entry)
      for start in 0...8 {
        for end in start...8 {
          let part = UnsafeMutableBufferPointer<Float>.allocate(capacity: end - start)
          defer { part.deallocate() }
          try file.read(entry, elements: start..<end, into: part)
          #expect(part.map(\.bitPattern) == whole[start..<end].map(\.bitPattern))
        }
      }
    }
  }

  /// Doubles are rounded to the nearest float; one beyond a float's range is named.
  @Test func doublesAreRounded() throws {
    let values: [Double] = [0.1, -1e-60, 1 + 0x1p-24, 1 + 0x1p-24 + 0x1p-50, 3.5]
    func file(_ values: [Double]) throws -> SafetensorsFile {
      let header: JSON = [
        "d": [
          "dtype": "F64", "shape": [.integer(values.count)],
          "data_offsets": [0, .integer(8 * values.count)],
        ]
      ]
      let text = header.serialized()
      let bytes =
        withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
        + values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
        }
      try LocalFileSystem().writeAtomically(bytes, to: directory("d.safetensors"))
      return try SafetensorsFile(path: directory("d.safetensors"))
    }
    let stored = try file(values)
    let entry = try #require(stored["d"])
    let expected: [Float] = [0.1, -0.0, 1, 1 + 0x1p-23, 3.5]
    #expect(try stored.floats(entry).map(\.bitPattern) == expected.map(\.bitPattern))
    var part: [Float] = [0, 0]
    try part.withUnsafeMutableBufferPointer { try stored.read(entry, elements: 3..<5, into: $0) }
    #expect(part == [1 + 0x1p-23, 3.5])
    let large = try file([1, 1e300])
    let error = try #require(throws: CheckpointError.self) {
      try large.floats(try #require(large["d"]))
    }
    #expect(error.description.contains("tensor d: element 1 is inf, expected a finite number"))
  }

  @Test func integersAreNotFloats() throws {
    let file = try SafetensorsFile(path: Self.fixture("dtypes.safetensors"))
    let entry = try #require(file["i64"])
    let error = try #require(throws: CheckpointError.self) { try file.floats(entry) }
    #expect(
      error.description
        == "\(file.path): tensor i64: expected F32, F64, F16 or BF16, found I64")
    let bytes: [UInt8] = Array(repeating: 255, count: 8) + [0, 0, 0, 0, 0, 1, 0, 0]
    #expect(try file.bytes(entry) == bytes)
  }

  @Test func nonFiniteValuesAreNamed() throws {
    let file = try SafetensorsFile(path: Self.fixture("dtypes.safetensors"))
    let entry = try #require(file["half nan"])
    let error = try #require(throws: CheckpointError.self) { try file.floats(entry) }
    #expect(
      error.description
        == "\(file.path): tensor half nan: element 1 is nan, expected a finite number")
    let values = try file.floats(entry, allowingNonFinite: true)
    #expect(values[0] == 1 && values[1].isNaN && values[2] == .infinity)
    for bad in [Float.nan, .infinity, -.infinity, .signalingNaN, -.nan] {
      let place = 999
      var many = [Float](repeating: -.greatestFiniteMagnitude, count: 1000)
      #expect(many.withUnsafeBufferPointer(firstNonFinite) == nil)
      many[place] = bad
      #expect(many.withUnsafeBufferPointer(firstNonFinite) == place)
      #expect(throws: CheckpointError.self) { try write([("w", [1000], many)], to: "bad \(bad)") }
    }
  }

  /// Larger than a chunk of reading (2^18 elements) and of writing (2^18 floats), and odd.
  @Test func writtenTensorsReadBack() throws {
    let large = (0..<(1 << 18) * 2 + 3).map { Float($0) * 0.5 - 7 }
    let tensors: [(String, [Int], [Float])] = [
      ("wte.weight", [large.count], large), ("é\n\"quoted\"", [2, 1, 3], [1, 2, 3, 4, 5, -0.0]),
      ("scalar", [], [3]), ("empty", [4, 0], []),
    ]
    let written = try write(tensors, to: "a")
    let file = try SafetensorsFile(path: directory("a"))
    #expect(file.metadata == [JSONMember("format", "pt")])
    for (name, shape, values) in tensors {
      let entry = try #require(file[name])
      #expect(entry.shape == shape && entry.type == .f32)
      #expect(try file.floats(entry).map(\.bitPattern) == values.map(\.bitPattern))
    }
    #expect(file.entries[0].range.lowerBound % 64 == 0)
    let bytes = try LocalFileSystem().readBytes(directory("a"), limit: 1 << 24)
    #expect(written.length == bytes.count)
    #expect(written.crc32c == CRC32C.checksum(bytes))
    #expect(try write(tensors, to: "b") == written)
    #expect(throws: CheckpointError.self) { try write(tensors, to: "a") }
  }

  @Test func noTensorsAtAll() throws {
    try write([], to: "none")
    #expect(try SafetensorsFile(path: directory("none")).entries.isEmpty)
  }

  @discardableResult
  private func write(
    _ tensors: [(String, [Int], [Float])], to name: String
  ) throws -> (length: Int, crc32c: UInt32) {
    try withTensors(tensors) { tensors throws in
      let written = try SafetensorsWriter.write(tensors, to: directory(name))
      #expect(SafetensorsWriter.length(of: tensors) == written.length)
      return written
    }
  }
}

/// Tensors of arrays, which stay where they are while `body` runs.
func withTensors<Result>(
  _ arrays: [(name: String, shape: [Int], values: [Float])],
  _ body: ([NamedTensor]) throws -> Result
) rethrows -> Result {
  let copies = arrays.map { array in
    let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: array.values.count)
    _ = copy.initialize(from: array.values)
    return copy
  }
  defer { copies.forEach { $0.deallocate() } }
  return try body(
    zip(arrays, copies).map {
      NamedTensor(name: $0.name, shape: $0.shape, values: UnsafeBufferPointer($1))
    })
}
