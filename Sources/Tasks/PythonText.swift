/// Operations on text as Python's strings have them, by code points: Swift's characters are
/// clusters of these, and compare by canonical equivalence.
enum PythonText {
  /// Whether `str.strip` takes it for white space.
  static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
  }

  /// Without white space at both ends.
  static func stripped(_ text: Substring.UnicodeScalarView) -> [Unicode.Scalar] {
    let start = text.drop(while: isSpace)
    let count = start.reversed().prefix(while: isSpace).count
    return Array(start.dropLast(count))
  }

  /// Every `old`, from the left and none in another, becomes `new`.
  static func replacing(
    _ old: String, by new: String, in text: [Unicode.Scalar]
  ) -> [Unicode.Scalar] {
    let old = Array(old.unicodeScalars)
    var (result, at): ([Unicode.Scalar], Int) = ([], 0)
    while at < text.count {
      if text[at...].starts(with: old) {
        result += new.unicodeScalars
        at += old.count
      } else {
        result.append(text[at])
        at += 1
      }
    }
    return result
  }
}
