public import Files

/// How the lines of a JSON lines file are read.
public struct JSONLinesOptions: Sendable, Equatable {
  /// The member that holds a line's document.
  public var textKey = "text"
  /// Lines that are skipped, at most, in a file: those that are no JSON object, or have no string as
  /// `textKey`.
  public var maxBadLines = 0
  /// The longest line, in bytes. A line is in memory as a whole, up to four times.
  public var maxLineBytes = 256 << 20

  /// The defaults.
  public init() {}
}

/// A file of documents, its format told by its name: `.txt` (documents separated by a literal
/// `<|endoftext|>`, or the whole file) or `.jsonl` (one JSON object a line, the document in a member
/// of it), either also compressed, with `.zst` or `.gz` appended.
public struct TextSource: Sendable, Equatable {
  /// What is in the file once it is decompressed.
  public enum Format: Sendable, Equatable {
    /// Plain text.
    case text
    /// JSON lines.
    case jsonLines
  }

  /// The file.
  public let path: String
  /// What it holds.
  public let format: Format
  /// How it is compressed.
  public let compression: Compression
  /// How its lines are read, if it has JSON lines.
  public let options: JSONLinesOptions
  private let log: BadLineLog?
  private let fileSystem: any FileSystem

  /// A file. Throws ``DatasetError`` if its name ends in none of the endings we read; it is not
  /// opened yet.
  /// - log: takes what was skipped and replaced, once the file is read to its end
  public init(
    path: String, options: JSONLinesOptions = JSONLinesOptions(), log: BadLineLog? = nil,
    fileSystem: any FileSystem = LocalFileSystem()
  ) throws(DatasetError) {
    compression = Compression(ofName: path)
    let stem = String(Substring(path.utf8.dropLast(compression.rawValue.utf8.count)))
    if endsIn(stem, ".txt") {
      format = .text
    } else if endsIn(stem, ".jsonl") {
      format = .jsonLines
    } else {
      throw DatasetError(
        .unknownType, at: path,
        "expected a name that ends in .txt or .jsonl, or in one of them and .zst or .gz: \(Self.advice(stem))"
      )
    }
    (self.path, self.options, self.log) = (path, options, log)
    self.fileSystem = fileSystem
  }

  /// What to do with a file of another kind.
  private static func advice(_ name: String) -> String {
    if endsIn(name, ".parquet") {
      return "convert it by python3 scripts/convert_parquet.py"
    }
    if endsIn(name, ".json") {
      return "of a JSON array make a line of each element, such as by jq -c '.[]'"
    }
    return "convert or rename it"
  }

  /// Whether two sources are the same file, read in the same way.
  public static func == (a: TextSource, b: TextSource) -> Bool {
    a.path.utf8.elementsEqual(b.path.utf8) && a.options == b.options
  }
}

extension TextSource: DocumentSource {
  /// Not known before the file has been read.
  public var documentCount: Int? { nil }

  /// Reads the documents from the first on. Throws ``DatasetError`` if the file cannot be opened.
  public func makeReader(pieceBytes: Int) throws(DatasetError) -> any DocumentReader {
    let kind = try? fileSystem.status(of: path, followingLinks: true).kind
    if kind == .other {
      throw DatasetError(
        .unknownType, at: path,
        "is a pipe or a device, but is read more than once: write it to a file first")
    }
    return try TextReader(
      input: compression.open(path, fileSystem), format: format, pieceBytes: pieceBytes,
      options: options, log: log)
  }
}
