public import Checkpoints
public import Files
public import Training

/// Why a study cannot start or go on. Each description is one line.
public enum ComparisonError: Error, CustomStringConvertible {
  /// A value of a file is not what it has to be.
  /// - place: the keys that lead to it
  case invalid(file: String, place: String, expected: String, found: String)
  /// A key that nobody knows.
  case unknownKey(file: String, place: String, key: String, nearest: String)
  /// A key that is known, but decided elsewhere.
  case misplacedKey(file: String, place: String, key: String, advice: String)
  /// A configuration that cannot be trained, or a run that cannot go on.
  /// - place: the study's key or the cell; empty where the line says it
  case training(place: String, TrainingError)
  /// The directory is taken.
  case checkpoint(CheckpointError)
  /// A system call failed.
  case file(FileError)
  /// A file is no JSON.
  case json(JSONError)
  /// A file of this program's own is damaged.
  /// - advice: what to do about it
  case damaged(String, _ advice: String)

  /// One line: file, place, expected, found.
  public var description: String {
    switch self {
    case .invalid(let file, let place, let expected, let found):
      return "\(file.onOneLine): \(place.onOneLine): expected \(expected), found \(found.onOneLine)"
    case .unknownKey(let file, let place, let key, let nearest):
      return
        "\(Self.prefix(file, place))unknown key \"\(key.onOneLine)\"; did you mean \"\(nearest)\"?"
    case .misplacedKey(let file, let place, let key, let advice):
      return "\(Self.prefix(file, place))\"\(key)\" does not belong here: \(advice)"
    case .training(let place, let error):
      return place.isEmpty ? error.description : "\(place.onOneLine): \(error)"
    case .checkpoint(let error): return error.description
    case .file(let error): return error.description
    case .json(let error): return error.description
    case .damaged(let error, let advice): return "\(error): \(advice)"
    }
  }

  private static func prefix(_ file: String, _ place: String) -> String {
    "\(file.onOneLine): " + (place.isEmpty ? "" : "\(place.onOneLine): ")
  }
}

/// Runs `body` with its errors turned into this module's.
/// - place: what the user called it, for errors of training
func asComparison<T>(_ place: String = "", _ body: () throws -> T) throws(ComparisonError) -> T {
  do {
    return try body()
  } catch let error as ComparisonError {
    throw error
  } catch let error as FileError {
    throw .file(error)
  } catch let error as JSONError {
    throw .json(error)
  } catch let error as CheckpointError {
    throw .checkpoint(error)
  } catch let error as TrainingError {
    throw .training(place: place, error)
  } catch {
    throw .training(place: place, .other(error))
  }
}
