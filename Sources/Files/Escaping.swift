extension String {
  /// The string with control characters escaped and at most 200 characters, fit for an error
  /// message of one line whatever a hostile file put into its names.
  package var onOneLine: String {
    let scalars = unicodeScalars.prefix(200)
    let line = String(String.UnicodeScalarView(scalars)).escaped { $0.isUnfitForALine }
    return scalars.count < unicodeScalars.count ? line + "…" : line
  }

  /// The whole string on one line: control characters, line breaks and characters that have no shape
  /// but change how others are shown are escaped, as `\u{1b}`. For messages, which hold names
  /// out of foreign files.
  package var asMessage: String { escaped { $0.isUnfitForALine } }

  /// The string as a terminal may get it: control characters but tab and newline are escaped, as
  /// `\u{1b}`, so that a text cannot command the terminal.
  package var asTerminalText: String {
    escaped { $0.properties.generalCategory == .control && $0 != "\t" && $0 != "\n" }
  }

  private func escaped(_ isUnfit: (Unicode.Scalar) -> Bool) -> String {
    // The usual string is copied as it is.
    guard unicodeScalars.contains(where: isUnfit) else { return self }
    var line = ""
    for scalar in unicodeScalars {
      if isUnfit(scalar) {
        line += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        line.unicodeScalars.append(scalar)
      }
    }
    return line
  }
}

extension Unicode.Scalar {
  fileprivate var isUnfitForALine: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
