import Files
import TemporaryDirectories
import Testing

@testable import Dataset

@Suite struct TokenShardTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// llm.c's header.
  private func header(_ words: [Int32]) -> [UInt8] {
    (words + [Int32](repeating: 0, count: 256 - words.count)).flatMap { word in
      withUnsafeBytes(of: word.littleEndian) { Array($0) }
    }
  }

  private func body(_ tokens: [UInt16]) -> [UInt8] {
    tokens.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
  }

  /// The message for a shard of these bytes, without its directory.
  private func message(
    _ bytes: [UInt8], _ name: String = "s.bin", vocabularySize: Int? = 50257
  ) throws -> String {
    let path = try directory.write(bytes, to: name)
    do throws(DatasetError) {
      return "no error: \(try TokenShard(path: path, vocabularySize: vocabularySize).count)"
    } catch {
      return String("\(error)".dropFirst(directory.path.count + 1))
    }
  }

  @Test("Tokens come back from shards of any length", arguments: [1, 7, 10, 19, 20, 1000])
  func roundTrip(shardTokens: Int) throws {
    let tokens = (0..<20).map { UInt32($0 * 3449) }
    var writer = TokenShardWriter(
      directory: directory.path, name: "train", shardTokens: shardTokens)
    try writer.append(tokens[..<13])
    try writer.append(tokens[13...])
    let written = try writer.finish()
    #expect(written.map(\.tokens).reduce(0, +) == 20)
    #expect(written.dropLast().allSatisfy { $0.tokens == shardTokens })
    #expect(try directory.list() == written.map(\.name))
    #expect(written[0].name == "train_000000.bin")
    var read: [UInt32] = []
    for entry in written {
      let shard = try TokenShard(path: directory(entry.name), vocabularySize: 65536)
      #expect(shard.count == entry.tokens)
      #expect(CRC32C.checksum(try directory.read(entry.name)) == entry.crc32c)
      read += shard.withTokens { $0.map { UInt32($0) } }
    }
    #expect(read == tokens)
  }

  @Test("The bytes are llm.c's")
  func layout() throws {
    var writer = TokenShardWriter(directory: directory.path, name: "val")
    try writer.append([1, 515, 65535])
    _ = try writer.finish()
    let expected = header([20_240_520, 1, 3]) + [1, 0, 3, 2, 255, 255]
    #expect(try directory.read("val_000000.bin") == expected)
  }

  @Test("A million tokens, more than the writer's buffer")
  func large() throws {
    let tokens = (0..<1_200_000).map { UInt32($0 * 7919 % 50257) }
    var writer = TokenShardWriter(directory: directory.path, name: "t", shardTokens: 1_100_000)
    try writer.append(tokens)
    let written = try writer.finish()
    #expect(written.map(\.tokens) == [1_100_000, 100_000])
    let stream = TokenStream(
      try written.map { try TokenShard(path: directory($0.name), vocabularySize: 50257) })
    var read = [UInt32](repeating: 0, count: tokens.count)
    read.withUnsafeMutableBufferPointer { stream.copy(from: 0, into: $0) }
    #expect(read == tokens)
  }

  @Test func nothingWritten() throws {
    let writer = TokenShardWriter(directory: directory.path, name: "t")
    #expect(try writer.finish().isEmpty)
    #expect(try directory.list().isEmpty)
  }

  @Test func headerless() throws {
    let path = try directory.write(body([5, 50256, 0, 7]), to: "train.bin")
    let shard = try TokenShard(path: path, vocabularySize: 50257)
    #expect(shard.withTokens { Array($0) } == [5, 50256, 0, 7])
  }

  @Test("A shard of llm.c cut anywhere is an error, and so is one with bytes to spare")
  func truncated() throws {
    let whole = header([20_240_520, 1, 5]) + body([1, 2, 3, 4, 5])
    #expect(try message(whole) == "no error: 5")
    for length in 4..<whole.count {
      #expect(try !message(Array(whole[..<length])).hasPrefix("no error"), "\(length)")
    }
    #expect(
      try message(Array(whole.dropLast(3)))
        == "s.bin: the header says 5 tokens (10 bytes after it), found 7 bytes: write the shard again"
    )
    #expect(try message(whole + [0, 0]).hasPrefix("s.bin: the header says 5 tokens"))
    #expect(
      try message(Array(whole[..<1000])).contains("expected a header of 1024 bytes, found 1000"))
  }

  @Test func hostileHeaders() throws {
    #expect(try message(header([20_240_520, 2, 0])).contains("expected version 1"))
    for count in [-1, Int32.min, Int32.max] {
      #expect(try message(header([20_240_520, 1, count]) + body([1])).contains("the header says"))
    }
    #expect(try message(header([20_240_520, 1, 0])).contains("holds no tokens"))
    #expect(try message(header([20_240_801, 1, 1]) + [0, 0, 0, 0]).contains("of another kind"))
    #expect(try message([]) == "s.bin: is empty: expected uint16 tokens")
    #expect(try message([1]).contains("expected an even number of bytes (uint16 tokens), found 1"))
    #expect(try message([1, 0, 2]).contains("found 3"))
    #expect(throws: DatasetError.self) {
      try TokenShard(path: directory("none.bin"), vocabularySize: nil)
    }
    #expect(throws: DatasetError.self) {
      try TokenShard(path: directory.path, vocabularySize: nil)
    }
  }

  @Test("A token outside of the vocabulary is named", arguments: [0, 1, 8191, 8192, 8193, 19_999])
  func vocabulary(index: Int) throws {
    var tokens = [UInt16](repeating: 99, count: 20_000)
    tokens[index] = 100
    #expect(
      try message(body(tokens), vocabularySize: 100)
        == "s.bin: token \(index) is 100, but the vocabulary has ids 0 to 99: the file is damaged, or was made with another tokenizer"
    )
    #expect(try message(body(tokens), vocabularySize: 101) == "no error: 20000")
    #expect(try message(body(tokens), vocabularySize: nil) == "no error: 20000")
  }

  @Test func largestVocabulary() throws {
    #expect(try message(body([65535]), vocabularySize: 65536) == "no error: 1")
    #expect(try message(body([65535]), vocabularySize: 65535).contains("token 0 is 65535"))
  }

  /// As what other programs write tokens: nanoGPT's of larger vocabularies, Python's integers.
  @Test func widerIdsAreNamed() throws {
    // Small ids, some of them 0, as they are in text.
    let ids = (0..<400).map { UInt64($0 * 7919 % 262) }
    func bytes<Id: FixedWidthInteger>(_ type: Id.Type, bigEndian: Bool = false) -> [UInt8] {
      ids.flatMap { id in
        let id = Id(truncatingIfNeeded: id)
        return withUnsafeBytes(of: bigEndian ? id.bigEndian : id.littleEndian) { Array($0) }
      }
    }
    #expect(try message(bytes(UInt16.self)) == "no error: 400")
    let advice = "convert it by python3 scripts/convert_tokens.py"
    for (wide, kind) in [
      (bytes(UInt32.self), "ids of 32 bits (uint32, int32)"),
      (bytes(Int64.self), "ids of 64 bits (int64, uint64)"),
      (bytes(UInt32.self, bigEndian: true), "ids of 32 bits in big-endian order, or floats"),
      (bytes(UInt64.self, bigEndian: true), "ids of 64 bits in big-endian order, or floats"),
      (ids.flatMap { id in withUnsafeBytes(of: Float(id)) { Array($0) } }, "or floats"),
    ] {
      for vocabularySize in [nil, 50257] {
        let said = try message(wide, vocabularySize: vocabularySize)
        #expect(said.hasPrefix("s.bin: expected uint16 tokens, found what looks like"), "\(said)")
        #expect(said.contains(kind) && said.hasSuffix(advice), "\(said)")
      }
      // A header says that they are uint16.
      let words = header([20_240_520, 1, Int32(wide.count / 2)])
      let headed = try message(words + wide, vocabularySize: nil)
      #expect(headed.hasPrefix("no error"), "\(headed)")
    }
    // Padding, and a few ids.
    #expect(try message(body([UInt16](repeating: 0, count: 1000))) == "no error: 1000")
    #expect(try message(body([5, 0, 6, 0, 7, 0, 8, 0])) == "no error: 8")
    let everySecond = (0..<1000).map { (n: Int) -> UInt16 in
      n % 5 == 1 ? 0 : UInt16(n % 2 * 9 + 1)
    }
    #expect(try message(body(everySecond)) == "no error: 1000")
  }

  /// The bytes that NumPy writes for an array.
  private func numpy(
    _ data: [UInt8], descr: String = "'<u2'", order: String = "False", shape: String = "(4,)",
    version: UInt8 = 1, more: String = ""
  ) -> [UInt8] {
    let text = "{'descr': \(descr), 'fortran_order': \(order), 'shape': \(shape), \(more)}"
    let prefix = version == 1 ? 10 : 12
    let length = (prefix + text.utf8.count + 1 + 63) / 64 * 64 - prefix
    let header = text + String(repeating: " ", count: length - 1 - text.utf8.count) + "\n"
    return NumpyHeader.magic + [version, 0, UInt8(length), 0] + (version == 1 ? [] : [0, 0])
      + Array(header.utf8) + data
  }

  @Test func numpyShards() throws {
    let data = body([5, 50256, 0, 7])
    for whole in [
      numpy(data), numpy(data, version: 2), numpy(data, version: 3),
      numpy(data, shape: "(2, 2)"), numpy(data, order: "True"),
    ] {
      // The bytes tell, whatever the name.
      for name in ["s.npy", "S.NPY", "s.bin"] {
        let shard = try TokenShard(path: directory.write(whole, to: name), vocabularySize: 50257)
        #expect(shard.withTokens { Array($0) } == [5, 50256, 0, 7])
      }
    }
    #expect(try message(numpy(data), "s.npy", vocabularySize: 50).contains("token 1 is 50256"))
    for (bytes, expected) in [
      (
        numpy(data, descr: "'<i8'"), "found dtype <i8: convert it by python3 scripts/convert_tokens"
      ),
      (numpy(data, descr: "'>u2'"), "found dtype >u2"),
      (numpy(data, descr: "[('a', '<u2')]"), "expected the header of an .npy file"),
      (numpy(data, descr: "'|O'"), "found dtype |O"),
      (numpy(data, order: "True", shape: "(2, 2)"), "in Fortran order"),
      (numpy(data, order: "1"), "expected the header"), (numpy(data, more: "'x': 1"), "the header"),
      (numpy(data, shape: "(-4,)"), "expected the header"),
      (numpy(data, shape: "(5,)"), "the header says shape [5] of uint16, found 8 bytes"),
      (numpy(data, shape: "(4611686018427387906, 2)"), "the header says shape"),
      (numpy([], shape: "(0,)"), "holds no tokens"), (data, "expected the header of an .npy file"),
      ([], "is empty"),
    ] {
      let said = try message(bytes, "s.npy")
      #expect(said.contains(expected) && !said.hasPrefix("no error"), "\(expected): \(said)")
    }
    let whole = numpy(data)
    for length in 1..<whole.count {
      #expect(try !message(Array(whole[..<length]), "s.npy").hasPrefix("no error"), "\(length)")
    }
  }

  @Test func gitLFSPointer() throws {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 54810517\n"
    #expect(try message(Array(pointer.utf8), vocabularySize: nil).contains("is a Git LFS pointer"))
  }
}
