import Files

/// An open file that closes itself when its last reader is gone. What is read through it is one file from the
/// first look to the last byte, whoever removes or replaces its name meanwhile.
final class HeldFile: Sendable {
  /// The file.
  let file: OpenFile
  /// Where it is.
  let files: any FileSystem

  /// Opens a file or directory.
  init(
    _ path: String, _ mode: OpenMode, in directory: OpenFile? = nil, _ files: any FileSystem
  ) throws(FileError) {
    (file, self.files) = (try files.open(path, mode, in: directory), files)
  }

  deinit { try? files.close(file) }
}
