import Files

/// How a file is compressed, told by the ending of its name.
public enum Compression: String, Sendable, CaseIterable {
  /// By zstd.
  case zstd = ".zst"
  /// By gzip.
  case gzip = ".gz"
  /// Not at all.
  case none = ""

  /// What the name of a file says.
  init(ofName name: String) {
    self = Self.allCases.first { endsIn(name, $0.rawValue) } ?? .none
  }

  /// Opens a file and decompresses it as it is read. Throws ``DatasetError``.
  func open(_ path: String, _ fileSystem: any FileSystem) throws(DatasetError) -> any ByteInput {
    let file = try FileInput(path, fileSystem)
    return switch self {
    case .zstd: try ZstdInput(file)
    case .gzip: try GzipInput(file)
    case .none: file
    }
  }
}

/// Whether a name has an ending, in small or capital letters (ASCII), as other systems write them.
func endsIn(_ name: String, _ ending: String) -> Bool {
  func small(_ byte: UInt8) -> UInt8 { 0x41...0x5A ~= byte ? byte + 0x20 : byte }
  return name.utf8.suffix(ending.utf8.count).map(small) == ending.utf8.map(small)
}
