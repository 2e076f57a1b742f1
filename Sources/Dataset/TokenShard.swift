import Files
import Synchronization

/// A file of uint16 tokens: llm.c's `.bin` (a header of 256 little-endian int32: magic
/// 20240520, version 1, number of tokens, zeros), nanoGPT's headerless `.bin`, or NumPy's `.npy`. A
/// file that begins with the magic number is llm.c's; as tokens it would be 55448 and 308, the first
/// of which GPT-2's vocabulary lacks. Headerless ids of 32 or 64 bits are refused by name.
///
/// Every byte is checked when the file is opened: length against header, every id against the
/// vocabulary. The file stays open and is read, not mapped, since a map of a file that somebody shortens ends
/// the process. It may be changed all the same: each read looks at its length and time, and at the ids it
/// brings. After the first one that is not what was opened all tokens are 0 and `failure` says why, which whoever
/// uses tokens asks before the result counts.
public final class TokenShard: Sendable {
  /// llm.c's first header word.
  public static let magic: Int32 = 20_240_520
  /// Bytes before the first token in llm.c's layout.
  public static let headerBytes = 1024

  /// The file, or what stands for it in messages.
  public let path: String
  /// Number of tokens.
  public let count: Int
  private let source: Source
  private let state = Mutex(State())

  private enum Source {
    case memory([UInt16])
    case file(OpenFile, header: Int, limit: Int)
  }

  private struct State {
    /// What the file was when it was opened.
    var status: FileStatus?
    /// Its checksum then, once it is known.
    var checksum: UInt32?
    var failure: DatasetError?
  }

  private static let files = LocalFileSystem()
  /// Tokens read at a time.
  private static let chunk = 1 << 16

  /// Opens and checks a file. Throws ``DatasetError`` if it cannot be read, is empty, its length
  /// does not match its header, or a token is not below `vocabularySize` (nil: ids are not
  /// checked).
  public init(path: String, vocabularySize: Int?) throws(DatasetError) {
    precondition(vocabularySize ?? 1 >= 1, "TokenShard: vocabulary \(vocabularySize ?? 0) < 1")
    let file: OpenFile
    do { file = try Self.files.open(path, .readRegular) } catch { throw DatasetError(error) }
    let (status, header): (FileStatus, Int)
    do {
      status = try Self.files.status(file)
      let start = try Self.files.readExactly(
        file, count: min(status.size, Self.startBytes), at: 0)
      header = try Self.firstTokenOffset(start, fileBytes: status.size, path: path)
      guard status.size > header else {
        throw DatasetError(.empty, at: path, "holds no tokens: expected uint16 tokens")
      }
    } catch {
      try? Self.files.close(file)
      if let error = error as? DatasetError { throw error }
      if let error = error as? FileError { throw DatasetError(error) }
      throw DatasetError(.system, at: path, "\(error)")
    }
    self.path = path
    count = (status.size - header) / 2
    source = .file(file, header: header, limit: vocabularySize ?? 65_536)
    state.withLock { $0.status = status }
    if vocabularySize != nil { try check() }
  }

  /// A shard in memory.
  public init(tokens: [UInt16], name: String = "memory") {
    source = .memory(tokens)
    (count, path) = (tokens.count, name)
  }

  deinit { if case .file(let file, _, _) = source { try? Self.files.close(file) } }

  /// Why the tokens that were read are not those of the file as it was opened; nil as long as they are.
  public var failure: DatasetError? { state.withLock { $0.failure } }

  /// Calls `body` with all the tokens, which are in memory that long.
  public func withTokens<Result>(_ body: (UnsafeBufferPointer<UInt16>) -> Result) -> Result {
    var all: [UInt16] = []
    forEachSlice(0..<count) { all += $0 }
    return all.withUnsafeBufferPointer(body)
  }

  /// The tokens of `range`, some at a time.
  func forEachSlice(_ range: Range<Int>, _ body: (UnsafeBufferPointer<UInt16>) -> Void) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count,
      "TokenShard: tokens \(range) outside 0..<\(count)")
    if case .memory(let tokens) = source {
      return tokens.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
    }
    var room = [UInt16](repeating: 0, count: min(Self.chunk, range.count))
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.chunk) {
      let count = min(Self.chunk, range.upperBound - start)
      room.withUnsafeMutableBufferPointer { room in
        let part = UnsafeMutableBufferPointer(rebasing: room[..<count])
        read(start, into: part)
        body(UnsafeBufferPointer(part))
      }
    }
  }

  /// Reads tokens; zeros, if they cannot be read or are not what they were.
  private func read(_ start: Int, into tokens: UnsafeMutableBufferPointer<UInt16>) {
    guard case .file(let file, let header, let limit) = source else { return }
    do throws(DatasetError) {
      if let failure { throw failure }
      do throws(FileError) {
        try Self.files.readExactly(
          file, into: UnsafeMutableRawBufferPointer(tokens), at: header + 2 * start)
      } catch {
        try requireUnchanged(file)
        throw DatasetError(error)
      }
      // After the reading, so that nothing comes in between.
      try requireUnchanged(file)
      var largest: UInt16 = 0
      for token in tokens { largest = max(largest, token) }
      if Int(largest) >= limit, let at = tokens.firstIndex(where: { Int($0) >= limit }) {
        throw DatasetError(
          .vocabulary, at: path,
          "token \(start + at) is \(tokens[at]), but the vocabulary has ids 0 to \(limit - 1): the file is damaged, or was made with another tokenizer"
        )
      }
    } catch {
      tokens.update(repeating: 0)
      state.withLock { $0.failure = $0.failure ?? error }
    }
  }

  /// Throws if the file is not the one that was opened. One that was only touched, so that its bytes are the
  /// same, is.
  private func requireUnchanged(_ file: OpenFile) throws(DatasetError) {
    let (was, checksum) = state.withLock { ($0.status, $0.checksum) }
    do throws(FileError) {
      let now = try Self.files.status(file)
      guard let was, now.size != was.size || now.changed != was.changed else { return }
      if now.size == was.size, let checksum, try Self.files.checksum(of: file) == checksum {
        return state.withLock { $0.status = now }
      }
    } catch { throw DatasetError(error) }
    throw DatasetError(
      .malformed, at: path,
      "was changed while it was in use (\(was?.size ?? 0) bytes when it was opened): bring it back as it was, then go on with --resume"
    )
  }

  /// CRC-32C of the file, header included; 0 for a shard in memory.
  func checksum() throws(DatasetError) -> UInt32 {
    guard case .file(let file, _, _) = source else { return 0 }
    if let known = state.withLock({ $0.checksum }) { return known }
    do throws(FileError) {
      let checksum = try Self.files.checksum(of: file)
      state.withLock { $0.checksum = checksum }
      return checksum
    } catch { throw DatasetError(error) }
  }

  /// Throws at the first token that is not below the vocabulary's size.
  private func check() throws(DatasetError) {
    forEachSlice(0..<count) { _ in }
    if let failure { throw failure }
  }
}
