import Files

/// A file of uint16 tokens, mapped: llm.c's `.bin` (a header of 256 little-endian int32: magic
/// 20240520, version 1, number of tokens, zeros) or nanoGPT's headerless `.bin`. A file that begins
/// with the magic number is llm.c's; as tokens it would be 55448 and 308, the first of which
/// GPT-2's vocabulary lacks.
///
/// Every byte is checked when the file is opened: length against header, every id against the
/// vocabulary. After that a token is a valid row of the embedding.
public final class TokenShard: @unchecked Sendable {
  /// llm.c's first header word.
  public static let magic: Int32 = 20_240_520
  /// llm.c's other files that are called `.bin`: uint32 tokens, evaluation sets, models.
  private static let otherMagics: [Int32] = [20_240_801, 20_240_522, 20_240_326]
  /// Bytes before the first token in llm.c's layout.
  public static let headerBytes = 1024

  /// The file, or what stands for it in messages.
  public let path: String
  /// Number of tokens.
  public let count: Int
  /// The tokens; like `fileBytes` only valid while the shard lives.
  private let tokens: UnsafeBufferPointer<UInt16>
  /// The bytes of the file, header included; empty for a shard in memory.
  private let fileBytes: UnsafeRawBufferPointer
  private let file: MappedFile?

  /// Maps and checks a file. Throws ``DatasetError`` if it cannot be read, is empty, its length
  /// does not match its header, or a token is not below `vocabularySize` (nil: ids are not
  /// checked).
  public init(path: String, vocabularySize: Int?) throws(DatasetError) {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch { throw DatasetError(error) }
    let bytes = file.bytes
    let start = try Self.firstTokenOffset(bytes, path: path)
    let body = UnsafeRawBufferPointer(rebasing: bytes[start...])
    guard !body.isEmpty else {
      throw DatasetError(.empty, at: path, "holds no tokens: expected uint16 tokens")
    }
    tokens = body.bindMemory(to: UInt16.self)
    count = body.count / 2
    fileBytes = bytes
    self.path = path
    self.file = file
    if let vocabularySize { try check(below: vocabularySize) }
  }

  /// A shard in memory, its tokens copied.
  public init(tokens: [UInt16], name: String = "memory") {
    let copy = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: tokens.count)
    _ = copy.initialize(from: tokens)
    self.tokens = UnsafeBufferPointer(copy)
    count = tokens.count
    path = name
    fileBytes = UnsafeRawBufferPointer(start: nil, count: 0)
    file = nil
  }

  deinit { if file == nil { tokens.deallocate() } }

  /// Calls `body` with the tokens, which are valid that long.
  public func withTokens<Result>(_ body: (UnsafeBufferPointer<UInt16>) -> Result) -> Result {
    withExtendedLifetime(self) { body(tokens) }
  }

  /// Where the tokens begin, once the length of the file agrees with its layout.
  private static func firstTokenOffset(
    _ bytes: UnsafeRawBufferPointer, path: String
  ) throws(DatasetError) -> Int {
    guard !bytes.isEmpty else {
      throw DatasetError(.empty, at: path, "is empty: expected uint16 tokens")
    }
    let first = bytes.count >= 4 ? headerWord(0, of: bytes) : 0
    if otherMagics.contains(first) {
      throw DatasetError(
        .malformed, at: path,
        "expected uint16 tokens, found an llm.c file of another kind (magic \(first))")
    }
    guard first == magic else {
      if bytes.count % 2 != 0 {
        throw DatasetError(
          .malformed, at: path,
          "expected an even number of bytes (uint16 tokens), found \(bytes.count): the file is damaged or no token shard"
        )
      }
      return 0
    }
    guard bytes.count >= headerBytes else {
      throw DatasetError(
        .truncated, at: path,
        "expected a header of \(headerBytes) bytes, found \(bytes.count) in all")
    }
    guard headerWord(1, of: bytes) == 1 else {
      throw DatasetError(
        .malformed, at: path, "expected version 1 in the header, found \(headerWord(1, of: bytes))")
    }
    let (said, found) = (Int(headerWord(2, of: bytes)), bytes.count - headerBytes)
    guard said >= 0, said * 2 == found else {
      throw DatasetError(
        said * 2 > found ? .truncated : .malformed, at: path,
        "the header says \(said) tokens (\(2 * said) bytes after it), found \(found) bytes: write the shard again"
      )
    }
    return headerBytes
  }

  private static func headerWord(_ index: Int, of bytes: UnsafeRawBufferPointer) -> Int32 {
    Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self))
  }

  /// CRC-32C of the file.
  func checksum() -> UInt32 { withExtendedLifetime(self) { CRC32C.checksum(fileBytes) } }

  /// Throws at the first token that is not below `vocabularySize`.
  func check(below vocabularySize: Int) throws(DatasetError) {
    precondition(vocabularySize >= 1, "TokenShard: vocabulary \(vocabularySize) < 1")
    guard let limit = UInt16(exactly: vocabularySize) else { return }
    let bad = withTokens { tokens -> (index: Int, token: UInt16)? in
      var start = 0
      while start < tokens.count {
        // The largest of a block is a vector loop; the guilty index is looked for only on failure.
        let block = tokens[start..<min(start + 8192, tokens.count)]
        var largest: UInt16 = 0
        for token in block { largest = max(largest, token) }
        if largest >= limit {
          return block.firstIndex { $0 >= limit }.map { ($0, block[$0]) }
        }
        start = block.endIndex
      }
      return nil
    }
    if let bad {
      throw DatasetError(
        .vocabulary, at: path,
        "token \(bad.index) is \(bad.token), but the vocabulary has ids 0 to \(vocabularySize - 1): the file is damaged, or was made with another tokenizer"
      )
    }
  }
}
