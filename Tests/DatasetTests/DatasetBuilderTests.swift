import FileFaults
import Files
import Glibc
import Machine
import Synchronization
import TemporaryDirectories
import TestTokenizers
import Testing
import Tokenization

@testable import Dataset

@Suite struct DatasetBuilderTests {
  private let directory: TemporaryDirectory
  private let tokenizer: Tokenizer
  private let team = ThreadTeam(count: 2)

  init() throws {
    directory = try TemporaryDirectory()
    tokenizer = try testTokenizer()
  }

  private var output: String { directory("out") }

  private func stories(_ count: Int) -> GeneratedDocuments {
    GeneratedDocuments(count: count) { i in
      let words = ["he ", "and the inn ", "or ", "größe 日本 ", "<|endoftext|> ", "\n\n"]
      return Array("story \(i) ".utf8) + (0..<i % 40).flatMap { Array(words[($0 * i) % 6].utf8) }
    }
  }

  /// The documents of a stream, decoded.
  private func documents(_ stream: TokenStream) throws -> [[UInt8]] {
    var ids: [UInt32] = []
    stream.forEach { ids.append(UInt32($0)) }
    if ids.isEmpty { return [] }
    let endOfText = try #require(tokenizer.endOfText)
    #expect(ids.first == endOfText)
    return ids.split(separator: endOfText, omittingEmptySubsequences: false).dropFirst().map {
      tokenizer.decode($0)
    }
  }

  /// Every file of a directory under `output`.
  private func contents(_ name: String) throws -> [String: [UInt8]] {
    try Dictionary(
      uniqueKeysWithValues: directory.list(name).map { ($0, try directory.read("\(name)/\($0)")) })
  }

  private func build(
    _ sources: [any DocumentSource], valFraction: Double = 0.1, shardTokens: Int = 1000
  ) throws -> DatasetDescription {
    var builder = DatasetBuilder()
    (builder.valFraction, builder.shardTokens, builder.batchBytes) = (
      valFraction, shardTokens, 4096
    )
    return try builder.build(sources, tokenizer: tokenizer, output: output, on: team)
  }

  @Test("Text to shards and back: every document, in order, in one split")
  func roundTrip() throws {
    let description = try build([stories(300)])
    let dataset = try TokenDataset(directory: output)
    #expect(dataset.description == description)
    #expect(try directory.list() == ["out"])
    let (train, validation) = (try documents(dataset.train), try documents(dataset.validation))
    #expect(validation.count == 30)
    #expect(train.count == 270)
    let all = (0..<300).map { stories(300).bytes(of: $0) }
    let held = Set(validation)
    #expect(train == all.filter { !held.contains($0) })
    #expect(validation == all.filter { held.contains($0) })
    #expect(description.train.shards.count == (description.train.tokens + 999) / 1000)
    for (split, documents) in [(description.train, train), (description.validation, validation)] {
      #expect(split.documents == documents.count)
      #expect(split.bytes == documents.reduce(0) { $0 + $1.count })
      #expect(split.tokens == split.shards.reduce(0) { $0 + $1.tokens })
    }
    let lengths = TokenLengths(dataset.tokenizer)
    #expect(
      lengths.bytes(of: dataset.train, in: 0..<dataset.train.count) == description.train.bytes)
  }

  @Test("Threads, batches and pieces do not enter the bytes")
  func deterministic() throws {
    let text = (0..<400).flatMap { stories(400).bytes(of: $0) + Array("\n<|endoftext|>\n".utf8) }
    let source = try TextSource(path: directory.write(text, to: "a.txt"))
    var all: [[String: [UInt8]]] = []
    for (threads, batch, piece) in [
      (1, 1 << 20, 1 << 20), (2, 100, 64), (3, 5000, 300), (7, 1, 16),
    ] {
      var builder = DatasetBuilder()
      (builder.batchBytes, builder.pieceBytes, builder.shardTokens) = (batch, piece, 1500)
      let name = "out\(threads)"
      _ = try builder.build(
        [source], tokenizer: tokenizer, output: directory(name), on: ThreadTeam(count: threads)
      )
      all.append(try contents(name))
    }
    #expect(
      all[0].keys.sorted().prefix(3) == ["dataset.json", "tokenizer.json", "train_000000.bin"])
    for other in all.dropFirst() { #expect(other == all[0]) }
  }

  @Test(
    "With two documents or more each split has one", arguments: [2, 3, 10], [0.001, 0.5, 0.999])
  func smallSplits(documents: Int, fraction: Double) throws {
    let description = try build([stories(documents)], valFraction: fraction)
    #expect(description.train.documents >= 1)
    #expect(description.validation.documents >= 1)
    #expect(description.train.documents + description.validation.documents == documents)
  }

  @Test func splitDependsOnTheSeed() throws {
    func held(_ seed: UInt64) -> [Int] {
      let split = DocumentSplit(documents: 100, fraction: 0.2, seed: seed)
      return (0..<100).filter { split.isValidation($0) }
    }
    #expect(held(1).count == 20)
    #expect(held(1) == held(1))
    #expect(held(1) != held(2))
    #expect(DocumentSplit(documents: 9, fraction: 0, seed: 1).validationCount == 0)
  }

  @Test func nothingHeldBack() throws {
    let description = try build([stories(20)], valFraction: 0)
    #expect(description.validation == DatasetDescription.Split())
    #expect(try TokenDataset(directory: output).validation.count == 0)
  }

  @Test("The end of a single document is held back")
  func singleDocument() throws {
    let text = (0..<2000).map { "line \($0) he and the inn" }.joined(separator: "\n")
    let source = try TextSource(path: directory.write(Array(text.utf8), to: "one.txt"))
    let description = try build([source], valFraction: 0.1)
    let dataset = try TokenDataset(directory: output)
    let parts = try documents(dataset.train) + documents(dataset.validation)
    #expect(parts.count == 2)
    #expect(parts.flatMap { $0 } == Array(text.utf8))
    let share = Double(description.validation.bytes) / Double(text.utf8.count)
    #expect(share >= 0.1 && share < 0.101)
  }

  /// It is cut once, at the end of a word, so nothing else comes apart; and each split has some of it.
  @Test(arguments: [5, 34, 312, 50_000], [0.01, 0.05, 0.5, 0.99])
  func aSingleDocumentIsCutOnce(bytes: Int, fraction: Double) throws {
    let words = (0...bytes / 40).map { i in String(repeating: "theinn\(i)", count: 3 + i % 40) }
    let text = Array(words.joined(separator: " ").utf8.prefix(bytes))
    var builder = DatasetBuilder()
    (builder.valFraction, builder.pieceBytes) = (fraction, 1 << 20)
    let source = ChangingDocuments(passes: [[text], [text]])
    let description = try builder.build([source], tokenizer: tokenizer, output: output, on: team)
    let dataset = try TokenDataset(directory: output)
    let parts = try [dataset.train, dataset.validation].map {
      try #require(try documents($0).first)
    }
    #expect(parts[0] + parts[1] == text)
    #expect(!parts[0].isEmpty && !parts[1].isEmpty)
    let tokens = parts.map { tokenizer.encode($0).count }
    #expect(description.train.tokens == tokens[0] + 1)
    #expect(description.validation.tokens == tokens[1] + 1)
    if parts[1].first == UInt8(ascii: " ") {
      #expect(tokens[0] + tokens[1] == tokenizer.encode(text).count)
    }
  }

  /// Documents that come, grow or go between the two passes.
  @Test(arguments: [["a", "b", "c", "d"], ["a", "b"], ["a", "b", "longer"]])
  func inputThatChanges(later: [String]) throws {
    let passes = [["a", "b", "c"], later].map { $0.map { Array($0.utf8) } }
    let error = #expect(throws: DatasetError.self) {
      try build([ChangingDocuments(passes: passes)])
    }
    #expect(error?.description.contains("changed while it was read") == true)
    #expect(try directory.list().isEmpty)
  }

  @Test("Validation documents given apart are the whole of validation")
  func explicitValidation() throws {
    let held = GeneratedDocuments(count: 3) { Array("held \($0)".utf8) }
    let description = try DatasetBuilder().build(
      [stories(50)], validation: [held], tokenizer: tokenizer, output: output, on: team)
    #expect(description.train.documents == 50)
    let dataset = try TokenDataset(directory: output)
    #expect(
      try documents(dataset.validation).map { String(decoding: $0, as: UTF8.self) }
        == ["held 0", "held 1", "held 2"])
  }

  @Test("Many files at once, JSON lines and zstd among them")
  func files() throws {
    let lines = try compressed(Array("{\"text\": \"two\"}\n{\"text\": \"three\"}\n".utf8))
    let sources = try [
      TextSource(path: directory.write(Array("one".utf8), to: "a.txt")),
      TextSource(path: directory.write(lines, to: "b.jsonl.zst")),
    ]
    _ = try build(sources, valFraction: 0)
    #expect(
      try documents(TokenDataset(directory: output).train).map {
        String(decoding: $0, as: UTF8.self)
      }
        == ["one", "two", "three"])
  }

  @Test func refusesWhatIsThere() throws {
    try LocalFileSystem().makeDirectory(output)
    _ = try build([stories(9)])
    let before = try contents("out")
    let error = #expect(throws: DatasetError.self) { try build([stories(10)]) }
    #expect(
      error?.description
        == "\(output): already holds files: choose another --out, or remove it first")
    #expect(try contents("out") == before)
    var builder = DatasetBuilder()
    builder.overwrite = true
    _ = try builder.build([stories(10)], tokenizer: tokenizer, output: output + "/", on: team)
    #expect(try contents("out") != before)
    #expect(try directory.list() == ["out"])
    try directory.write([1], to: "file")
    try LocalFileSystem().makeDirectory(directory("mine"))
    try directory.write([1], to: "mine/thesis.txt")
    for name in ["file", "mine"] {
      let error = #expect(throws: DatasetError.self) {
        try builder.build(
          [stories(9)], tokenizer: tokenizer, output: directory(name), on: team)
      }
      #expect(error?.kind == .exists)
    }
    #expect(try directory.read("mine/thesis.txt") == [1])
  }

  /// A link's target is what is replaced, other files are not, and what a program that is gone was
  /// writing is removed.
  @Test func replacesADatasetAndNothingElse() throws {
    let files = LocalFileSystem()
    var builder = DatasetBuilder()
    builder.overwrite = true
    func make(_ name: String, _ count: Int) throws {
      _ = try builder.build(
        [stories(count)], tokenizer: tokenizer, output: directory(name), on: team)
    }
    try make("real", 9)
    try #require(symlink("real", directory("link")) == 0)
    try files.makeDirectory(directory("real.tmp-0123456789abcdef"))
    try files.makeDirectory(directory("real.tmp-2024"))
    let before = try contents("real")
    try make("link", 10)
    #expect(try contents("real") != before)
    #expect(try files.status(of: directory("link"), followingLinks: false).kind == .link)
    #expect(try directory.list() == ["link", "real", "real.tmp-2024"])
    for name in ["thesis.txt", "train_thesis.bin", "val_.bin", "train_0000.bin"] {
      try directory.write([1], to: "real/\(name)")
      let error = #expect(throws: DatasetError.self) { try make("real", 11) }
      #expect(error?.description.contains("holds \(name), which is no dataset's") == true)
      #expect(try directory.read("real/\(name)") == [1])
      try files.removeFile(directory("real/\(name)"))
    }
    try files.makeDirectory(directory("real/train_000007.bin"))
    #expect(throws: DatasetError.self) { try make("real", 11) }
    #expect(files.exists(directory("real/train_000007.bin")))
  }

  /// A program that is ended at any call while it replaces a dataset: the earlier or the new one is in its
  /// place, and the next build leaves nothing else.
  @Test func aDatasetIsInItsPlaceAfterEveryDeath() throws {
    _ = try build([stories(5)])
    let before = try contents("out")
    _ = try builder(overwriting: LocalFileSystem())
      .build([stories(9)], tokenizer: tokenizer, output: directory("other"), on: team)
    let after = try contents("other")
    try LocalFileSystem().removeTree(directory("other"))
    var (number, seen) = (0, 0)
    while true {
      number += 1
      let dying = FaultyFileSystem(fault: .die, at: number) {
        ["exchange", "rename", "removeFile", "removeDirectory", "synchronizeDirectory"]
          .contains($0.operation)
      }
      _ = try? builder(overwriting: dying)
        .build([stories(9)], tokenizer: tokenizer, output: output, on: team)
      if dying.isArmed { break }
      let now = try contents("out")
      #expect(now == before || now == after, "call \(number)")
      if now == after { seen += 1 }
      _ = try builder(overwriting: LocalFileSystem())
        .build([stories(5)], tokenizer: tokenizer, output: output, on: team)
      #expect(try directory.list() == ["out"] && contents("out") == before, "call \(number)")
    }
    #expect(number > 4 && seen > 0 && seen < number - 1)
  }

  /// Where names cannot be exchanged, the earlier dataset comes back after a death between two renames.
  @Test func anEarlierDatasetComesBack() throws {
    _ = try build([stories(5)])
    let before = try contents("out")
    try LocalFileSystem().rename(output, to: output + ".tmp-0123456789abcdef-earlier")
    #expect(throws: DatasetError.self) { try DatasetBuilder().checkOutput(output) }
    #expect(try contents("out") == before && directory.list() == ["out"])
  }

  private func builder(overwriting files: any FileSystem) -> DatasetBuilder {
    var builder = DatasetBuilder(fileSystem: files)
    (builder.valFraction, builder.shardTokens, builder.batchBytes) = (0.1, 1000, 4096)
    builder.overwrite = true
    return builder
  }

  /// What would fail at the end fails at the beginning.
  @Test func placesWhereNoDirectoryCanBe() throws {
    try directory.write([1], to: "file")
    try #require(symlink("nothing", directory("link")) == 0)
    for (name, problem) in [
      ("file/a/b", "file: is a file"), ("link", "link: is a link to nothing"),
    ] {
      let error = #expect(throws: DatasetError.self) {
        try DatasetBuilder().checkOutput(directory(name))
      }
      #expect(error?.description.contains(problem) == true, "\(String(describing: error))")
    }
    try DatasetBuilder().checkOutput(directory("new/and/deep"))
  }

  @Test func vocabularies() throws {
    func message(_ tokenizer: Tokenizer) throws -> String? {
      let error = #expect(throws: DatasetError.self) {
        try DatasetBuilder().build([stories(9)], tokenizer: tokenizer, output: output, on: team)
      }
      return error?.description
    }
    let large = try testTokenizer(filler: 65_536)
    #expect(
      try message(large)
        == "tokenizer: has \(large.vocabularySize) ids, but shards hold uint16: use a vocabulary of at most 65536"
    )
    #expect(
      try message(testTokenizer(endOfText: false))?.contains("names no token that ends a text")
        == true)
    #expect(try directory.list().isEmpty)
    // 65,536 ids are the most that fit.
    let largest = try testTokenizer(filler: 65_536 - 261)
    _ = try DatasetBuilder().build([stories(9)], tokenizer: largest, output: output, on: team)
    #expect(try TokenDataset(directory: output).train[0] == 65535)
  }

  @Test("A bad file is found before anything is written")
  func badInput() throws {
    let good = try TextSource(path: directory.write(Array("fine".utf8), to: "a.txt"))
    let bad = try TextSource(path: directory.write([0x61, 0x00], to: "b.txt"))
    let error = #expect(throws: DatasetError.self) { try build([good, bad]) }
    #expect(error?.kind == .notText)
    #expect(try directory.list() == ["a.txt", "b.txt"])
    #expect(throws: DatasetError.self) { try build([]) }
    #expect(throws: DatasetError.self) { try build([stories(0)]) }
  }

  @Test func stopping() throws {
    var phases: [DatasetBuilder.Progress.Phase] = []
    let source = try TextSource(path: directory.write(Array("a<|endoftext|>b".utf8), to: "a.txt"))
    let error = #expect(throws: DatasetError.self) {
      try DatasetBuilder().build([source], tokenizer: tokenizer, output: output, on: team) {
        phases.append($0.phase)
        return $0.phase == .reading
      }
    }
    #expect(error?.kind == .cancelled)
    #expect(phases.first == .reading && phases.last == .encoding)
    #expect(try directory.list() == ["a.txt"])
  }

  @Test("Whichever call fails, the output is whole or absent, and nothing is left over")
  func failures() throws {
    var number = 0
    while true {
      number += 1
      let faulty = FaultyFileSystem(fault: .fail(28), at: number) {
        $0.operation != "removeFile" && $0.operation != "removeDirectory"
      }
      let result = Result {
        try DatasetBuilder(fileSystem: faulty)
          .build([stories(5)], tokenizer: tokenizer, output: output, on: team)
      }
      #expect(faulty.openCount == 0, "call \(number)")
      #expect(try directory.list().allSatisfy { $0 == "out" }, "call \(number)")
      if faulty.isArmed { break }
      if (try? result.get()) != nil || LocalFileSystem().exists(output) {
        #expect(try TokenDataset(directory: output).train.count > 0, "call \(number)")
        try LocalFileSystem().removeTree(output)
      }
      if case .failure(let error) = result { #expect(error is DatasetError) }
    }
    #expect(number > 15)
  }

  @Test("A write that takes only half of its bytes is gone on with")
  func shortWrites() throws {
    _ = try build([stories(5)])
    let expected = try contents("out")
    for number in 1...100 {
      let faulty = FaultyFileSystem(fault: .shortWrite, at: number) { $0.operation == "write" }
      var builder = DatasetBuilder(fileSystem: faulty)
      (builder.valFraction, builder.overwrite) = (0.1, true)
      _ = try builder.build([stories(5)], tokenizer: tokenizer, output: output, on: team)
      #expect(try contents("out") == expected, "write \(number)")
      if faulty.isArmed { return }
    }
    Issue.record("more than 100 writes")
  }
}

extension GeneratedDocuments {
  /// The document at `index`.
  func bytes(of index: Int) -> [UInt8] {
    var reader = try? makeReader(pieceBytes: 1 << 20)
    for _ in 0..<index { _ = try? reader?.next() }
    return (try? reader?.next())?.bytes ?? []
  }
}

/// Documents of a number that is not known before, and others each time they are read.
private final class ChangingDocuments: DocumentSource {
  let documentCount: Int? = nil
  private let passes: [[[UInt8]]]
  private let pass = Mutex(0)

  init(passes: [[[UInt8]]]) { self.passes = passes }

  func makeReader(pieceBytes: Int) throws(DatasetError) -> any DocumentReader {
    let texts = pass.withLock { pass in
      defer { pass += 1 }
      return passes[pass]
    }
    return try GeneratedDocuments(count: texts.count) { texts[$0] }
      .makeReader(pieceBytes: pieceBytes)
  }
}
