import Files

/// One split on its way to disk.
struct SplitWriter: ~Copyable {
  private(set) var split = DatasetDescription.Split()
  private var writer: TokenShardWriter
  private let endOfText: UInt32
  private let alignment: Int

  init(
    _ directory: OpenFile, _ name: String, _ endOfText: UInt32, alignment: Int, shardTokens: Int,
    _ fileSystem: any FileSystem
  ) {
    self.alignment = alignment
    writer = TokenShardWriter(
      directory: directory.path, in: directory, name: name, shardTokens: shardTokens,
      fileSystem: fileSystem)
    self.endOfText = endOfText
  }

  mutating func append(_ tokens: [UInt32], of piece: DocumentPiece) throws(DatasetError) {
    // The held-back end of a single document begins one, too.
    if piece.startsDocument || split.documents == 0 {
      let padding = (alignment - split.tokens % alignment) % alignment
      try writer.append(repeatElement(endOfText, count: padding + 1))
      split.documents += 1
      split.tokens += padding + 1
    }
    try writer.append(tokens)
    split.tokens += tokens.count
    split.bytes += piece.bytes.count
  }

  consuming func finish() throws(DatasetError) -> DatasetDescription.Split {
    var done = split
    done.shards = try writer.finish()
    return done
  }
}
