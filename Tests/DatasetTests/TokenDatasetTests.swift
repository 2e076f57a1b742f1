import Files
import Machine
import TemporaryDirectories
import TestTokenizers
import Testing
import Tokenization

@testable import Dataset

@Suite struct TokenDatasetTests {
  private let directory: TemporaryDirectory
  private let tokenizer: Tokenizer

  init() throws {
    directory = try TemporaryDirectory()
    tokenizer = try testTokenizer()
  }

  private var output: String { directory("out") }

  private func build() throws {
    let documents = GeneratedDocuments(count: 50) { Array("document \($0) of the inn".utf8) }
    var builder = DatasetBuilder()
    builder.shardTokens = 200
    _ = try builder.build(
      [documents], tokenizer: tokenizer, output: output, on: ThreadTeam(count: 1))
  }

  private func error(tokenizer: Tokenizer? = nil) -> DatasetError? {
    #expect(throws: DatasetError.self) {
      try TokenDataset(directory: output, tokenizer: tokenizer)
    }
  }

  private func edit(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
    var bytes = try directory.read("out/\(name)")
    change(&bytes)
    try directory.write(bytes, to: "out/\(name)")
  }

  /// Replaces a text in dataset.json, which must be there.
  private func edit(_ old: String, to new: String) throws {
    let text = String(decoding: try directory.read("out/dataset.json"), as: UTF8.self)
    try #require(text.contains(old), "\(old) in \(text)")
    try directory.write(Array(text.replacing(old, with: new).utf8), to: "out/dataset.json")
  }

  private func body(_ tokens: [UInt16]) -> [UInt8] {
    tokens.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
  }

  @Test func wrongTokenizer() throws {
    try build()
    let other = try testTokenizer(merges: ["th", "in", "an", "or"])
    #expect(try TokenDataset(directory: output, tokenizer: tokenizer).train.count > 0)
    let message = try #require(error(tokenizer: other)).description
    #expect(
      message
        == "\(output): was made with tokenizer \(tokenizer.fingerprint) (261 ids), but the one given is \(other.fingerprint) (261 ids): use the tokenizer in the dataset's directory, or tokenize the text again"
    )
    try directory.write(other.serialized(), to: "out/tokenizer.json")
    #expect(error()?.kind == .wrongTokenizer)
    #expect(error()?.problem.contains("its tokenizer.json is \(other.fingerprint)") == true)
    try LocalFileSystem().removeFile(directory("out/tokenizer.json"))
    #expect(error()?.problem.contains("tokenizer") == true)
  }

  @Test("Any damage to a shard is found")
  func damagedShards() throws {
    try build()
    let name = "train_000001.bin"
    let whole = try directory.read("out/\(name)")
    for bit in [0, 40, 70, 1500 * 8 / 8, 1024 * 8, 1024 * 8 + 3, whole.count * 8 - 1] {
      try edit(name) { $0[bit / 8] ^= 1 << (bit % 8) }
      let found = try #require(error(), "bit \(bit)")
      #expect(found.place == "\(output)/\(name)")
      try directory.write(whole, to: "out/\(name)")
    }
    try edit(name) { $0.removeLast(2) }
    #expect(error()?.kind == .truncated)
    try directory.write(try directory.read("out/train_000000.bin"), to: "out/\(name)")
    #expect(error()?.problem.contains("damaged or was replaced") == true)
    try LocalFileSystem().removeFile(directory("out/\(name)"))
    #expect(error()?.kind == .system)
  }

  @Test(
    "A contradictory or hostile dataset.json is refused",
    arguments: [
      ("\"version\": 1", "\"version\": 2"),
      ("\"vocabulary_size\": 261", "\"vocabulary_size\": 65537"),
      ("\"vocabulary_size\": 261", "\"vocabulary_size\": -1"),
      ("\"vocabulary_size\": 261", "\"vocabulary_size\": 261.5"),
      ("\"vocabulary_size\": 261", "\"vocabulary_size\": 262"),
      ("\"end_of_text\": 260", "\"end_of_text\": 261"),
      ("\"end_of_text\": 260", "\"end_of_text\": 5"),
      ("\"tokenizer_fingerprint\": \"", "\"tokenizer_fingerprint\": \"\\u001b"),
      ("\"format\":", "\"shape\":"),
      ("train_000000.bin", "../train_000000.bin"), ("train_000000.bin", "/etc/passwd"),
      ("train_000000.bin", ""), ("train_000000.bin", "train_000001.bin"),
      ("\"tokens\": 200", "\"tokens\": 9223372036854775807"), ("\"tokens\": 200", "\"tokens\": 0"),
      ("\"tokens\": 200", "\"tokens\": \"200\""), ("\"train\":", "\"training\":"),
      ("\"crc32c\": \"", "\"crc32c\": \"zz"), ("\"version\": 1", "\"version\": 1, \"version\": 1"),
    ])
  func hostileDescriptions(old: String, new: String) throws {
    try build()
    try edit(old, to: new)
    #expect(error() != nil)
  }

  @Test(
    "A shard's name never leads out of the directory",
    arguments: ["", ".", "..", "../a.bin", "/a.bin", "a/b.bin", "a\u{0}.bin", "a b.bin", ".a.bin"])
  func names(name: String) throws {
    var description = DatasetDescription(
      vocabularySize: 10, endOfText: 9, tokenizerFingerprint: "0123456789abcdef")
    description.train.shards = [.init(name: "a.bin", tokens: 3, crc32c: 0x0000_BEEF)]
    description.train.tokens = 3
    #expect(try DatasetDescription(parsing: description.serialized(), path: "d") == description)
    description.train.shards[0].name = name
    let error = #expect(throws: DatasetError.self) {
      try DatasetDescription(parsing: description.serialized(), path: "d")
    }
    #expect(error?.problem.hasPrefix("expected the name of a file beside it") == true)
  }

  @Test("dataset.json cut anywhere is an error")
  func truncatedDescription() throws {
    try build()
    let whole = try directory.read("out/dataset.json")
    let end = whole.lastIndex(of: UInt8(ascii: "}")) ?? 0
    for length in 0..<end {
      #expect(throws: DatasetError.self) {
        try DatasetDescription(parsing: Array(whole[..<length]), path: "d")
      }
    }
    #expect(try DatasetDescription(parsing: whole, path: "d").serialized() == whole)
  }

  @Test func nanoGPT() throws {
    try directory.write(body([1, 2, 3, 4]), to: "train.bin")
    try directory.write(body([5, 6]), to: "val.bin")
    let error = #expect(throws: DatasetError.self) { try TokenDataset(directory: directory.path) }
    #expect(
      error?.problem
        == "holds token shards without a tokenizer: name the one that made them by --tokenizer")
    let given = try TokenDataset(directory: directory.path, tokenizer: tokenizer)
    #expect((0..<4).map { given.train[$0] } == [1, 2, 3, 4])
    #expect(given.validation.count == 2)
    #expect(given.description == nil)
    try directory.write(tokenizer.serialized(), to: "tokenizer.json")
    #expect(try TokenDataset(directory: directory.path).train.count == 4)
    try directory.write(body([5, 261]), to: "val.bin")
    let outside = #expect(throws: DatasetError.self) { try TokenDataset(directory: directory.path) }
    #expect(outside?.kind == .vocabulary)
    #expect(outside?.problem.contains("token 1 is 261") == true)
  }

  @Test func llmC() throws {
    for (name, tokens) in [("fineweb_train", [7, 8, 9, 10, 11]), ("fineweb_val", [1, 2])] {
      var writer = TokenShardWriter(directory: directory.path, name: name, shardTokens: 2)
      try writer.append(tokens.map { UInt32($0) })
      _ = try writer.finish()
    }
    let dataset = try TokenDataset(directory: directory.path, tokenizer: tokenizer)
    #expect((0..<5).map { dataset.train[$0] } == [7, 8, 9, 10, 11])
    #expect(dataset.validation.count == 2)
  }

  /// nanoGPT's characters are no tokenizer's ids, whatever tokenizer is named.
  @Test func characters() throws {
    try directory.write(body([1, 2, 3, 4]), to: "train.bin")
    try directory.write([0x80, 0x04, 0x2E], to: "meta.pkl")
    let error = #expect(throws: DatasetError.self) {
      try TokenDataset(directory: directory.path, tokenizer: tokenizer)
    }
    #expect(error?.place == directory("meta.pkl"))
    #expect(error?.problem.contains("by python3 scripts/convert_chars.py") == true)
  }

  @Test func bareNames() throws {
    let numpy = try BareShards(["a_train_1.npy", "A_VAL_0.NPY"], directory: "d")
    #expect(numpy.train == ["a_train_1.npy"] && numpy.validation == ["A_VAL_0.NPY"])
    let both = #expect(throws: DatasetError.self) {
      try BareShards(["train.bin", "train.npy"], directory: "d")
    }
    #expect(both?.problem.contains("both as .bin and as .npy") == true)
    let other = #expect(throws: DatasetError.self) { try BareShards(["a.parquet"], directory: "d") }
    #expect(other?.problem.contains("found a.parquet: make one by") == true)
    let bare = try BareShards(
      [
        "a.txt", "interval_train.bin", "train.bin", "tiny-Valid.bin", "x_val_000001.bin",
        "model.bin",
      ],
      directory: "d")
    #expect(bare.train == ["interval_train.bin", "train.bin"])
    #expect(bare.validation == ["tiny-Valid.bin", "x_val_000001.bin"])
    for names in [[], ["val.bin"], ["train_val.bin"]] {
      #expect(throws: DatasetError.self) { try BareShards(names, directory: "d") }
    }
    #expect(throws: DatasetError.self) {
      try TokenDataset(directory: directory("none"), tokenizer: tokenizer)
    }
  }
}
