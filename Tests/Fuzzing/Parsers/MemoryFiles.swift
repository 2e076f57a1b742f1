import Files
import Glibc
import Synchronization

/// Files in memory, by their paths: to be read and, new ones, written. A directory is the
/// beginning of a path.
final class MemoryFiles: FileSystem {
  private struct State {
    var contents: [String: [UInt8]]
    var open: [Int32: (path: String, position: Int)] = [:]
    var next: Int32 = 1000
  }

  private let state: Mutex<State>

  init(_ contents: [String: [UInt8]] = [:]) { state = Mutex(State(contents: contents)) }

  /// The bytes of a file.
  subscript(path: String) -> [UInt8]? { state.withLock { $0.contents[path] } }

  func open(
    _ path: String, _ mode: OpenMode, in directory: OpenFile?
  ) throws(FileError) -> OpenFile {
    let path = directory?.path(of: path) ?? path
    let result = state.withLock { state -> Result<OpenFile, FileError> in
      // Every path may be a directory's.
      if mode == .directory || mode == .directoryNoLink {
        state.next += 1
        return .success(OpenFile(descriptor: state.next, path: path))
      }
      let isNew = state.contents[path] == nil
      if isNew != (mode == .create) {
        return .failure(FileError(operation: "open", path: path, code: isNew ? ENOENT : EEXIST))
      }
      if isNew { state.contents[path] = [] }
      state.next += 1
      state.open[state.next] = (path, 0)
      return .success(OpenFile(descriptor: state.next, path: path))
    }
    return try result.get()
  }

  func read(
    _ file: OpenFile, into buffer: UnsafeMutableRawBufferPointer, at offset: Int?
  ) throws(FileError) -> Int {
    state.withLock { state in
      let bytes = state.contents[file.path] ?? []
      let start = min(offset ?? state.open[file.descriptor]?.position ?? 0, bytes.count)
      let count = min(buffer.count, bytes.count - start)
      buffer.copyBytes(from: bytes[start..<start + count])
      if offset == nil { state.open[file.descriptor]?.position = start + count }
      return count
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer, to file: OpenFile) throws(FileError) -> Int {
    state.withLock { $0.contents[file.path]?.append(contentsOf: bytes) }
    return bytes.count
  }

  func close(_ file: OpenFile) throws(FileError) {
    _ = state.withLock { $0.open.removeValue(forKey: file.descriptor) }
  }

  func status(_ file: OpenFile) throws(FileError) -> FileStatus {
    try status(of: file.path, followingLinks: true)
  }

  func status(
    of path: String, followingLinks: Bool, in directory: OpenFile?
  ) throws(FileError) -> FileStatus {
    let path = directory?.path(of: path) ?? path
    guard let bytes = self[path] else {
      throw FileError(operation: "look at", path: path, code: ENOENT)
    }
    return FileStatus(kind: .regular, size: bytes.count)
  }

  func allocate(_ size: Int, for file: OpenFile) throws(FileError) {}
  func synchronize(_ file: OpenFile) throws(FileError) {}
  func synchronizeDirectory(_ directory: OpenFile) throws(FileError) {}

  // What no reader calls.

  func write(_ bytes: UnsafeRawBufferPointer, to file: OpenFile, at offset: Int) throws(FileError)
    -> Int
  {
    throw unsupported("write", file.path)
  }
  func lock(_ file: OpenFile) throws(FileError) { throw unsupported("lock", file.path) }
  func rename(
    _ path: String, to newPath: String, in directory: OpenFile?
  ) throws(FileError) { throw unsupported("rename", path) }
  func exchange(
    _ path: String, with other: String, in directory: OpenFile?
  ) throws(FileError) { throw unsupported("exchange", path) }
  func removeFile(_ path: String, in directory: OpenFile?) throws(FileError) {
    throw unsupported("remove", path)
  }
  func makeDirectory(_ path: String, in directory: OpenFile?) throws(FileError) {
    throw unsupported("make", path)
  }
  func removeDirectory(_ path: String, in directory: OpenFile?) throws(FileError) {
    throw unsupported("remove", path)
  }
  func list(_ directory: OpenFile) throws(FileError) -> [String] {
    throw unsupported("list", directory.path)
  }
  func freeSpace(at path: String) throws(FileError) -> Int { throw unsupported("ask of", path) }

  private func unsupported(_ operation: String, _ path: String) -> FileError {
    FileError(operation: operation, path: path, code: ENOSYS)
  }
}

/// A file without a name, for what is mapped.
final class UnlinkedFile {
  private let descriptor: Int32

  init(_ bytes: [UInt8]) throws(FileError) {
    let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array("\(parent)/fuzzed-XXXXXX".utf8CString)
    descriptor = mkstemp(&template)
    guard descriptor >= 0, unlink(template) == 0,
      write(descriptor, bytes, bytes.count) == bytes.count
    else { throw FileError(operation: "write", path: parent, code: errno) }
  }

  deinit { close(descriptor) }

  /// Opens the file, as long as this object lives.
  var path: String { "/proc/self/fd/\(descriptor)" }
}
