public import Files

extension Tokenizer {
  /// Files larger than this are refused: 64 MiB.
  public static let largestFile = 64 << 20

  /// The tokenizer of a folder: `tokenizer.json`, or GPT-2's `vocab.json` and `merges.txt`.
  ///
  /// Throws ``TokenizerError``: as ``load(file:fileSystem:)``, or if the folder has neither.
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
  /// Throws ``TokenizerError``: as ``load(file:fileSystem:)``, or if the folder has neither.
  public static func load(
    directory: String,
    contents: (_ name: String, _ limit: Int) throws(FileError) -> [UInt8]?
  ) throws(TokenizerError) -> Tokenizer {
    func read(_ name: String) throws(TokenizerError) -> [UInt8]? {
      do throws(FileError) { return try contents(name, largestFile) } catch { throw .file(error) }
    }
    if let json = try read("tokenizer.json") {
      return try Tokenizer(json: json, name: "\(directory)/tokenizer.json")
    }
    guard let vocabulary = try read("vocab.json"), let merges = try read("merges.txt") else {
      throw .missing(directory: directory)
    }
    return try Tokenizer(vocabulary: vocabulary, merges: merges, directory: directory)
  }

  /// The tokenizer of a Hugging Face `tokenizer.json`.
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
  /// Throws ``TokenizerError`` unless ids are dense from 0 and unique, every byte has a token, the parts
  /// and the result of every merge are tokens, no merge occurs twice, and special tokens have no part in
  /// merges.
  public init(json bytes: [UInt8], name: String) throws(TokenizerError) {
    let root = try Self.parse(bytes, name: name)
    let file = TokenizerFile(name: name)
    try file.checkKind(of: root)
    var builder = VocabularyBuilder(file: name)
    try builder.addVocabulary(root["model"]?["vocab"], place: "model.vocab")
    for (i, token) in try file.list(root["added_tokens"], place: "added_tokens").enumerated() {
      let place = "added_tokens[\(i)]"
      guard let content = token["content"]?.stringValue else {
        throw file.invalid("\(place).content", "a string", token["content"])
      }
      guard token["special"]?.boolValue == true else {
        throw .unsupported(
          file: name, what: "added token", found: "'\(content)' that is not special",
          expected: "\"special\": true")
      }
      try builder.addSpecial(content, id: token["id"], place: place)
    }
    for (i, merge) in try file.list(root["model"]?["merges"], place: "model.merges").enumerated() {
      let (left, right) = try file.parts(of: merge, place: "model.merges[\(i)]")
      try builder.addMerge(left, right, place: "model.merges[\(i)]")
    }
    self.init(try builder.build(place: "model.vocab"))
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
    var builder = VocabularyBuilder(file: "\(directory)/vocab.json")
    let root = try Self.parse(vocabulary, name: "\(directory)/vocab.json")
    try builder.addVocabulary(root, place: "vocabulary")
    builder.declareSpecial("<|endoftext|>")
    builder.file = "\(directory)/merges.txt"
    for (i, line) in merges.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      let line = line.last == 0x0D ? line.dropLast() : line
      if line.isEmpty || i == 0 && line.starts(with: "#version".utf8) { continue }
      let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw .invalid(
          file: builder.file, place: "line \(i + 1)", expected: "two tokens with a blank between",
          found: "'\(String(decoding: line, as: UTF8.self))'")
      }
      try builder.addMerge(parts[0], parts[1], place: "line \(i + 1)")
    }
    builder.file = "\(directory)/vocab.json"
    self.init(try builder.build(place: "vocabulary"))
  }

  private static func parse(_ bytes: [UInt8], name: String) throws(TokenizerError) -> JSON {
    do throws(JSONError) {
      return try JSON(parsing: bytes, name: name)
    } catch {
      throw .json(error)
    }
  }
}
