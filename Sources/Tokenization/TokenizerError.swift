public import Files

/// A tokenizer that cannot be read or trained. `description` is one line for the user.
public enum TokenizerError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The system could not give the file, or it is larger than ``Tokenizer/largestFile``.
  case file(FileError)
  /// The file is not strict JSON.
  case json(JSONError)
  /// Something in a file is not what it has to be; `place` is a path into it, such as `model.merges[3]`.
  case invalid(file: String, place: String, expected: String, found: String)
  /// The file describes a tokenizer of another kind.
  case unsupported(file: String, what: String, found: String, expected: String)
  /// The folder has no tokenizer.
  case missing(directory: String)
  /// A vocabulary of this size cannot be trained from this text.
  case training(String)

  /// One line: where, what was expected, what was found, what to do.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .json(let error): error.description
    case .invalid(let file, let place, let expected, let found):
      "\(file.onOneLine): \(place.onOneLine): expected \(expected), found \(found.onOneLine)"
    case .unsupported(let file, let what, let found, let expected):
      "\(file.onOneLine): \(what) \(found.onOneLine) is not supported: expected \(expected)"
    case .missing(let directory):
      "\(directory.onOneLine): no tokenizer here: expected tokenizer.json, or vocab.json and merges.txt"
    case .training(let reason): reason
    }
  }
}
