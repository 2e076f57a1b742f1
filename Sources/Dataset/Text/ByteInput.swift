import Files

/// Bytes that are read from the beginning to the end, once.
protocol ByteInput: AnyObject {
  /// The file, for messages.
  var path: String { get }
  /// Fills `buffer` as far as there is something; 0 only at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int
}

extension ByteInput {
  /// Fills `buffer`; less only at the end.
  func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
    var filled = 0
    while filled < buffer.count {
      let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      if count == 0 { break }
      filled += count
    }
    return filled
  }
}

/// The bytes of a file, a pipe too; closed when the object goes. A Git LFS pointer is refused.
final class FileInput: ByteInput {
  let path: String
  private let fileSystem: any FileSystem
  private let file: OpenFile
  private var isAtStart = true

  /// Opens a file. Throws ``DatasetError`` if the system refuses, or it is a directory.
  init(_ path: String, _ fileSystem: any FileSystem) throws(DatasetError) {
    if fileSystem.isDirectory(path) {
      throw DatasetError(.unknownType, at: path, "is a directory: name the files in it")
    }
    do { file = try fileSystem.open(path, .read) } catch { throw DatasetError(error) }
    self.path = path
    self.fileSystem = fileSystem
  }

  deinit { try? fileSystem.close(file) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
    let count: Int
    do { count = try fileSystem.read(file, into: buffer, at: nil) } catch {
      throw DatasetError(error)
    }
    if isAtStart && GitLFSPointer.begins(buffer[..<count]) {
      throw DatasetError(.malformed, at: path, "is \(GitLFSPointer.meaning)")
    }
    isAtStart = false
    return count
  }
}
