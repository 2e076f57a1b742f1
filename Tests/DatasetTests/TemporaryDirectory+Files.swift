import CZstd
import Files
import TemporaryDirectories
import Testing

extension TemporaryDirectory {
  /// Writes a file in it; returns its path.
  @discardableResult
  func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
    try LocalFileSystem().writeAtomically(Array(bytes), to: self(name))
    return self(name)
  }

  func read(_ name: String) throws -> [UInt8] {
    try LocalFileSystem().readBytes(self(name), limit: 1 << 30)
  }

  func list(_ name: String = "") throws -> [String] { try LocalFileSystem().list(self(name)) }
}

/// One zstd frame of `bytes`, with a checksum.
func compressed(_ bytes: [UInt8]) throws -> [UInt8] {
  let context = try #require(ZSTD_createCCtx())
  defer { ZSTD_freeCCtx(context) }
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  var out = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
  let size = ZSTD_compress2(context, &out, out.count, bytes, bytes.count)
  try #require(ZSTD_isError(size) == 0)
  return Array(out[..<size])
}
