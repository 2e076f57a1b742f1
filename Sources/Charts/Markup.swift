import Glibc

/// Text for HTML, and numbers for people.
package enum Markup {
  /// A text as character data or attribute value.
  package static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      // Not allowed in a document at all.
      case "\u{0}"..<"\u{9}", "\u{B}"..<"\u{D}", "\u{E}"..<"\u{20}", "\u{7F}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// With so many decimals; a true minus sign.
  package static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "–" }
    let scale = pow(10.0, Double(digits))
    let scaled = Int((abs(value) * scale).rounded())
    let text = String(scaled)
    let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
    let sign = value < 0 && scaled > 0 ? "−" : ""
    return sign + padded.dropLast(digits) + (digits > 0 ? "." + padded.suffix(digits) : "")
  }

  /// With so many significant digits, as short as it gets: 0.002, 1e−5, 12,300.
  package static func significant(_ value: Double, _ digits: Int = 3) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "–" }
    let exponent = Int(floor(log10(abs(value)) + 1e-12))
    if exponent < -3 || exponent > 9 {
      let mantissa = trimmed(fixed(value / pow(10, Double(exponent)), max(0, digits - 1)))
      return "\(mantissa)e\(exponent < 0 ? "−" : "")\(abs(exponent))"
    }
    if exponent >= 4 { return grouped(value.rounded()) }
    return trimmed(fixed(value, max(0, digits - 1 - exponent)))
  }

  /// Without zeros at the end of the decimals.
  private static func trimmed(_ text: String) -> String {
    guard text.contains(".") else { return text }
    var text = text
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }

  /// 12,345.
  package static func grouped(_ value: Int) -> String {
    var text = ""
    for (index, digit) in String(abs(value)).reversed().enumerated() {
      if index > 0 && index % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return (value < 0 ? "−" : "") + String(text.reversed())
  }

  /// 12,345, rounded down.
  package static func grouped(_ value: Double) -> String {
    value.isFinite && abs(value) < 1e15 ? grouped(Int(value)) : "–"
  }

  /// 1:02:03 or 2:03 or 4.2 s.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "–" }
    if seconds < 60 { return "\(fixed(seconds, 1)) s" }
    let s = Int(seconds.rounded())
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    return s >= 3600
      ? "\(s / 3600):\(two(s / 60 % 60)):\(two(s % 60))" : "\(s / 60):\(two(s % 60))"
  }

  /// A coordinate, in tenths; what is far outside of any drawing stays there.
  package static func at(_ value: Double) -> String {
    let tenths = Int((max(-1e6, min(1e6, value.isNaN ? 0 : value)) * 10).rounded())
    let rest = abs(tenths % 10)
    return (tenths < 0 ? "-" : "") + "\(abs(tenths / 10))" + (rest == 0 ? "" : ".\(rest)")
  }
}
