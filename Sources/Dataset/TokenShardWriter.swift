public import Files

/// Writes tokens as llm.c `.bin` shards `NAME_000000.bin`, `NAME_000001.bin`, … of at most
/// `shardTokens` tokens each. A shard has no valid header before it is whole and on disk.
public struct TokenShardWriter: ~Copyable {
  private let directory: String
  private let folder: OpenFile?
  private let name: String
  private let shardTokens: Int
  private let fileSystem: any FileSystem
  private var file: OpenFile?
  private var tokensInFile = 0
  private var pending: [UInt16] = []
  private var written: [DatasetDescription.Shard] = []

  /// A writer into a directory that exists. A file of such a name that is there is an error.
  /// - folder: that directory, open, where others may write beside it
  public init(
    directory: String, in folder: OpenFile? = nil, name: String, shardTokens: Int = 100_000_000,
    fileSystem: any FileSystem = LocalFileSystem()
  ) {
    precondition(
      shardTokens >= 1 && shardTokens <= Int(Int32.max),
      "TokenShardWriter: \(shardTokens) tokens a shard, outside 1...2^31-1")
    (self.directory, self.folder) = (directory, folder)
    self.name = name
    self.shardTokens = shardTokens
    self.fileSystem = fileSystem
  }

  deinit { if let file { try? fileSystem.close(file) } }

  /// Appends tokens, each below 65,536. Throws ``DatasetError`` if the disk is full or fails.
  public mutating func append(_ tokens: some Sequence<UInt32>) throws(DatasetError) {
    for token in tokens {
      precondition(token < 65536, "TokenShardWriter: token \(token) does not fit uint16")
      pending.append(UInt16(token))
      if tokensInFile + pending.count == shardTokens {
        try endShard()
      } else if pending.count == 1 << 19 {
        try flush()
      }
    }
  }

  /// Ends the last shard; returns all, in order, none if there was no token.
  public consuming func finish() throws(DatasetError) -> [DatasetDescription.Shard] {
    if file != nil || !pending.isEmpty { try endShard() }
    return written
  }

  private var fileName: String {
    let number = String(written.count)
    return "\(name)_\(String(repeating: "0", count: max(0, 6 - number.count)))\(number).bin"
  }

  /// Writes what is pending, after room for the header.
  private mutating func flush() throws(DatasetError) {
    do throws(FileError) {
      let file: OpenFile
      if let open = self.file {
        file = open
      } else {
        let path = folder == nil ? "\(directory)/\(fileName)" : fileName
        file = try fileSystem.open(path, .create, in: folder)
        self.file = file
        let header = [UInt8](repeating: 0, count: TokenShard.headerBytes)
        try fileSystem.writeAll(header, to: file)
      }
      let fileSystem = fileSystem
      let result = pending.withUnsafeBytes { bytes in
        Result { () throws(FileError) in try fileSystem.writeAll(bytes, to: file) }
      }
      try result.get()
    } catch { throw DatasetError(error) }
    tokensInFile += pending.count
    pending.removeAll(keepingCapacity: true)
  }

  /// Completes the open shard: tokens, header, sync; then takes the checksum of what is on disk.
  private mutating func endShard() throws(DatasetError) {
    try flush()
    guard let file else { return }
    self.file = nil
    let header = Self.header(tokens: tokensInFile)
    do throws(FileError) {
      do throws(FileError) {
        try fileSystem.writeAll(header, to: file, at: 0)
        try fileSystem.synchronize(file)
      } catch {
        try? fileSystem.close(file)
        throw error
      }
      try fileSystem.close(file)
    } catch { throw DatasetError(error) }
    let shard = try TokenShard(path: file.path, vocabularySize: nil)
    written.append(
      DatasetDescription.Shard(name: fileName, tokens: shard.count, crc32c: try shard.checksum()))
    tokensInFile = 0
  }

  private static func header(tokens: Int) -> [UInt8] {
    var words = [Int32](repeating: 0, count: TokenShard.headerBytes / 4)
    (words[0], words[1], words[2]) = (TokenShard.magic, 1, Int32(tokens))
    return words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
  }
}
