import CZstd
import Files
import Glibc
import Testing

/// A directory that goes away with the object.
final class TemporaryDirectory {
  let path: String
  private let files = LocalFileSystem()

  init() throws {
    var template = Array("/tmp/dataset-tests-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } }
    path = String(cString: try #require(made))
  }

  deinit { try? files.removeTree(path) }

  /// The path of a file in it.
  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file in it; returns its path.
  @discardableResult
  func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
    try files.writeAtomically(Array(bytes), to: file(name))
    return file(name)
  }

  func read(_ name: String) throws -> [UInt8] { try files.readBytes(file(name), limit: 1 << 30) }

  func list(_ name: String = "") throws -> [String] { try files.list(file(name)) }
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
