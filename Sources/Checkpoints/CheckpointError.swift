public import Files

/// Why a checkpoint cannot be read or written. Each description is one line.
public enum CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A file is not what it has to be.
  /// - file: its path
  /// - place: the tensor or the part of the file
  case invalid(file: String, place: String, expected: String, found: String)
  /// A value of a tensor is NaN or infinite.
  case nonFinite(file: String, tensor: String, index: Int, value: Float)
  /// A system call failed.
  case file(FileError)
  /// A JSON file is none.
  case json(JSONError)
  /// The disk has less room than a checkpoint needs (bytes).
  case noSpace(directory: String, needed: Int, available: Int)
  /// Another process writes to this run directory.
  case locked(directory: String, holder: String)
  /// The run directory is no longer under its name.
  case moved(directory: String)
  /// There is a valid checkpoint of this step already.
  case alreadyPublished(path: String)
  /// There are checkpoints, but every one of them is damaged.
  case noneValid(directory: String, damaged: [DamagedCheckpoint])
  /// The weights are a PyTorch pickle, which can run code and is not read.
  case pickle(path: String)
  /// Writing the file was stopped as asked; nothing is left of it.
  case stopped(path: String)
  /// The system has no memory for a tensor of so many bytes.
  case noMemory(bytes: Int)
  /// The path is neither a checkpoint nor a run directory that holds one.
  case notACheckpoint(path: String)

  /// One line: where, expected, found, what to do.
  public var description: String {
    switch self {
    case .invalid(let file, let place, let expected, let found):
      return "\(file.onOneLine): \(place.onOneLine): expected \(expected.onOneLine), found "
        + found.onOneLine
    case .nonFinite(let file, let tensor, let index, let value):
      return
        "\(file.onOneLine): tensor \(tensor.onOneLine): element \(index) is \(value), expected a "
        + "finite number"
    case .file(let error): return error.description
    case .json(let error): return error.description
    case .noSpace(let directory, let needed, let available):
      return
        "\(directory.onOneLine): a checkpoint needs \(needed) bytes, the disk has \(available); "
        + "free some space"
    case .locked(let directory, let holder):
      return "\(directory.onOneLine): in use by another run (\(holder)); stop it or choose another "
        + "directory"
    case .moved(let directory):
      return "\(directory.onOneLine): was moved or replaced while the run went on: nothing more is "
        + "written; put it back and add --resume"
    case .alreadyPublished(let path):
      return "\(path.onOneLine): a valid checkpoint of this step exists already"
    case .noneValid(let directory, let damaged):
      let reasons = damaged.map(\.description).joined(separator: "; ")
      return "\(directory.onOneLine): none of its \(damaged.count) checkpoints is valid: \(reasons)"
    case .pickle(let path):
      return "\(path.onOneLine): expected safetensors, found a PyTorch pickle, which can run code "
        + "and is not read; convert it: \(Pickle.conversion(of: path))"
    case .stopped(let path): return "\(path.onOneLine): not written: stopped as asked"
    case .noMemory(let bytes): return "cannot allocate \(bytes) bytes for a tensor"
    case .notACheckpoint(let path):
      return "\(path.onOneLine): expected a checkpoint (config.json, model.safetensors) or a run "
        + "directory with step-… folders, found neither"
    }
  }

  /// Whether the writer has lost its directory, so that no later try can succeed.
  public var isLost: Bool {
    switch self {
    case .locked, .moved: true
    default: false
    }
  }

  /// Whether the disk is full.
  public var isFull: Bool {
    switch self {
    case .noSpace: true
    case .file(let error): error.isFull
    default: false
    }
  }

  /// Whether what is on disk is damaged, so that an older checkpoint may stand in, rather than out
  /// of reach for a reason (permissions, too many open files) that the user should hear of.
  var isDamage: Bool {
    switch self {
    case .invalid, .nonFinite, .json: true
    case .file(let error): error.isDamage
    default: false
    }
  }
}

/// A checkpoint that was passed over.
public struct DamagedCheckpoint: Sendable, Equatable, CustomStringConvertible {
  /// Its directory.
  public var path: String
  /// What is wrong with it.
  public var reason: CheckpointError

  /// One line.
  public var description: String { reason.description }
}

/// Calls the file system on behalf of a checkpoint.
func onDisk<Result>(_ body: () throws(FileError) -> Result) throws(CheckpointError) -> Result {
  do throws(FileError) { return try body() } catch { throw .file(error) }
}
