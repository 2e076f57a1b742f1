/// A text that is not JSON, or not JSON that is accepted here.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The name of the text, such as its path.
  public var name: String
  /// Where: bytes from the start of the text, from 0.
  public var offset: Int
  /// Where: the line, from 1.
  public var line: Int
  /// What belongs there.
  public var expected: String
  /// What is there.
  public var found: String

  /// An error at a place.
  public init(name: String, offset: Int, line: Int, expected: String, found: String) {
    (self.name, self.offset, self.line) = (name, offset, line)
    (self.expected, self.found) = (expected, found)
  }

  /// One line: name, place, expected, found.
  public var description: String {
    "\(name.onOneLine), line \(line), byte \(offset): expected \(expected), found \(found.onOneLine)"
  }
}
