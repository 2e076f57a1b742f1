import Files

/// `dataset.json`: what a directory of token shards holds, and which tokenizer made it.
///
/// ```
/// { "format": "sophia-rt dataset", "version": 1,
///   "vocabulary_size": 8192, "end_of_text": 8191, "tokenizer_fingerprint": "…",
///   "train": { "documents": 1200, "bytes": 2000000, "tokens": 500000,
///              "shards": [ { "name": "train_000000.bin", "tokens": 500000,
///                            "crc32c": "0badcafe" } ] },
///   "validation": { … } }
/// ```
public struct DatasetDescription: Sendable, Equatable {
  /// The file's name in the directory.
  public static let fileName = "dataset.json"

  /// One file of tokens.
  public struct Shard: Sendable, Equatable {
    /// Its name in the directory.
    public var name: String
    /// Tokens in it.
    public var tokens: Int
    /// CRC-32C of all its bytes, header included.
    public var crc32c: UInt32
  }

  /// One split of the documents.
  public struct Split: Sendable, Equatable {
    /// Number of documents.
    public var documents = 0
    /// Bytes of their text: the sum of the lengths of the tokens, `<|endoftext|>` counting 0.
    public var bytes = 0
    /// Number of tokens, `<|endoftext|>` included.
    public var tokens = 0
    /// The files, in the order of the tokens.
    public var shards: [Shard] = []
  }

  /// Number of token ids, at most 65,536.
  public var vocabularySize: Int
  /// The id that begins each document.
  public var endOfText: Int
  /// Which tokenizer made the tokens.
  public var tokenizerFingerprint: String
  /// What is trained on.
  public var train = Split()
  /// What is held back; may be empty.
  public var validation = Split()
}

extension DatasetDescription {
  private static let format = "sophia-rt dataset"

  /// The bytes of `dataset.json`.
  public func serialized() -> [UInt8] {
    let json: JSON = [
      "format": .string(Self.format), "version": 1,
      "vocabulary_size": .integer(vocabularySize), "end_of_text": .integer(endOfText),
      "tokenizer_fingerprint": .string(tokenizerFingerprint),
      "train": Self.json(train), "validation": Self.json(validation),
    ]
    return json.serialized(pretty: true)
  }

  private static func json(_ split: Split) -> JSON {
    let shards = split.shards.map { shard -> JSON in
      [
        "name": .string(shard.name), "tokens": .integer(shard.tokens),
        "crc32c": .string(hexadecimal(shard.crc32c)),
      ]
    }
    return [
      "documents": .integer(split.documents), "bytes": .integer(split.bytes),
      "tokens": .integer(split.tokens), "shards": .array(shards),
    ]
  }

  /// Reads `dataset.json`; `path` is for messages. Throws ``DatasetError`` if it is not strict
  /// JSON, lacks a field, has a value out of its range, names a file outside of the directory, or
  /// contradicts itself.
  public init(parsing bytes: [UInt8], path: String) throws(DatasetError) {
    let json: JSON
    do throws(JSONError) { json = try JSON(parsing: bytes, name: path) } catch {
      throw DatasetError(
        .malformed, at: "\(path), line \(error.line)",
        "expected \(error.expected), found \(error.found.onOneLine)")
    }
    let fields = Fields(json: json, place: path)
    let format = try fields.string("format")
    guard format.utf8.elementsEqual(Self.format.utf8) else {
      throw fields.wrong("format", "\"\(Self.format)\"")
    }
    _ = try fields.integer("version", in: 1...1)
    vocabularySize = try fields.integer("vocabulary_size", in: 1...65536)
    endOfText = try fields.integer("end_of_text", in: 0...vocabularySize - 1)
    tokenizerFingerprint = try fields.string("tokenizer_fingerprint")
    guard tokenizerFingerprint.utf8.count == 16, tokenizerFingerprint.allSatisfy(\.isHexDigit)
    else {
      throw fields.wrong("tokenizer_fingerprint", "16 hexadecimal digits")
    }
    train = try Self.split(try fields.object("train"))
    validation = try Self.split(try fields.object("validation"))
    var names = Set<[UInt8]>()
    for shard in train.shards + validation.shards
    where !names.insert(Array(shard.name.utf8)).inserted {
      throw DatasetError(.malformed, at: path, "names the shard \(shard.name.onOneLine) twice")
    }
  }

  private static func split(_ fields: Fields) throws(DatasetError) -> Split {
    let limit = 0...Int(1) << 48
    var split = Split()
    split.documents = try fields.integer("documents", in: limit)
    split.bytes = try fields.integer("bytes", in: limit)
    split.tokens = try fields.integer("tokens", in: limit)
    var sum = 0
    for item in try fields.array("shards") {
      let shard = Fields(json: item, place: "\(fields.place), shards")
      let name = try shard.string("name")
      guard isPlainName(name) else { throw shard.wrong("name", "the name of a file beside it") }
      guard let crc32c = UInt32(try shard.string("crc32c"), radix: 16) else {
        throw shard.wrong("crc32c", "eight hexadecimal digits")
      }
      let tokens = try shard.integer("tokens", in: 1...Int(Int32.max))
      let (total, overflow) = sum.addingReportingOverflow(tokens)
      guard !overflow else { throw shard.wrong("tokens", "a smaller number") }
      sum = total
      split.shards.append(Shard(name: name, tokens: tokens, crc32c: crc32c))
    }
    guard sum == split.tokens else {
      throw fields.wrong("tokens", "the sum over its shards, \(sum)")
    }
    return split
  }

  /// Whether a name stays in its directory.
  private static func isPlainName(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    return !bytes.isEmpty && bytes.count <= 255 && bytes.first != UInt8(ascii: ".")
      && bytes.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "/") && $0 != 0x7F }
  }
}

/// Typed access to the members of a JSON object, with errors that say where.
private struct Fields {
  let json: JSON
  let place: String

  func string(_ key: String) throws(DatasetError) -> String {
    guard let value = json[key]?.stringValue else { throw wrong(key, "a string") }
    return value
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws(DatasetError) -> Int {
    guard let value = json[key]?.intValue, range.contains(value) else {
      throw wrong(
        key,
        range.count == 1
          ? "\(range.lowerBound)" : "an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func array(_ key: String) throws(DatasetError) -> [JSON] {
    guard let value = json[key]?.arrayValue else { throw wrong(key, "an array") }
    return value
  }

  func object(_ key: String) throws(DatasetError) -> Fields {
    guard let value = json[key], value.objectValue != nil else { throw wrong(key, "an object") }
    return Fields(json: value, place: "\(place), \(key)")
  }

  func wrong(_ key: String, _ expected: String) -> DatasetError {
    DatasetError(
      .malformed, at: place,
      "expected \(expected) as \"\(key)\", found \(json[key]?.kind ?? "nothing")")
  }
}
