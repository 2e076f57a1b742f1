import ArgumentParser
import Checkpoints
import Files
import Glibc
import Inference
import Machine
import Training

/// How the program ends when something went wrong: one line on standard error and an exit code that
/// is not 0 (64, EX_USAGE, where the command line is at fault).
enum Failure {
  /// Ends the program. Asking for help or the version is no failure: the text goes to standard output,
  /// and only if it does not get there the program fails.
  /// - arguments: those of the process, its name not among them.
  static func end(with error: any Error, _ arguments: [String]) -> Never {
    var error = error
    if SophiaRT.exitCode(for: error) == .success {
      do {
        try StandardOutput.write(SophiaRT.fullMessage(for: error) + "\n")
        exit(ExitCode.success.rawValue)
      } catch let unwritten {
        error = unwritten
      }
    }
    // The parser says 64 for what it refuses and 1 for what a command throws.
    let code = isUsage(error) ? .validationFailure : SophiaRT.exitCode(for: error)
    let spelling = code == .validationFailure ? OptionSpelling.of(SophiaRT.self) : nil
    let message = spelling?.mistake(in: arguments) ?? SophiaRT.message(for: error)
    var terminal = Terminal(hasLine: true)
    // The parser's own messages may have several lines.
    let line = message.split(separator: "\n").joined(separator: " ")
    if !line.isEmpty { terminal.note("Error: \(line)") }
    exit(code.rawValue)
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

  /// Whether an error that a command throws says that a flag or a setting is at fault.
  private static func isUsage(_ error: any Error) -> Bool {
    switch error {
    case TrainingError.configuration, InferenceError.setting: true
    case let error as MachineError: error.isOfFlags
    default: false
    }
  }
}
