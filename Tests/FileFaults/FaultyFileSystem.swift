public import Files
import Synchronization

/// A file system for tests: counts the calls, and lets the k-th one fail or the program "die"
/// there. For k = 1, 2, … until a run gets through, that is every failure the code can meet
/// (SQLite's method).
///
/// Death leaves the disk as it is: the call is not made, every later one is refused, and all open
/// files are closed, which frees their locks, as the kernel does for a killed process.
public final class FaultyFileSystem: FileSystem {
  /// What happens at the chosen call.
  public enum Fault: Sendable, Equatable {
    /// It fails with this `errno`. A failing close closes.
    case fail(Int32)
    /// It fails with this `errno`, and so does every later call that matches.
    case failForEver(Int32)
    /// A write writes half of its bytes and says so; another call is as always.
    case shortWrite
    /// The program dies before the call.
    case die
  }

  /// One call.
  public struct Call: Sendable, Equatable {
    /// The name of the function: "open", "write", "synchronize", …
    public var operation: String
    /// The path of the file or directory.
    public var path: String
  }

  private struct State {
    var fault: Fault?
    var countdown: Int
    var isDead = false
    var calls: [Call] = []
    var open: Set<OpenFile> = []
  }

  private let base: any FileSystem
  private let matches: @Sendable (Call) -> Bool
  private let state: Mutex<State>

  /// A file system that does to `base` what it is asked to, except for `fault` at the `number`-th
  /// call (from 1) of those that match.
  public init(
    _ base: any FileSystem = LocalFileSystem(), fault: Fault? = nil, at number: Int = 1,
    matching: @escaping @Sendable (Call) -> Bool = { _ in true }
  ) {
    self.base = base
    matches = matching
    state = Mutex(State(fault: fault, countdown: number))
  }

  /// All calls so far.
  public var calls: [Call] { state.withLock { $0.calls } }

  /// How many files are open.
  public var openCount: Int { state.withLock { $0.open.count } }

  /// Whether the program has died here.
  public var isDead: Bool { state.withLock { $0.isDead } }

  /// Whether the fault is still to come.
  public var isArmed: Bool { state.withLock { $0.fault != nil && $0.countdown > 0 } }

  /// From now on nothing fails.
  public func disarm() { state.withLock { $0.fault = nil } }

  /// Records a call; throws if it fails; returns what else happens to it.
  private func enter(_ operation: String, _ path: String) throws(FileError) -> Fault? {
    let call = Call(operation: operation, path: path)
    let matched = matches(call)
    let fault: Fault? = state.withLock { state in
      guard !state.isDead else { return .die }
      state.calls.append(call)
      guard matched, let fault = state.fault else { return nil }
      if case .failForEver = fault {
        state.countdown = max(0, state.countdown - 1)
      } else {
        state.countdown -= 1
      }
      guard state.countdown == 0 else { return nil }
      if fault == .die {
        state.isDead = true
        for file in state.open { try? base.close(file) }
        state.open = []
      }
      return fault
    }
    switch fault {
    case .die: throw FileError(operation: operation, path: path, detail: "died here for a test")
    case .fail(let code), .failForEver(let code):
      throw FileError(operation: operation, path: path, code: code)
    case .shortWrite, nil: return fault
    }
  }

  /// Opens a file.
  public func open(
    _ path: String, _ mode: OpenMode, in directory: OpenFile?
  ) throws(FileError) -> OpenFile {
    _ = try enter("open", directory?.path(of: path) ?? path)
    let file = try base.open(path, mode, in: directory)
    state.withLock { _ = $0.open.insert(file) }
    return file
  }

  /// Reads.
  public func read(
    _ file: OpenFile, into buffer: UnsafeMutableRawBufferPointer, at offset: Int?
  ) throws(FileError) -> Int {
    _ = try enter("read", file.path)
    return try base.read(file, into: buffer, at: offset)
  }

  /// Writes.
  public func write(_ bytes: UnsafeRawBufferPointer, to file: OpenFile) throws(FileError) -> Int {
    let isShort = try enter("write", file.path) == .shortWrite
    let part = UnsafeRawBufferPointer(rebasing: bytes[..<(isShort ? bytes.count / 2 : bytes.count)])
    return try base.write(part.isEmpty ? bytes : part, to: file)
  }

  /// Writes at an offset.
  public func write(
    _ bytes: UnsafeRawBufferPointer, to file: OpenFile, at offset: Int
  ) throws(FileError) -> Int {
    let isShort = try enter("write", file.path) == .shortWrite
    let part = UnsafeRawBufferPointer(rebasing: bytes[..<(isShort ? bytes.count / 2 : bytes.count)])
    return try base.write(part.isEmpty ? bytes : part, to: file, at: offset)
  }

  /// Reserves space.
  public func allocate(_ size: Int, for file: OpenFile) throws(FileError) {
    _ = try enter("allocate", file.path)
    try base.allocate(size, for: file)
  }

  /// Syncs a file.
  public func synchronize(_ file: OpenFile) throws(FileError) {
    _ = try enter("synchronize", file.path)
    try base.synchronize(file)
  }

  /// Closes a file, also where it is to fail.
  public func close(_ file: OpenFile) throws(FileError) {
    let isOpen = state.withLock { $0.open.remove(file) != nil }
    var failure: FileError?
    do throws(FileError) { _ = try enter("close", file.path) } catch { failure = error }
    if isOpen { try base.close(file) }
    if let failure { throw failure }
  }

  /// Locks a file.
  public func lock(_ file: OpenFile) throws(FileError) {
    _ = try enter("lock", file.path)
    try base.lock(file)
  }

  /// Looks at an open file.
  public func status(_ file: OpenFile) throws(FileError) -> FileStatus {
    _ = try enter("status", file.path)
    return try base.status(file)
  }

  /// Looks at a path.
  public func status(
    of path: String, followingLinks: Bool, in directory: OpenFile?
  ) throws(FileError) -> FileStatus {
    _ = try enter("status", directory?.path(of: path) ?? path)
    return try base.status(of: path, followingLinks: followingLinks, in: directory)
  }

  /// Renames.
  public func rename(
    _ path: String, to newPath: String, in directory: OpenFile?
  ) throws(FileError) {
    _ = try enter("rename", directory?.path(of: path) ?? path)
    try base.rename(path, to: newPath, in: directory)
  }

  /// Exchanges two names.
  public func exchange(
    _ path: String, with other: String, in directory: OpenFile?
  ) throws(FileError) {
    _ = try enter("exchange", directory?.path(of: path) ?? path)
    try base.exchange(path, with: other, in: directory)
  }

  /// Removes a file.
  public func removeFile(_ path: String, in directory: OpenFile?) throws(FileError) {
    _ = try enter("removeFile", directory?.path(of: path) ?? path)
    try base.removeFile(path, in: directory)
  }

  /// Makes a directory.
  public func makeDirectory(_ path: String, in directory: OpenFile?) throws(FileError) {
    _ = try enter("makeDirectory", directory?.path(of: path) ?? path)
    try base.makeDirectory(path, in: directory)
  }

  /// Removes a directory.
  public func removeDirectory(_ path: String, in directory: OpenFile?) throws(FileError) {
    _ = try enter("removeDirectory", directory?.path(of: path) ?? path)
    try base.removeDirectory(path, in: directory)
  }

  /// Syncs a directory.
  public func synchronizeDirectory(_ directory: OpenFile) throws(FileError) {
    _ = try enter("synchronizeDirectory", directory.path)
    try base.synchronizeDirectory(directory)
  }

  /// Lists a directory.
  public func list(_ directory: OpenFile) throws(FileError) -> [String] {
    _ = try enter("list", directory.path)
    return try base.list(directory)
  }

  /// Asks for the free space.
  public func freeSpace(at path: String) throws(FileError) -> Int {
    _ = try enter("freeSpace", path)
    return try base.freeSpace(at: path)
  }
}
