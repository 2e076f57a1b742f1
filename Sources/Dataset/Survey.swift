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
  /// A piece, and where it goes.
  typealias Assigned = (piece: DocumentPiece, isValidation: Bool)

  private let split: DocumentSplit
  /// Where validation begins in a single document, about: at the end of a word.
  private let firstHeldByte: Int
  private var document = -1
  private var offset = 0

  init(_ survey: Survey, fraction: Double, seed: UInt64) {
    split = DocumentSplit(documents: survey.documents, fraction: fraction, seed: seed)
    guard survey.documents == 1, fraction > 0, let bytes = survey.trainBytes else {
      firstHeldByte = .max
      return
    }
    firstHeldByte = max(4, min(bytes - 1, Int(Double(bytes) * (1 - fraction))))
  }

  /// The next pieces, in order; one of which the end alone is held back is cut in two.
  mutating func assign(_ batch: [DocumentPiece]) -> [Assigned] {
    var assigned: [Assigned] = []
    for piece in batch {
      if piece.startsDocument { document += 1 }
      let before = firstHeldByte - offset
      offset += piece.bytes.count
      guard before >= 4 && before < piece.bytes.count else {
        assigned.append((piece, split.isValidation(document) || before < 4))
        continue
      }
      let cut = DocumentPiece.cut(piece.bytes[...], limit: before)
      let (kept, held) = (piece.bytes[..<cut], piece.bytes[cut...])
      assigned += [
        (DocumentPiece(bytes: Array(kept), startsDocument: piece.startsDocument), false),
        (DocumentPiece(bytes: Array(held), startsDocument: false), true),
      ]
    }
    return assigned
  }
}
