import Files
import Tasks

@testable import Checkpoints
@testable import Dataset
@testable import Generation
@testable import Tokenization
@testable import Training
@testable import Transformer

/// How each parser is called, and what has to hold for what it accepts.
extension FuzzedParser {
  func readJSON(_ bytes: [UInt8]) throws {
    let value = try JSON(parsing: bytes, name: "x.json")
    for pretty in [false, true] {
      let again = try accepted { try JSON(parsing: value.serialized(pretty: pretty), name: "x") }
      try Finding.unless(again == value, "\(again) was \(value)")
    }
  }

  func readSafetensors(_ bytes: [UInt8]) throws {
    let file = try SafetensorsFile(path: "x", files: MemoryFiles(["x": bytes]))
    var places = bytes.count - file.entries.reduce(0) { $0 + $1.range.count }
    for entry in file.entries {
      try Finding.unless(places == entry.range.lowerBound, "\(entry.name): at \(places)")
      places = entry.range.upperBound
      try Finding.unless(
        try file.bytes(entry).elementsEqual(bytes[entry.range]), "\(entry.name): other bytes")
      try Finding.unless(file[entry.name] == entry, "\(entry.name): not found by name")
    }
    for entry in file.entries {
      let floats = try file.floats(entry)
      try Finding.unless(floats.allSatisfy(\.isFinite), "\(entry.name): \(floats)")
    }
  }

  func readIndex(_ bytes: [UInt8]) throws {
    let files = MemoryFiles([
      "d/a.safetensors": Seeds.tensors(["a", "b"]), "d/b.safetensors": Seeds.tensors(["c"]),
      "d/model.safetensors.index.json": bytes,
    ])
    let tensors = try CheckpointDirectory(path: "d", files: files).storedTensors()
    let names = tensors.all.map(\.entry.name)
    try Finding.unless(
      [["a", "b", "c"], ["a", "b"], ["c"]].contains(names), "an index of \(names)")
  }

  func readTokenizer(_ bytes: [UInt8]) throws {
    let tokenizer = try Tokenizer(json: bytes, name: "tokenizer.json")
    try check(tokenizer)
    let again = try accepted { try Tokenizer(json: tokenizer.serialized(), name: "again") }
    try Finding.unless(
      again.fingerprint == tokenizer.fingerprint, "another tokenizer when written and read")
    let text = Seeds.text + tokenizer.addedTokens.flatMap { [0x20] + $0.content }
    for tokens in [tokenizer.encode(text), tokenizer.encode(prompt: text)] {
      try Finding.unless(
        tokens.allSatisfy { $0 < tokenizer.vocabularySize }, "ids outside the vocabulary")
    }
    try Finding.unless(again.encode(text) == tokenizer.encode(text), "other tokens of a text")
    try Finding.unless(
      again.encode(prompt: text) == tokenizer.encode(prompt: text), "other tokens of a prompt")
  }

  func readVocabulary(_ bytes: [UInt8]) throws {
    let end = bytes.firstIndex(of: 0) ?? bytes.count
    try check(
      try Tokenizer(
        vocabulary: Array(bytes[..<end]), merges: Array(bytes[min(end + 1, bytes.count)...]),
        directory: "d"))
  }

  private func check(_ tokenizer: Tokenizer) throws {
    for text in [Seeds.text, Array(0...255), [0xE2, 0x82]] {
      let ids = tokenizer.encode(text, continuing: true)
      // Only files that say so lose bytes, or make a special token of a word.
      if tokenizer.vocabulary.alphabet.isComplete
        && !ids.contains(where: { tokenizer.isSpecial($0) })
      {
        try Finding.unless(tokenizer.decode(ids) == text, "\(ids) is \(tokenizer.decode(ids))")
      }
    }
  }

  func readConfig(_ bytes: [UInt8]) throws {
    let config = try GPT2Config(
      huggingFace: JSON(parsing: bytes, name: "config.json"), file: "config.json")
    let json = config.huggingFaceConfig(endOfText: nil)
    let again = try accepted { try GPT2Config(huggingFace: json, file: "again") }
    try Finding.unless(again == config, "\(again) was \(config)")
    try Finding.unless(config.layerNormEpsilon > 0, "ε \(config.layerNormEpsilon)")
    try Finding.unless(ParameterTable(config).count > 0, "no parameters")
  }

  /// Python's JSON reads all that the strict parser reads, as the same.
  func readPythonJSON(_ bytes: [UInt8]) throws {
    let strict = try? JSON(parsing: bytes, name: "x.json")
    let (value, replaced) = try JSON.parsingAsPython(bytes, name: "x.json")
    if let strict { try Finding.unless(strict == value && replaced == 0, "\(value) is \(strict)") }
  }

  /// A JSON lines file of documents, every second bad line of which may be skipped.
  func readLines(_ bytes: [UInt8]) throws {
    var options = JSONLinesOptions()
    (options.maxBadLines, options.maxLineBytes) = (2, 1000)
    try readDocuments("t.jsonl", bytes, options)
  }

  /// A gzip file of text.
  func readGzip(_ bytes: [UInt8]) throws { try readDocuments("t.txt.gz", bytes) }

  private func readDocuments(
    _ name: String, _ bytes: [UInt8], _ options: JSONLinesOptions = JSONLinesOptions()
  ) throws {
    let source = try TextSource(
      path: name, options: options, log: BadLineLog(), fileSystem: MemoryFiles([name: bytes]))
    var reader = try source.makeReader(pieceBytes: 100)
    while let piece = try reader.next() {
      try Finding.unless(
        String(validating: piece.bytes, as: UTF8.self) != nil, "no UTF-8: \(piece.bytes)")
    }
  }

  func readShard(_ bytes: [UInt8]) throws {
    let file = try UnlinkedFile(bytes)
    for vocabularySize in [nil, 300, 65536] {
      let shard = try TokenShard(path: file.path, vocabularySize: vocabularySize)
      let most = shard.withTokens { tokens in tokens.reduce(0, max) }
      try Finding.unless(Int(most) < vocabularySize ?? 65536, "token \(most)")
      try Finding.unless(2 * shard.count <= bytes.count, "\(shard.count) tokens")
    }
  }

  func readDataset(_ bytes: [UInt8]) throws {
    let dataset = try DatasetDescription(parsing: bytes, path: "dataset.json")
    let again = try accepted {
      try DatasetDescription(parsing: dataset.serialized(), path: "again")
    }
    try Finding.unless(again == dataset, "\(again) was \(dataset)")
  }

  func readQuestions(_ bytes: [UInt8]) throws {
    for line in try JSONLine.read("q.jsonl", fileSystem: MemoryFiles(["q.jsonl": bytes])) {
      if line.object["text"] != nil {
        let passage = try LastWordPassage(line)
        try Finding.unless(passage.word.utf8.first == 0x20, "\(passage)")
      } else {
        let question = try MultipleChoiceQuestion(line)
        try Finding.unless(question.endings.indices.contains(question.label), "\(question)")
      }
    }
  }

  func readPrompts(_ bytes: [UInt8]) throws {
    let files = MemoryFiles(["p.jsonl": bytes])
    let prompts = try PromptLine.read("p.jsonl", fileSystem: files)
    for (prompt, line) in zip(prompts, try JSONLine.read("p.jsonl", fileSystem: files)) {
      let numbers =
        [prompt.maxTokens, prompt.numSamples, prompt.topK].compactMap { $0 }.count
        + [prompt.temperature, prompt.topP, prompt.minP, prompt.repetitionPenalty]
        .compactMap { $0 }.count
      let others = [prompt.seed != nil, prompt.stop != nil, prompt.id != nil].count { $0 }
      let members = line.object.objectValue?.count { $0.value != .null }
      try Finding.unless(numbers + others + 1 == members, "\(prompt) of \(line.object)")
    }
  }

  func readManifest(_ bytes: [UInt8]) throws {
    let manifest = try CheckpointManifest(parsing: bytes, file: "manifest.json")
    try Finding.unless(manifest.serialized() == bytes, "a manifest that would be written otherwise")
  }

  func readState(_ bytes: [UInt8]) throws {
    let files = MemoryFiles(["d/trainer_state.json": bytes])
    let (state, configuration) = try TrainerState.read(
      try CheckpointDirectory(path: "d", files: files))
    try Finding.unless((0...configuration.steps).contains(state.step), "step \(state.step)")
  }

  /// What we wrote ourselves has to be accepted.
  private func accepted<Value>(_ body: () throws -> Value) throws(Finding) -> Value {
    do { return try body() } catch { throw Finding("refused after it was written: \(error)") }
  }
}
