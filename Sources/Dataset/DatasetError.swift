import Files

/// Why text could not be read, or a dataset not be written or used: one line that says where, what
/// was expected, what was found, and what to do.
public struct DatasetError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What went wrong, for code that wants to tell cases apart.
  public enum Kind: Sendable, Equatable {
    /// The system refused an operation on a file.
    case system
    /// A file or a stream without content.
    case empty
    /// Bytes that are not UTF-8 text.
    case notText
    /// A line longer than the limit.
    case lineTooLong
    /// Content that breaks the rules of its format, damaged files among it.
    case malformed
    /// A file that ends too early.
    case truncated
    /// A file whose name says no format we read.
    case unknownType
    /// A vocabulary that does not fit: too large for uint16, or a token outside of it.
    case vocabulary
    /// A dataset made with another tokenizer.
    case wrongTokenizer
    /// Fewer tokens or documents than needed.
    case tooSmall
    /// The output is already there.
    case exists
    /// The caller asked to stop.
    case cancelled
  }

  /// What went wrong.
  public let kind: Kind
  /// File (with line or byte offset) or directory.
  public let place: String
  /// Expected, found, and what to do.
  public let problem: String

  /// An error of a kind at a place.
  public init(_ kind: Kind, at place: String, _ problem: String) {
    self.kind = kind
    self.place = place
    self.problem = problem
  }

  /// One line for the user.
  public var description: String { "\(place.onOneLine): \(problem)" }
}

extension DatasetError {
  /// A system error, at the file it concerns.
  init(_ error: FileError) {
    self.init(.system, at: error.path, "cannot \(error.operation): \(error.detail)")
  }
}
