/// Where documents come from: files (``TextSource``) or a generator (``GeneratedDocuments``). It
/// can be read more than once and gives the same documents each time.
public protocol DocumentSource: Sendable {
  /// Number of documents, where it is known without reading them.
  var documentCount: Int? { get }
  /// A reader at the first document, which hands out long documents in pieces of about
  /// `pieceBytes`.
  func makeReader(pieceBytes: Int) throws(DatasetError) -> any DocumentReader
}

/// Reads documents one after the other.
public protocol DocumentReader {
  /// The next document or piece of one; nil after the last. Throws ``DatasetError`` where the text
  /// is damaged.
  mutating func next() throws(DatasetError) -> DocumentPiece?
}

/// Documents that are made by a function of their index, such as the stories of the built-in
/// corpus.
public struct GeneratedDocuments: DocumentSource {
  private let count: Int
  private let document: @Sendable (Int) -> [UInt8]

  /// The documents `document(0)` to `document(count - 1)`, UTF-8.
  public init(count: Int, document: @escaping @Sendable (_ index: Int) -> [UInt8]) {
    precondition(count >= 0, "GeneratedDocuments: count \(count) < 0")
    self.count = count
    self.document = document
  }

  /// Number of documents.
  public var documentCount: Int? { count }

  /// Makes the documents from the first on.
  public func makeReader(pieceBytes: Int) throws(DatasetError) -> any DocumentReader {
    Reader(source: self, pieceBytes: pieceBytes)
  }

  private struct Reader: DocumentReader {
    let source: GeneratedDocuments
    let pieceBytes: Int
    var index = 0
    var pieces: ArraySlice<DocumentPiece> = []

    mutating func next() throws(DatasetError) -> DocumentPiece? {
      while pieces.isEmpty && index < source.count {
        pieces = DocumentPiece.pieces(of: source.document(index), limit: pieceBytes)[...]
        index += 1
      }
      return pieces.popFirst()
    }
  }
}

/// The documents of several sources, one source after the other.
public struct DocumentSequence: DocumentReader {
  private var sources: ArraySlice<any DocumentSource>
  private let pieceBytes: Int
  private var reader: (any DocumentReader)?

  /// The documents of `sources`, in order, in pieces of about `pieceBytes` (at least 16).
  public init(_ sources: [any DocumentSource], pieceBytes: Int = 1 << 20) {
    self.sources = sources[...]
    self.pieceBytes = pieceBytes
  }

  /// The next document or piece of one; nil after the last of the last source.
  public mutating func next() throws(DatasetError) -> DocumentPiece? {
    while true {
      if let piece = try reader?.next() { return piece }
      guard let source = sources.popFirst() else { return nil }
      reader = try source.makeReader(pieceBytes: pieceBytes)
    }
  }

  /// The next documents, about `bytes` of text in all; empty after the last.
  public mutating func nextBatch(bytes: Int) throws(DatasetError) -> [DocumentPiece] {
    var batch: [DocumentPiece] = []
    var total = 0
    while total < bytes, let piece = try next() {
      total += piece.bytes.count
      batch.append(piece)
    }
    return batch
  }
}
