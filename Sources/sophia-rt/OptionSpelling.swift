import ArgumentParser
import Files

/// The options of every command as the parser describes them to programs, and what in a command line
/// is none of them. The parser names no other option where none is near, and misses a required
/// option before it looks at the one that was mistyped for it.
struct OptionSpelling {
  private struct Option {
    let takesValue: Bool
    /// Whether the next word is its value whatever it begins with.
    let takesAnything: Bool
    let valueName: String
  }

  /// Command to long name to option; the program's own are under "".
  private let options: [String: [String: Option]]

  /// The options of a program; nil if the parser's description cannot be read.
  static func of(_ program: any ParsableCommand.Type) -> OptionSpelling? {
    guard let json = try? JSON(parsing: Array(program._dumpHelp().utf8), name: "options"),
      let root = json["command"]
    else { return nil }
    var options = ["": named(root)]
    for command in root["subcommands"]?.arrayValue ?? [] {
      options[command["commandName"]?.stringValue ?? ""] = named(command)
    }
    return OptionSpelling(options: options)
  }

  private static func named(_ command: JSON) -> [String: Option] {
    var options: [String: Option] = [:]
    for argument in command["arguments"]?.arrayValue ?? [] {
      let option = Option(
        takesValue: argument["kind"]?.stringValue == "option",
        takesAnything: argument["parsingStrategy"]?.stringValue == "unconditional",
        valueName: argument["valueName"]?.stringValue ?? "value")
      for name in argument["names"]?.arrayValue ?? [] where name["kind"]?.stringValue == "long" {
        if let name = name["name"]?.stringValue { options["--" + name] = option }
      }
    }
    return options
  }

  /// What is wrong with the first option that is none, or whose value looks like an option.
  /// - arguments: those of the process, its name not among them.
  func mistake(in arguments: [String]) -> String? {
    var rest = arguments[...]
    let command = rest.first.flatMap { options[$0] == nil ? nil : $0 } ?? ""
    if !command.isEmpty { rest.removeFirst() }
    // A first word that is no option is a command that is none, which the parser names.
    if command.isEmpty, let first = rest.first, !first.hasPrefix("-") { return nil }
    guard let known = options[command] else { return nil }
    while let word = rest.popFirst(), word != "--" {
      guard word.hasPrefix("--") else { continue }
      let name = String(word.prefix { $0 != "=" })
      guard let option = known[name] else {
        return "Unknown option '\(name)'. Did you mean '\(nearest(name, known.keys.sorted()))'?"
      }
      guard option.takesValue, !word.contains("="), let value = rest.first else { continue }
      if option.takesAnything || !value.hasPrefix("-") {
        rest.removeFirst()
      } else if value.dropFirst().first.map({ $0.isNumber || $0 == "." }) == true {
        return "Missing value for '\(name) <\(option.valueName)>'. A value that begins with '-' is "
          + "written \(name)=\(value)"
      }
    }
    return nil
  }
}
