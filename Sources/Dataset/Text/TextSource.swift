public import Files

/// A file of documents, its format told by its name: `.txt` (documents separated by a literal
/// `<|endoftext|>`, or the whole file) or `.jsonl` (one JSON object a line, the document in its
/// `"text"`), either also compressed, with `.zst` appended.
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
  /// Whether it is compressed by zstd.
  public let isCompressed: Bool
  /// The largest line of a `.jsonl` file, in bytes.
  public let maxLineBytes: Int
  private let fileSystem: any FileSystem

  /// A file. Throws ``DatasetError`` if its name ends in none of the endings we read; it is not
  /// opened yet.
  public init(
    path: String, maxLineBytes: Int = 64 << 20, fileSystem: any FileSystem = LocalFileSystem()
  ) throws(DatasetError) {
    let name = path.utf8
    func ends(_ suffix: String) -> Bool { name.reversed().starts(with: suffix.utf8.reversed()) }
    switch true {
    case ends(".txt"): (format, isCompressed) = (.text, false)
    case ends(".txt.zst"): (format, isCompressed) = (.text, true)
    case ends(".jsonl"): (format, isCompressed) = (.jsonLines, false)
    case ends(".jsonl.zst"): (format, isCompressed) = (.jsonLines, true)
    default:
      throw DatasetError(
        .unknownType, at: path,
        "expected a name that ends in .txt, .jsonl, .txt.zst or .jsonl.zst: convert or rename it")
    }
    self.path = path
    self.maxLineBytes = maxLineBytes
    self.fileSystem = fileSystem
  }

  /// Whether two sources are the same file, read in the same way.
  public static func == (a: TextSource, b: TextSource) -> Bool {
    a.path.utf8.elementsEqual(b.path.utf8) && a.maxLineBytes == b.maxLineBytes
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
    let file = try FileInput(path, fileSystem)
    return try TextReader(
      input: isCompressed ? ZstdInput(file) : file, format: format, pieceBytes: pieceBytes,
      maxLineBytes: maxLineBytes)
  }
}
