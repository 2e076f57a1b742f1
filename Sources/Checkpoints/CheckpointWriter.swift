public import Files

/// Takes the files of a checkpoint while it is published. Each is written, checksummed and synced
/// at once.
public final class CheckpointWriter {
  private let directory: OpenFile
  private let files: any FileSystem
  private(set) var records: [FileRecord] = []

  /// - directory: open, new and empty
  init(directory: OpenFile, _ files: any FileSystem) {
    (self.directory, self.files) = (directory, files)
  }

  /// Writes a file of bytes.
  public func writeBytes(_ name: String, _ bytes: [UInt8]) throws(CheckpointError) {
    let written = try ChecksummedFile.write(
      checked(name), in: directory, size: bytes.count, files
    ) { (output) throws(CheckpointError) in try output.write(bytes)
    }
    records.append(FileRecord(name: name, length: written.length, crc32c: written.crc32c))
  }

  /// Writes a JSON file, one member a line.
  public func writeJSON(_ name: String, _ json: JSON) throws(CheckpointError) {
    try writeBytes(name, json.serialized(pretty: true) + [0x0A])
  }

  /// Writes a safetensors file.
  /// - allowingNonFinite: whether NaN and infinity are let through
  public func writeTensors(
    _ name: String, _ tensors: [NamedTensor],
    metadata: [JSONMember] = SafetensorsWriter.metadata, allowingNonFinite: Bool = false
  ) throws(CheckpointError) {
    let written = try SafetensorsWriter.write(
      tensors, to: checked(name), in: directory, metadata: metadata,
      allowingNonFinite: allowingNonFinite, files: files)
    records.append(FileRecord(name: name, length: written.length, crc32c: written.crc32c))
  }

  /// Writes the manifest, last of all, and syncs the directory.
  func finish(step: Int, fields: [JSONMember]) throws(CheckpointError) {
    let manifest = CheckpointManifest(step: step, fields: fields, files: records).serialized()
    _ = try ChecksummedFile.write(
      CheckpointManifest.fileName, in: directory, size: manifest.count, files
    ) { (output) throws(CheckpointError) in try output.write(manifest) }
    try onDisk { () throws(FileError) in try files.synchronizeDirectory(directory) }
  }

  private func checked(_ name: String) -> String {
    precondition(isFileName(name), "\(name) is no name of a file in a checkpoint")
    return name
  }
}
