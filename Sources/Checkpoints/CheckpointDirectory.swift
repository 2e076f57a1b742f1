public import Files
import Glibc

/// How much of a checkpoint is checked before it is used.
public enum Verification: Sendable {
  /// The manifest, which files there are, their lengths and the headers of safetensors files.
  case structure
  /// As ``everything``, but for tensors that are not the model's own (`optimizer.safetensors`).
  case model
  /// Every byte, against the checksums of the manifest.
  case everything
}

/// One checkpoint: a directory of files, with a manifest if it is ours, without one if it is a
/// plain Hugging Face folder, of which nothing can be verified but what its files say themselves.
///
/// The files that a manifest lists are opened once, at the beginning, and verified and read through that: a
/// writer that removes the checkpoint meanwhile is no matter.
public struct CheckpointDirectory: Sendable {
  /// Its path.
  public let path: String
  /// Its manifest, if it has one.
  public let manifest: CheckpointManifest?

  private let files: any FileSystem
  private let directory: HeldFile
  /// The files of the manifest, by name.
  private let held: [String: HeldFile]

  /// Opens a checkpoint and verifies it.
  public init(
    path: String, verify verification: Verification = .structure,
    files: any FileSystem = LocalFileSystem()
  ) throws(CheckpointError) {
    try self.init(path: path, needsManifest: false, verify: verification, files)
  }

  init(
    path: String, needsManifest: Bool, verify verification: Verification, _ files: any FileSystem
  ) throws(CheckpointError) {
    (self.path, self.files) = (path, files)
    let manifestPath = "\(path)/\(CheckpointManifest.fileName)"
    // In a run directory a checkpoint is a directory, no link; elsewhere the user's word counts.
    directory = try onDisk { () throws(FileError) in
      try HeldFile(path, needsManifest ? .directoryNoLink : .directory, files)
    }
    let text: [UInt8]?
    do throws(FileError) {
      text = try files.readBytes(
        CheckpointManifest.fileName, limit: CheckpointManifest.maxLength, mode: .readRegularNoLink,
        in: directory.file)
    } catch  where error.code == ENOENT && !needsManifest {
      text = nil
    } catch {
      throw .file(error)
    }
    var held: [String: HeldFile] = [:]
    if let text, needsManifest || !CheckpointManifest.isForeign(text) {
      let manifest = try CheckpointManifest(parsing: text, file: manifestPath)
      for record in manifest.files {
        held[record.name] = try Self.open(record, in: directory, files)
      }
      self.manifest = manifest
    } else {
      manifest = nil
    }
    self.held = held
    try verify(verification)
  }

  private static func open(
    _ record: FileRecord, in directory: HeldFile, _ files: any FileSystem
  ) throws(CheckpointError) -> HeldFile {
    let file = directory.file.path(of: record.name)
    do throws(FileError) {
      return try HeldFile(record.name, .readRegularNoLink, in: directory.file, files)
    } catch {
      guard error.code == 0 || error.code == ELOOP || error.code == ENXIO else {
        throw .file(error)
      }
      let kind = try? files.status(of: record.name, followingLinks: false, in: directory.file).kind
      throw .invalid(
        file: file, place: "file", expected: "a regular file",
        found: "a \(kind?.rawValue ?? "file of another kind")")
    }
  }

  /// Opens the checkpoint of a path: the checkpoint itself or, of a run directory, the newest valid
  /// one. Returns also the newer ones that were passed over.
  public static func open(
    _ path: String, verify verification: Verification = .structure,
    files: any FileSystem = LocalFileSystem()
  ) throws(CheckpointError) -> (checkpoint: CheckpointDirectory, damaged: [DamagedCheckpoint]) {
    let status: FileStatus
    do throws(FileError) { status = try files.status(of: path, followingLinks: true) } catch {
      throw .file(error.explainingHubName())
    }
    guard status.kind == .directory else {
      throw Pickle.isPickle(path) ? .pickle(path: path) : .notACheckpoint(path: path)
    }
    let signs = [
      CheckpointManifest.fileName, "config.json", "model.safetensors",
      "model.safetensors.index.json",
    ]
    for name in signs + Pickle.names where files.exists("\(path)/\(name)") {
      return (try CheckpointDirectory(path: path, verify: verification, files: files), [])
    }
    let search = try CheckpointStore(directory: path, files: files).newestValid(
      verify: verification)
    guard let newest = search.newest else { throw .notACheckpoint(path: path) }
    return (newest, search.damaged)
  }

  /// Whether the checkpoint has a file of that name.
  public func contains(_ name: String) -> Bool {
    guard let manifest else {
      return (try? files.status(of: name, followingLinks: true, in: directory.file)) != nil
    }
    return manifest.files.contains { $0.name == name }
  }

  /// The open file of that name.
  /// - Throws: `.invalid` if there is a manifest that does not list it; `.file`
  private func file(_ name: String) throws(CheckpointError) -> HeldFile {
    precondition(isFileName(name), "\(name) is no name of a file in a checkpoint")
    if let file = held[name] { return file }
    guard manifest == nil else {
      throw .invalid(
        file: path, place: "manifest", expected: "the file \(name)", found: "no such file")
    }
    return try onDisk { () throws(FileError) in
      try HeldFile(name, .readRegular, in: directory.file, files)
    }
  }

  /// The bytes of a file of at most `limit` bytes.
  public func bytes(of name: String, limit: Int = 64 << 20) throws(CheckpointError) -> [UInt8] {
    let held = try file(name)
    return try onDisk { () throws(FileError) in
      try files.readBytes(held.file, limit: limit)
    }
  }

  /// The bytes of a file, or nil if there is none of that name; for readers that take files as they come.
  public func contents(of name: String, limit: Int) throws(FileError) -> [UInt8]? {
    if let held = held[name] { return try files.readBytes(held.file, limit: limit) }
    guard manifest == nil else { return nil }
    do throws(FileError) {
      return try files.readBytes(name, limit: limit, in: directory.file)
    } catch  where error.isMissing { return nil }
  }

  /// A JSON file of at most `limit` bytes.
  public func json(of name: String, limit: Int = 64 << 20) throws(CheckpointError) -> JSON {
    let bytes = try bytes(of: name, limit: limit)
    do throws(JSONError) {
      return try JSON(parsing: bytes, name: "\(path)/\(name)")
    } catch {
      throw .json(error)
    }
  }

  /// A safetensors file, open.
  public func tensors(of name: String) throws(CheckpointError) -> SafetensorsFile {
    try SafetensorsFile(try file(name))
  }

  /// Checks the files against the manifest. Without one there is nothing to check.
  public func verify(_ verification: Verification) throws(CheckpointError) {
    for record in manifest?.files ?? [] { try verify(record, verification) }
  }

  private func verify(
    _ record: FileRecord, _ verification: Verification
  ) throws(CheckpointError) {
    let held = try file(record.name)
    let file = held.file.path
    let status = try onDisk { () throws(FileError) in try files.status(held.file) }
    guard status.size == record.length else {
      throw .invalid(
        file: file, place: "length", expected: "\(record.length) bytes, as the manifest says",
        found: "\(status.size)")
    }
    let isTensors = record.name.hasSuffix(".safetensors")
    let isModel = !isTensors || record.name.hasPrefix("model")
    switch verification {
    case .structure where isTensors, .model where !isModel:
      _ = try SafetensorsFile(held)
    case .structure: break
    case .model, .everything:
      let crc32c = try onDisk { () throws(FileError) in
        try files.checksum(of: held.file)
      }
      guard crc32c == record.crc32c else {
        throw .invalid(
          file: file, place: "checksum", expected: "that of the manifest",
          found: "another: it is damaged")
      }
    }
  }
}
