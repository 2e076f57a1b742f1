import ArgumentParser
import Files
import Training

/// How the program ends when something went wrong: one line on standard error and an exit code that
/// is not 0 (64, EX_USAGE, where the command line is at fault).
enum Failure {
  /// Ends the program. Asking for help or the version is no failure: the text goes to standard output.
  static func end(with error: any Error) -> Never {
    let code = SophiaRT.exitCode(for: error)
    guard code != .success else { SophiaRT.exit(withError: error) }
    let message = SophiaRT.message(for: error)
    var terminal = Terminal(hasLine: true)
    if !message.isEmpty { terminal.note("Error: \(line(message))") }
    SophiaRT.exit(withError: code)
  }

  /// Refuses an unknown command by name; the parser would complain about its first option.
  static func checkCommand(_ arguments: [String]) throws {
    guard let name = arguments.first, !name.hasPrefix("-") else { return }
    let commands =
      SophiaRT.configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
    guard !commands.contains(name) else { return }
    throw ValidationError(
      "Unknown command '\(name)'. Did you mean '\(nearest(name, commands))'?")
  }

  /// The message on one line, with the nearest option where the parser finds none near enough.
  private static func line(_ message: String) -> String {
    let line = message.split(separator: "\n").joined(separator: " ")
    let parts = line.split(separator: "'")
    if parts.count == 2, parts[0] == "Unknown option ", parts[1].hasPrefix("--") {
      return unknown(String(parts[1]), options())
    }
    if parts.count >= 2, parts[0] == "Missing value for ",
      let name = parts[1].split(separator: " ").first,
      let at = CommandLine.arguments.firstIndex(of: String(name)),
      let value = CommandLine.arguments.dropFirst(at + 1).first, value.hasPrefix("-"),
      value.dropFirst().first.map({ $0.isNumber || $0 == "." }) == true
    {
      return "\(line). A value that begins with '-' is written \(name)=\(value)"
    }
    // The parser misses a required option before it looks at the one that was mistyped for it.
    if line.hasPrefix("Missing expected argument") {
      let (known, given) = (options(), CommandLine.arguments.dropFirst(2))
      let names = given.map { String($0.prefix { $0 != "=" }) }
      if let name = names.first(where: { $0.hasPrefix("--") && !known.contains($0) }) {
        return unknown(name, known)
      }
    }
    return line
  }

  private static func unknown(_ name: String, _ known: [String]) -> String {
    "Unknown option '\(name)'. Did you mean '\(nearest(name, known))'?"
  }

  /// The long options of the command that was called, out of its help.
  private static func options() -> [String] {
    let called = SophiaRT.configuration.subcommands.first {
      $0.configuration.commandName == CommandLine.arguments.dropFirst().first
    }
    let help = called.map { SophiaRT.helpMessage(for: $0) } ?? SophiaRT.helpMessage()
    return help.split { !($0 == "-" || $0.isLetter || $0.isNumber) }.map(String.init).filter {
      $0.hasPrefix("--") && $0.count > 2
    }
  }
}
