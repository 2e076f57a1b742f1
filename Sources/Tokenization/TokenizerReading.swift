public import Files

extension Tokenizer {
  /// Files larger than this are refused: 64 MiB.
  public static let largestFile = 64 << 20

  /// The tokenizer of a folder: `tokenizer.json`, or GPT-2's `vocab.json` and `merges.txt`, with what
  /// the files beside it say (see ``TokenizerFolder``).
  ///
  /// Throws ``TokenizerError``: as ``load(file:fileSystem:)``; if the folder has neither; if its files
  /// contradict each other about ids.
  public static func load(
    directory: String, fileSystem: some FileSystem = LocalFileSystem()
  ) throws(TokenizerError) -> Tokenizer {
    try load(directory: directory) { (name, limit) throws(FileError) in
      do throws(FileError) {
        return try fileSystem.readBytes("\(directory)/\(name)", limit: limit)
      } catch  where error.isMissing { return nil }
    }
  }

  /// The tokenizer of a folder whose files somebody else reads, such as an open checkpoint.
  ///
  /// - directory: what errors call the folder.
  /// - contents: the bytes of a file of at most `limit` bytes; nil if there is none of that name.
  ///
  /// Throws ``TokenizerError``, as ``load(directory:fileSystem:)`` does.
  public static func load(
    directory: String,
    contents: @escaping (_ name: String, _ limit: Int) throws(FileError) -> [UInt8]?
  ) throws(TokenizerError) -> Tokenizer {
    try TokenizerFolder(directory) { (name) throws(TokenizerError) in
      do throws(FileError) { return try contents(name, largestFile) } catch { throw .file(error) }
    }.tokenizer()
  }

  /// The tokenizer of a Hugging Face `tokenizer.json`, without the files beside it.
  ///
  /// Throws ``TokenizerError``: if the file cannot be read or is larger than ``largestFile``, is not
  /// strict JSON, describes another kind of tokenizer than byte-level BPE with GPT-2's pattern, or
  /// contradicts itself (see ``init(json:name:)``).
  public static func load(
    file: String, fileSystem: some FileSystem = LocalFileSystem()
  ) throws(TokenizerError) -> Tokenizer {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try fileSystem.readBytes(file, limit: largestFile)
    } catch {
      throw .file(error.explainingHubName())
    }
    return try Tokenizer(json: bytes, name: file)
  }

  /// The tokenizer that the bytes of a `tokenizer.json` describe.
  ///
  /// - name: what errors call the file.
  ///
  /// Throws ``TokenizerError`` unless no id and no token occurs twice in the vocabulary and the parts and
  /// the result of every merge are tokens of it; if something is asked for that cannot be honoured.
  public init(json bytes: [UInt8], name: String) throws(TokenizerError) {
    let file = TokenizerFile(name: name)
    try self.init(file.builder(JSON.parsed(bytes, name: name)), place: "model.vocab")
  }

  /// The tokenizer that the bytes of GPT-2's `vocab.json` and `merges.txt` describe, with or without the
  /// `#version` line. If the vocabulary has `<|endoftext|>`, it is special.
  ///
  /// - directory: what errors call the folder of the files.
  ///
  /// Throws ``TokenizerError`` as ``init(json:name:)``.
  public init(
    vocabulary: [UInt8], merges: [UInt8], directory: String
  ) throws(TokenizerError) {
    try self.init(
      VocabularyBuilder(vocabulary: vocabulary, merges: merges, directory: directory),
      place: "vocabulary")
  }

  /// The tokenizer of a builder that has read everything.
  init(_ builder: VocabularyBuilder, place: String) throws(TokenizerError) {
    self.init(try builder.build(place: place))
    notices = builder.notices
    let lost = vocabulary.alphabet.lostCount
    if lost > 0 {
      notices.append(
        "\(builder.file): \(lost) of the 256 bytes have no token and are left out of a text, as in "
          + "`tokenizers`")
    }
  }
}

extension VocabularyBuilder {
  /// What GPT-2's `vocab.json` and `merges.txt` say.
  init(
    vocabulary: [UInt8], merges: [UInt8], directory: String
  ) throws(TokenizerError) {
    self.init(file: "\(directory)/vocab.json")
    try addVocabulary(JSON.parsed(vocabulary, name: file), place: "vocabulary")
    _ = declareSpecial(Tokenizer.usualEndOfText)
    file = "\(directory)/merges.txt"
    for (i, line) in merges.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      let line = line.last == 0x0D ? line.dropLast() : line
      if line.isEmpty || i == 0 && line.starts(with: "#version".utf8) { continue }
      let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw .invalid(
          file: file, place: "line \(i + 1)", expected: "two tokens with a blank between",
          found: "'\(String(decoding: line, as: UTF8.self))'")
      }
      try addMerge(parts[0], parts[1], place: "line \(i + 1)")
    }
    file = "\(directory)/vocab.json"
  }
}

extension JSON {
  /// Strict JSON of a tokenizer's file.
  static func parsed(_ bytes: [UInt8], name: String) throws(TokenizerError) -> JSON {
    do throws(JSONError) {
      return try JSON(parsing: bytes, name: name)
    } catch {
      throw .json(error)
    }
  }
}
