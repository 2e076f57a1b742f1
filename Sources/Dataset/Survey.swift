/// The first pass: what there is to encode.
struct Survey {
  /// Documents of the sources, the explicit validation documents not among them.
  private(set) var documents = 0
  /// Bytes of the sources alone; nil if they were not read.
  private(set) var trainBytes: Int?
  /// Bytes of everything; nil if it was not read.
  private(set) var bytes: Int?

  /// Reads everything once, except where all documents are generated and their number is known.
  init(
    _ sources: [any DocumentSource], _ validation: [any DocumentSource], pieceBytes: Int,
    batchBytes: Int, _ progress: (DatasetBuilder.Progress) -> Bool
  ) throws(DatasetError) {
    let counts = (sources + validation).map(\.documentCount)
    if !counts.contains(nil) {
      documents = sources.reduce(0) { $0 + ($1.documentCount ?? 0) }
      if documents >= 2 { return }
      documents = 0
    }
    var state = DatasetBuilder.Progress()
    for (group, isValidation) in [(sources, false), (validation, true)] {
      var reader = DocumentSequence(group, pieceBytes: pieceBytes)
      while true {
        let batch = try reader.nextBatch(bytes: batchBytes)
        if batch.isEmpty { break }
        let begun = batch.count { $0.startsDocument }
        state.documents += begun
        state.bytes += batch.reduce(0) { $0 + $1.bytes.count }
        if !isValidation { documents += begun }
        try DatasetBuilder.report(state, progress)
      }
      if !isValidation { trainBytes = state.bytes }
    }
    bytes = state.bytes
    guard documents > 0 else {
      throw DatasetError(.empty, at: "input", "holds no text: expected at least one document")
    }
  }
}

/// Which pieces are held back: whole documents, or the end of a single one.
struct SplitAssignment {
  /// Pieces to read the sources in: small where a single document is split.
  let pieceBytes: Int
  private let split: DocumentSplit
  /// In a single document, the piece that begins at or after this byte begins validation.
  private let firstHeldByte: Int
  private var document = -1
  private var offset = 0

  init(_ survey: Survey, fraction: Double, seed: UInt64, pieceBytes: Int) {
    split = DocumentSplit(documents: survey.documents, fraction: fraction, seed: seed)
    guard survey.documents == 1, fraction > 0, let bytes = survey.trainBytes else {
      self.pieceBytes = pieceBytes
      firstHeldByte = .max
      return
    }
    let held = Double(bytes) * fraction
    self.pieceBytes = max(16, min(pieceBytes, Int(held / 4)))
    firstHeldByte = Int((Double(bytes) - held).rounded())
  }

  /// Whether the next piece, in order, is held back.
  mutating func isValidation(_ piece: DocumentPiece) -> Bool {
    if piece.startsDocument { document += 1 }
    defer { offset += piece.bytes.count }
    return split.isValidation(document) || offset >= firstHeldByte
  }
}
