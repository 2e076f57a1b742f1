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
  private func message(_ bytes: [UInt8], vocabularySize: Int? = 50257) throws -> String {
    let path = try directory.write(bytes, to: "s.bin")
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
}
