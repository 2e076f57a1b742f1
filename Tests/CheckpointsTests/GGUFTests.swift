import FileFaults
import Files
import Glibc
import ReferenceKernels
import TemporaryDirectories
import Testing

@testable import Checkpoints

/// GGUF files: each byte of a small one, what an independent reader makes of larger ones, the
/// rounding of the types, and what is left when a call fails.
@Suite struct GGUFTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// gguf.h, spelled out.
  @Test func everyByteOfASmallFile() throws {
    let size = try write(
      [("t", [2, 3], .f32, [1, -2, 0.5, 0, 4, -0.0])],
      metadata: [GGUFMember("k", .uint32(258)), GGUFMember("s", .strings(["é", ""]))])
    var expected: [UInt8] = Array("GGUF".utf8) + [3, 0, 0, 0] + long(1) + long(2)
    expected += long(1) + Array("k".utf8) + [4, 0, 0, 0, 2, 1, 0, 0]
    expected += long(1) + Array("s".utf8) + [9, 0, 0, 0, 8, 0, 0, 0] + long(2)
    expected += long(2) + [0xC3, 0xA9] + long(0)
    expected +=
      long(1) + Array("t".utf8) + [2, 0, 0, 0] + long(3) + long(2) + [0, 0, 0, 0] + long(0)
    expected += [UInt8](repeating: 0, count: (32 - expected.count % 32) % 32)
    expected += [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0, 0, 0, 0x3F, 0, 0, 0, 0]
    expected += [0, 0, 0x80, 0x40, 0, 0, 0, 0x80] + [UInt8](repeating: 0, count: 8)
    #expect(try bytes() == expected)
    #expect(size == expected.count)
  }

  @Test func anIndependentReaderFindsEverything() throws {
    // More than a chunk of 2^18 numbers, and sizes that leave padding behind.
    let long = (0..<(1 << 18) + 37).map { Float($0) * 0.25 - 9 }
    let metadata: [(GGUFMember, GGUFReader.Value)] = [
      (GGUFMember("a", .string("é\0x")), .text(Array("é\0x".utf8))),
      (GGUFMember("b", .float32(1e-5)), .number(Double(Float(1e-5)))),
      (GGUFMember("c", .bool(true)), .flag(true)), (GGUFMember("d", .bool(false)), .flag(false)),
      (GGUFMember("e", .int32s([-1, 7, .min])), .integers([-1, 7, Int(Int32.min)])),
      (GGUFMember("f", .uint32(.max)), .integer(Int(UInt32.max))),
      (
        GGUFMember("g", .strings(["", "a", "\u{10FFFF}"])),
        .texts(["", "a", "\u{10FFFF}"].map { Array($0.utf8) })
      ),
    ]
    let tensors: [Numbers] = [
      ("long", [long.count], .f32, long), ("half", [3, 5], .f16, Array(long[..<15])),
      ("one", [1], .f32, [7]), ("blocks", [2, 64], .q8_0, Array(long[..<128])),
      ("many", [1 << 14, 32], .q8_0, Array(repeating: 2, count: 1 << 19)),
    ]
    let size = try write(tensors, metadata: metadata.map(\.0))
    let file = try GGUFReader(bytes())
    #expect(try bytes().count == size)
    #expect(file.metadata.map(\.key) == metadata.map(\.0.key))
    for (member, value) in metadata { #expect(file[member.key] == value) }
    #expect(file.tensors.map(\.name) == tensors.map(\.0))
    for (name, shape, type, values) in tensors {
      let tensor = try #require(file.tensor(name))
      #expect(tensor.dimensions == shape.reversed() && tensor.type == Int(type.rawValue))
      #expect(tensor.values.count == values.count && tensor.offset % 32 == 0)
      if type == .f32 { #expect(tensor.values == values.map(Double.init)) }
      let worst = zip(tensor.values, values).map { abs($0 - Double($1)) }.max() ?? 1
      #expect(worst <= (type == .q8_0 ? 0.101 : 0.004), "\(name): \(worst)")
    }
  }

  /// The nearest number of half precision, of two equally near the one with the even fraction.
  @Test func halvesAreTheNearest() throws {
    let all = (0..<UInt16(0x7C00)).map { GGUFReader.half(UInt8($0 & 255), UInt8($0 >> 8)) }
    var values: [Float] = []
    for (a, b) in zip(all, all.dropFirst()) {
      values += [
        Float(a), Float((a + b) / 2), Float(a + (b - a) * 0.4999), -Float(a + (b - a) * 0.5001),
      ]
    }
    try write([("h", [values.count], .f16, values)])
    let halves = try #require(try GGUFReader(bytes()).tensor("h")).values
    for at in 0..<(all.count - 1) {
      let even = at % 2 == 0 ? all[at] : all[at + 1]
      #expect(Array(halves[(4 * at)..<(4 * at + 4)]) == [all[at], even, all[at], -all[at + 1]])
    }
  }

  /// Against the definition in Double: the scale is the largest number over 127, in half precision;
  /// a quantum is the nearest multiple of the unrounded scale.
  @Test func q8_0IsTheNearestMultipleOfAScale() throws {
    var state: UInt32 = 1
    func random() -> Double {
      state = state &* 1_664_525 &+ 1_013_904_223
      return Double(state >> 8) / 0x1p23 - 1
    }
    for magnitude in [1e-30, 1e-6, 0.02, 1, 3e4, 8e6] {
      let values = (0..<320).map { _ in Float(random() * magnitude) }
      try write([("w", [10, 32], .q8_0, values)])
      let tensor = try #require(try GGUFReader(bytes()).tensor("w"))
      for block in 0..<10 {
        let part = values[(32 * block)..<(32 * block + 32)].map(Double.init)
        let scale = (part.map(abs).max() ?? 0) / 127
        let stored = tensor.stored[(34 * block)..<(34 * block + 34)]
        let half = GGUFReader.half(stored[34 * block], stored[34 * block + 1])
        #expect(abs(half - scale) <= max(scale * 0x1p-11 * 1.0001, 0x1p-25))
        for (value, quantum) in zip(part, stored.dropFirst(2)) {
          let multiple = Double(Int8(bitPattern: quantum))
          #expect(abs(multiple - value / scale) <= 0.5 + 1e-4, "\(value) / \(scale): \(multiple)")
        }
        #expect(stored.dropFirst(2).contains { abs(Int(Int8(bitPattern: $0))) == 127 })
      }
    }
  }

  @Test func q8_0AtItsEdges() throws {
    // Halves go away from zero; nothing but zeros; numbers whose scale vanishes; the largest.
    let halves = [127, 0.5, -0.5, 1.5, -1.5, 2.5, -126.5, -127] + [Float](repeating: 0, count: 24)
    let tiny = [Float](repeating: -0x1p-133, count: 32), zeros = [Float](repeating: 0, count: 32)
    let largest = [Float](repeating: 0, count: 31) + [-127 * 65504]
    try write([("w", [4, 32], .q8_0, halves + zeros + tiny + largest)])
    let values = try #require(try GGUFReader(bytes()).tensor("w")).values
    #expect(Array(values[..<8]) == [127, 1, -1, 2, -2, 3, -127, -127])
    #expect(values[32..<96].allSatisfy { $0 == 0 })
    #expect(values[127] == -127 * 65504)
  }

  @Test func numbersThatATypeHasNotAreNamed() throws {
    for (type, bad, expected) in [
      (
        GGUFType.f16, 65520,
        "tensor w: expected numbers up to 65504.0 for f16, found 65520.0 at element 40"
      ),
      (
        .q8_0, -9e6,
        "tensor w: expected numbers up to 8319008.0 for q8_0, found -9000000.0 at element 40"
      ),
      (.f32, .infinity, "tensor w: element 40 is inf, expected a finite number"),
      (.f16, .nan, "tensor w: element 40 is nan, expected a finite number"),
    ] as [(GGUFType, Float, String)] {
      var values = [Float](repeating: 1, count: 64)
      values[40] = bad
      let error = try #require(throws: CheckpointError.self) {
        try write([("w", [2, 32], type, values)])
      }
      #expect(error.description == "\(directory("a.gguf")): \(expected)")
      #expect(try LocalFileSystem().list(directory.path) == [])
    }
  }

  /// Each call fails, or is the last: the old file or the new one, and after an error nothing else.
  @Test(arguments: [FaultyFileSystem.Fault.fail(ENOSPC), .fail(EIO), .shortWrite, .die])
  func whateverFailsNothingHalfWrittenHasTheName(_ fault: FaultyFileSystem.Fault) throws {
    let tensors: [Numbers] = [
      ("a", [40], .f32, Array(repeating: 1, count: 40)), ("b", [1], .f16, [2]),
    ]
    try write(tensors)
    let (old, new) = (Array("old".utf8), try bytes())
    for number in 1... {
      try LocalFileSystem().writeAtomically(old, to: directory("a.gguf"))
      let faulty = FaultyFileSystem(fault: fault, at: number)
      let succeeded = (try? write(tensors, files: faulty)) != nil
      if faulty.isArmed {
        #expect(number > 8)
        break
      }
      // What is closed is on disk by then.
      let isOver = fault != .shortWrite && faulty.calls.last?.operation == "close"
      let isSynced = faulty.calls.contains { $0.operation == "synchronizeDirectory" }
      #expect(faulty.openCount == 0 && (succeeded == (fault == .shortWrite) || isOver))
      if fault == .die {
        #expect([old, new].contains(try bytes()))
      } else {
        #expect(try bytes() == (succeeded || isSynced ? new : old))
        #expect(try LocalFileSystem().list(directory.path) == ["a.gguf"])
      }
      // What a killed process of this number left is no obstacle.
      try write(tensors)
      #expect(try LocalFileSystem().list(directory.path) == ["a.gguf"])
    }
  }

  @Test func stoppingLeavesNothing() throws {
    let tensors: [Numbers] = [("a", [1], .f32, [1]), ("b", [1], .f32, [2])]
    var seen: [Int] = []
    let error = try #require(throws: CheckpointError.self) {
      try write(tensors) { written, size in
        seen.append(written)
        #expect(size == 160)
        return seen.count < 2
      }
    }
    #expect(error == .stopped(path: directory("a.gguf")) && seen == [96, 128])
    #expect(try LocalFileSystem().list(directory.path) == [])
  }

  private typealias Numbers = (String, [Int], GGUFType, [Float])

  private func bytes() throws -> [UInt8] {
    try LocalFileSystem().readBytes(directory("a.gguf"), limit: 1 << 26)
  }

  private func long(_ value: UInt8) -> [UInt8] { [value] + [UInt8](repeating: 0, count: 7) }

  @discardableResult
  private func write(
    _ tensors: [Numbers], metadata: [GGUFMember] = [],
    files: any FileSystem = LocalFileSystem(), progress: (Int, Int) -> Bool = { _, _ in true }
  ) throws(CheckpointError) -> Int {
    let described = tensors.map { name, shape, type, values in
      GGUFTensor(name: name, shape: shape, type: type) { _ = $0.update(from: values) }
    }
    return try GGUFWriter.write(
      described, metadata: metadata, to: directory("a.gguf"), files: files, progress: progress)
  }
}
