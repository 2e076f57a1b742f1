import Files

extension TokenShard {
  /// llm.c's other files that are called `.bin`: uint32 tokens, evaluation sets, models.
  private static let otherMagics: [Int32] = [20_240_801, 20_240_522, 20_240_326]

  /// What turns ids of another kind into a shard.
  private static let converter = "convert it by python3 scripts/convert_tokens.py"

  /// How much of a file tells what it holds: its header, or a sample of its ids.
  static let startBytes = 1 << 16

  /// Where the tokens begin, once the length of the file agrees with its layout.
  /// - bytes: its first `startBytes` bytes
  static func firstTokenOffset(
    _ bytes: [UInt8], fileBytes: Int, path: String
  ) throws(DatasetError) -> Int {
    guard !bytes.isEmpty else {
      throw DatasetError(.empty, at: path, "is empty: expected uint16 tokens")
    }
    if GitLFSPointer.begins(bytes) {
      throw DatasetError(.malformed, at: path, "is \(GitLFSPointer.meaning)")
    }
    let isNumpy = bytes.starts(with: NumpyHeader.magic)
    if isNumpy || endsIn(path, ".npy") {
      return try offsetInNumpy(bytes, fileBytes, path: path)
    }
    let first = bytes.count >= 4 ? headerWord(0, of: bytes) : 0
    if otherMagics.contains(first) {
      throw DatasetError(
        .malformed, at: path,
        "expected uint16 tokens, found an llm.c file of another kind (magic \(first))")
    }
    if first == magic { return try offsetInLLMC(bytes, fileBytes, path: path) }
    if fileBytes % 2 != 0 {
      throw DatasetError(
        .malformed, at: path,
        "expected an even number of bytes (uint16 tokens), found \(fileBytes): the file is damaged or no token shard"
      )
    }
    let isWhole = { fileBytes % $0 == 0 }
    if let kind = bytes.withUnsafeBytes({ widerKind(of: $0.bindMemory(to: UInt16.self), isWhole) })
    {
      throw DatasetError(
        .malformed, at: path, "expected uint16 tokens, found what looks like \(kind): \(converter)")
    }
    return 0
  }

  private static func offsetInLLMC(
    _ bytes: [UInt8], _ fileBytes: Int, path: String
  ) throws(DatasetError) -> Int {
    guard fileBytes >= headerBytes else {
      throw DatasetError(
        .truncated, at: path,
        "expected a header of \(headerBytes) bytes, found \(fileBytes) in all")
    }
    guard headerWord(1, of: bytes) == 1 else {
      throw DatasetError(
        .malformed, at: path, "expected version 1 in the header, found \(headerWord(1, of: bytes))")
    }
    let (said, found) = (Int(headerWord(2, of: bytes)), fileBytes - headerBytes)
    guard said >= 0, said * 2 == found else {
      throw DatasetError(
        said * 2 > found ? .truncated : .malformed, at: path,
        "the header says \(said) tokens (\(2 * said) bytes after it), found \(found) bytes: write the shard again"
      )
    }
    return headerBytes
  }

  private static func headerWord(_ index: Int, of bytes: [UInt8]) -> Int32 {
    bytes.withUnsafeBytes {
      Int32(littleEndian: $0.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self))
    }
  }

  private static func offsetInNumpy(
    _ bytes: [UInt8], _ fileBytes: Int, path: String
  ) throws(DatasetError) -> Int {
    guard let header = bytes.withUnsafeBytes({ NumpyHeader($0) }) else {
      throw DatasetError(
        .malformed, at: path,
        "expected the header of an .npy file, found something else: the file is damaged")
    }
    guard header.type == "<u2", !header.isColumnMajor || header.shape.count < 2 else {
      throw DatasetError(
        .malformed, at: path,
        "expected uint16 tokens (dtype <u2, in C order), found dtype \(header.type.onOneLine)\(header.isColumnMajor ? " in Fortran order" : ""): \(converter)"
      )
    }
    let found = fileBytes - header.dataOffset
    guard let count = header.count, count <= Int.max / 2, count * 2 == found else {
      throw DatasetError(
        .malformed, at: path,
        "the header says shape \(header.shape) of uint16, found \(found) bytes after it: fetch or write the file again"
      )
    }
    return header.dataOffset
  }

  /// In words what headerless tokens seem to be that are wider than 16 bits; nil for uint16.
  ///
  /// Of small ids, as integers of 32 or 64 bits, the upper halves or three quarters are zeros. No text
  /// has one token at nine in ten odd places, and others at the even ones.
  /// - words: the beginning of the file; - isWhole: whether the file is so many bytes times a number
  private static func widerKind(
    of words: UnsafeBufferPointer<UInt16>, _ isWhole: (Int) -> Bool
  ) -> String? {
    guard words.count >= 64, isWhole(4) else { return nil }
    var zeros = [0, 0, 0, 0]
    for start in stride(from: 0, to: words.count - 3, by: 4) {
      for place in 0..<4 where words[start + place] == 0 { zeros[place] += 1 }
    }
    let groups = words.count / 4
    let isZero = zeros.map { $0 * 10 >= groups * 9 }
    let isMixed = zeros.map { $0 * 4 < groups * 3 }
    return switch (isZero, isMixed) {
    case ([false, true, true, true], _) where isWhole(8):
      "ids of 64 bits (int64, uint64)"
    case ([true, true, true, false], _) where isWhole(8):
      "ids of 64 bits in big-endian order, or floats"
    case ([false, true, false, true], [true, false, true, false]):
      "ids of 32 bits (uint32, int32)"
    case ([true, false, true, false], [false, true, false, true]):
      "ids of 32 bits in big-endian order, or floats"
    default: nil
    }
  }
}
