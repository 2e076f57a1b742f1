public import Files
public import Tokenization

/// A directory of tokens to train on: one written by ``DatasetBuilder`` (with `dataset.json` and
/// `tokenizer.json`), or nanoGPT's `train.bin` and `val.bin`, or llm.c's `*train*.bin` and
/// `*val*.bin`, or the same as `.npy`.
public struct TokenDataset: Sendable {
  /// Where it is.
  public let directory: String
  /// `dataset.json`; nil for a bare directory of shards.
  public let description: DatasetDescription?
  /// The tokenizer of the tokens.
  public let tokenizer: Tokenizer
  /// The tokens to train on, not empty.
  public let train: TokenStream
  /// The tokens held back; may be empty.
  public let validation: TokenStream

  /// Opens a directory and checks every byte: checksums, lengths, ids against the vocabulary.
  ///
  /// - tokenizer: the tokenizer; by default the one in the directory. A dataset that was made with
  ///   another one is refused. A bare directory carries none, as a rule.
  ///
  /// Throws ``DatasetError``.
  public init(
    directory: String, tokenizer: Tokenizer? = nil, fileSystem: any FileSystem = LocalFileSystem()
  ) throws(DatasetError) {
    let names: [String]
    do { names = try fileSystem.list(directory) } catch { throw DatasetError(error) }
    self.directory = directory
    if names.contains(DatasetDescription.fileName) {
      let path = "\(directory)/\(DatasetDescription.fileName)"
      let bytes: [UInt8]
      do { bytes = try fileSystem.readBytes(path, limit: 64 << 20) } catch {
        throw DatasetError(error)
      }
      let description = try DatasetDescription(parsing: bytes, path: path)
      self.tokenizer =
        if let tokenizer { tokenizer } else {
          try Self.load(directory).ending(includes: UInt32(description.endOfText))
        }
      try Self.check(self.tokenizer, made: description, isGiven: tokenizer != nil, directory)
      train = try Self.open(description.train, in: directory, description.vocabularySize)
      validation = try Self.open(description.validation, in: directory, description.vocabularySize)
      if train.count > 0, train[0] != description.endOfText {
        throw DatasetError(
          .malformed, at: path,
          "expected the first training token, \(train[0]), as \"end_of_text\", which stands before "
            + "each document, found \(description.endOfText): tokenize the text again")
      }
      self.description = description
    } else {
      let shards = try BareShards(names, directory: directory)
      self.tokenizer =
        if let tokenizer { tokenizer } else { try Self.tokenizer(ofBare: directory, names) }
      let vocabularySize = self.tokenizer.vocabularySize
      train = try Self.open(shards.train, in: directory, vocabularySize)
      validation = try Self.open(shards.validation, in: directory, vocabularySize)
      description = nil
    }
    guard train.count > 0 else {
      throw DatasetError(.empty, at: directory, "holds no training tokens")
    }
  }

  private static func load(_ directory: String) throws(DatasetError) -> Tokenizer {
    do { return try Tokenizer.load(directory: directory) } catch {
      throw DatasetError(.malformed, at: directory, "cannot load its tokenizer: \(error)")
    }
  }

  private static func tokenizer(
    ofBare directory: String, _ names: [String]
  ) throws(DatasetError) -> Tokenizer {
    guard names.contains("tokenizer.json") || names.contains("vocab.json") else {
      throw DatasetError(
        .wrongTokenizer, at: directory,
        "holds token shards without a tokenizer: name the one that made them by --tokenizer")
    }
    return try load(directory)
  }

  private static func check(
    _ tokenizer: Tokenizer, made description: DatasetDescription, isGiven: Bool, _ directory: String
  ) throws(DatasetError) {
    let expected = description.tokenizerFingerprint
    guard tokenizer.fingerprint.utf8.elementsEqual(expected.utf8),
      tokenizer.vocabularySize == description.vocabularySize
    else {
      throw DatasetError(
        .wrongTokenizer, at: directory,
        "was made with tokenizer \(expected) (\(description.vocabularySize) ids), but \(isGiven ? "the one given" : "its tokenizer.json") is \(tokenizer.fingerprint) (\(tokenizer.vocabularySize) ids): \(isGiven ? "use the tokenizer in the dataset's directory, or tokenize the text again" : "tokenize the text again")"
      )
    }
    guard tokenizer.endOfText.map({ Int($0) }) == description.endOfText else {
      throw DatasetError(
        .malformed, at: "\(directory)/\(DatasetDescription.fileName)",
        "expected the tokenizer's end of text, \(tokenizer.endOfText.map { "\($0)" } ?? "none"), as "
          + "\"end_of_text\", found \(description.endOfText): tokenize the text again")
    }
  }

  private static func open(
    _ split: DatasetDescription.Split, in directory: String, _ vocabularySize: Int
  ) throws(DatasetError) -> TokenStream {
    var shards: [TokenShard] = []
    for expected in split.shards {
      let shard = try TokenShard(
        path: "\(directory)/\(expected.name)", vocabularySize: vocabularySize)
      guard shard.count == expected.tokens, try shard.checksum() == expected.crc32c else {
        throw DatasetError(
          .malformed, at: shard.path,
          "is not the file that \(DatasetDescription.fileName) describes (\(expected.tokens) tokens, found \(shard.count); or another checksum): it is damaged or was replaced; tokenize the text again"
        )
      }
      shards.append(shard)
    }
    return TokenStream(shards)
  }

  private static func open(
    _ names: [String], in directory: String, _ vocabularySize: Int
  ) throws(DatasetError) -> TokenStream {
    var shards: [TokenShard] = []
    for name in names {
      shards.append(try TokenShard(path: "\(directory)/\(name)", vocabularySize: vocabularySize))
    }
    return TokenStream(shards)
  }
}

/// The `.bin` or `.npy` files of a directory without `dataset.json`, by the words in their names.
struct BareShards {
  private(set) var train: [String] = []
  private(set) var validation: [String] = []

  /// Sorts out `names` (in the order of the tokens). Throws ``DatasetError`` if none is for training,
  /// or the ids are those of characters.
  init(_ names: [String], directory: String) throws(DatasetError) {
    let shards = names.filter { endsIn($0, ".bin") || endsIn($0, ".npy") }
    for name in shards {
      let words = name.split { !$0.isLetter }.map { $0.lowercased() }
      let isTrain = words.contains("train")
      let isValidation = words.contains { ["val", "valid", "validation"].contains($0) }
      switch (isTrain, isValidation) {
      case (true, true):
        throw DatasetError(
          .malformed, at: "\(directory)/\(name)",
          "names both train and val: rename it so that it says which it is")
      case (true, false): train.append(name)
      case (false, true): validation.append(name)
      case (false, false): continue
      }
    }
    guard !train.isEmpty else {
      let found =
        names.isEmpty ? "nothing" : names.prefix(5).map(\.onOneLine).joined(separator: ", ")
      throw DatasetError(
        .empty, at: directory,
        "expected dataset.json, or train.bin and val.bin (or .npy), found \(found): make one by `sophia-rt tokenize`"
      )
    }
    if names.contains("meta.pkl") {
      throw DatasetError(
        .wrongTokenizer, at: "\(directory)/meta.pkl",
        "the ids are those of nanoGPT's characters, which no tokenizer here has: turn them into text by python3 scripts/convert_chars.py, then `sophia-rt tokenize`"
      )
    }
    if Set((train + validation).map { endsIn($0, ".npy") }).count > 1 {
      throw DatasetError(
        .malformed, at: directory,
        "holds shards both as .bin and as .npy: leave those in it that are to be trained on")
    }
  }
}
