public import Files
import Glibc
import Synchronization

/// The checkpoints of a run: a directory with one folder `step-00001234` a checkpoint.
///
/// A checkpoint is written aside, `.tmp-step-…`, each file synced, the manifest last, then renamed;
/// so a folder of the final name is complete, whenever the program was killed. What is no longer
/// kept is renamed to `.trash-step-…` before it is removed, so a half-removed checkpoint is never
/// taken for one.
///
/// The one writer holds two locks: of the directory itself, which stands whatever is done to the names in it,
/// and of `run.lock`, for file systems whose directories have none. Both are the kernel's and end with the
/// process, in whatever container it ran. What it changes in the directory it changes through the directory,
/// open.
public final class CheckpointStore: Sendable {
  /// The run directory.
  public let directory: String

  let files: any FileSystem
  private let held = Mutex<(directory: OpenFile, lock: OpenFile)?>(nil)
  private static let lockName = "run.lock"

  /// The checkpoints in a run directory, which need not exist yet.
  public init(directory: String, files: any FileSystem = LocalFileSystem()) {
    (self.directory, self.files) = (directory, files)
  }

  deinit { unlock() }

  /// Makes the run directory where it is missing and becomes its one writer, until `unlock()`, the
  /// end of this object or of the process. Removes what a writer that is gone left behind. Does not wait.
  /// - Throws: `.locked` with the other process' number, `.file`
  public func lock() throws(CheckpointError) {
    guard !isLocked else { return }
    try onDisk { () throws(FileError) in try files.makeDirectories(directory) }
    let run = try onDisk { () throws(FileError) in try files.open(directory, .directory) }
    do throws(CheckpointError) {
      do throws(FileError) {
        try lock(run)
      } catch  where error.isUnsupported {
      } catch {
        if error.isLocked { throw .locked(directory: directory, holder: holder(in: run)) }
        throw .file(error)
      }
      let file = try takeLock(in: run)
      held.withLock { $0 = (run, file) }
    } catch {
      try? files.close(run)
      throw error
    }
    do throws(CheckpointError) {
      try cleanLeftovers()
    } catch {
      unlock()
      throw error
    }
  }

  /// Takes `run.lock`.
  private func takeLock(in run: OpenFile) throws(CheckpointError) -> OpenFile {
    let file = try onDisk { () throws(FileError) in
      try files.open(Self.lockName, .update, in: run)
    }
    do throws(FileError) {
      try lock(file)
      try files.requireOwn(Self.lockName, file, in: run)
    } catch {
      let holder = error.isLocked ? holder(file) : ""
      try? files.close(file)
      if error.isLocked { throw .locked(directory: directory, holder: holder) }
      throw .file(error)
    }
    // Only for the message above; the lock itself is the kernel's.
    let number = Array("\(getpid())".utf8)
    let line = number + [UInt8](repeating: 0x20, count: 15 - number.count) + [0x0A]
    _ = line.withUnsafeBytes { bytes in try? files.write(bytes, to: file, at: 0) }
    return file
  }

  /// Tries again for a quarter of a second: a program that this one is just starting holds copies of its open
  /// files, and so a lock that was given back, until it runs.
  private func lock(_ file: OpenFile) throws(FileError) {
    for _ in 0..<25 {
      do throws(FileError) { return try files.lock(file) } catch  where error.isLocked {
        usleep(10_000)
      }
    }
    try files.lock(file)
  }

  /// Whether this object is still the one writer: the directory has its name, and `run.lock` in it is the one
  /// that is locked. One that somebody removed is made again.
  /// - Throws: `.locked` if another has the lock by now; `.moved`
  func confirmLock() throws(CheckpointError) {
    guard let (run, file) = held.withLock({ $0 }) else {
      preconditionFailure("\(directory): only the one writer publishes; call lock() first")
    }
    let names: (now: [UInt64]?, own: [UInt64]) = try onDisk { () throws(FileError) in
      (
        try? files.status(of: directory, followingLinks: true).identity,
        try files.status(run).identity
      )
    }
    guard names.now == names.own else { throw .moved(directory: directory) }
    if (try? files.requireOwn(Self.lockName, file, in: run)) != nil { return }
    let again = try takeLock(in: run)
    held.withLock { $0 = (run, again) }
    try? files.close(file)
  }

  /// The run directory, open. The store has to be locked.
  var openDirectory: OpenFile {
    guard let run = held.withLock({ $0?.directory }) else {
      preconditionFailure("\(directory): only the one writer changes it; call lock() first")
    }
    return run
  }

  /// Lets another writer in.
  public func unlock() {
    let held = held.withLock { held in
      defer { held = nil }
      return held
    }
    guard let held else { return }
    try? files.close(held.lock)
    try? files.close(held.directory)
  }

  /// Lets another writer in, and removes those of `directories`, the innermost first, that hold nothing
  /// but the lock: of a run that has not begun.
  public func abandon(_ directories: [String]) {
    if isLocked && !directories.isEmpty && (try? files.list(openDirectory)) == [Self.lockName] {
      try? files.removeFile(Self.lockName, in: openDirectory)
    }
    unlock()
    for path in directories { try? files.removeDirectory(path) }
  }

  /// Whether this object is the one writer of the directory.
  public var isLocked: Bool { held.withLock { $0 != nil } }

  private func holder(in run: OpenFile) -> String {
    guard let file = try? files.open(Self.lockName, .readRegularNoLink, in: run) else {
      return "unknown process"
    }
    defer { try? files.close(file) }
    return holder(file)
  }

  private func holder(_ file: OpenFile) -> String {
    let bytes = (try? files.readExactly(file, count: 16, at: 0)) ?? []
    let number = String(decoding: bytes, as: UTF8.self).prefix { $0.isNumber }
    return number.isEmpty ? "unknown process" : "process \(number)"
  }

  /// The path of the checkpoint of a step.
  public func path(of step: Int) -> String { "\(directory)/\(Self.name(of: step))" }

  /// The steps of which there are checkpoints, valid or not, in ascending order.
  public func steps() throws(CheckpointError) -> [Int] {
    do throws(FileError) {
      return try files.list(directory).compactMap(Self.step(of:)).sorted()
    } catch  where error.code == ENOENT {
      return []
    } catch {
      throw .file(error)
    }
  }

  /// The newest valid checkpoint, and the newer ones that are damaged. Neither, if there are no
  /// checkpoints.
  /// - Throws: `.noneValid` if there are checkpoints, but no valid one
  public func newestValid(
    verify verification: Verification = .everything
  ) throws(CheckpointError) -> (newest: CheckpointDirectory?, damaged: [DamagedCheckpoint]) {
    var (known, damaged): ([Int], [DamagedCheckpoint]) = (try steps(), [])
    while true {
      for step in known.reversed() {
        do throws(CheckpointError) {
          return (try checkpoint(of: step, verify: verification), damaged)
        } catch  where error.isDamage {
          damaged.append(DamagedCheckpoint(path: path(of: step), reason: error))
        }
      }
      // Its writer may have published another meanwhile, and removed these.
      let now = try steps()
      if now == known { break }
      (known, damaged) = (now, [])
    }
    if !damaged.isEmpty { throw .noneValid(directory: directory, damaged: damaged) }
    return (nil, [])
  }

  /// The checkpoint of a step.
  public func checkpoint(
    of step: Int, verify verification: Verification = .everything
  ) throws(CheckpointError) -> CheckpointDirectory {
    let path = path(of: step)
    let status = try onDisk { () throws(FileError) in
      try files.status(of: path, followingLinks: false)
    }
    guard status.kind == .directory else {
      throw .invalid(
        file: path, place: "path", expected: "a directory", found: "a \(status.kind.rawValue)")
    }
    let checkpoint = try CheckpointDirectory(
      path: path, needsManifest: true, verify: verification, files)
    guard let manifest = checkpoint.manifest, manifest.step == step else {
      throw .invalid(
        file: path, place: "manifest", expected: "step \(step)",
        found: "step \(checkpoint.manifest?.step ?? -1)")
    }
    return checkpoint
  }

  /// The name of the folder of a step's checkpoint.
  public static func name(of step: Int) -> String {
    let digits = String(step)
    return "step-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }

  private static func step(of name: String) -> Int? {
    guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)), step >= 0 else { return nil }
    return Self.name(of: step) == name ? step : nil
  }
}
