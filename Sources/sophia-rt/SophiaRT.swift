import ArgumentParser
import CSupport
import Machine

/// The command line: one file a subcommand.
@main
struct SophiaRT: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sophia-rt",
    abstract: "Pretrain GPT-2-sized models with the Sophia optimizer on CPUs, and generate text.",
    discussion: """
      A first run, on the built-in corpus:
        sophia-rt train --out run
        sophia-rt generate --checkpoint run --prompt "Once upon a time"
      On your own text:
        sophia-rt tokenize books.txt --train-vocab 8192 --out data
        sophia-rt train --model tiny --data data --out run
      From any GPT-2 folder of Hugging Face, and to llama.cpp or Ollama:
        sophia-rt generate --checkpoint FOLDER --prompt "Once upon a time"
        sophia-rt export --checkpoint run --format gguf --type q8_0 --out model.gguf
      """,
    version: "0.1.0",
    subcommands: [
      TokenizeCommand.self, TrainCommand.self, GenerateCommand.self, EvaluateCommand.self,
      CompareCommand.self, ExportCommand.self, BenchCommand.self,
      InfoCommand.self, LogitsCommand.self,
    ])
}

extension SophiaRT {
  /// Runs the command that the arguments name.
  static func main() {
    Interrupts.endByForeignSignals()
    let arguments = Self.arguments
    do {
      if let number = Self.argumentThatIsNoText {
        throw ValidationError(
          "Argument \(number), '\(arguments[number - 1])', is not UTF-8: a name that is not cannot be used here; "
            + "rename the file, or go through a link to it")
      }
      try Failure.checkCommand(arguments)
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch {
      Failure.end(with: error, arguments)
    }
  }

  /// The number, from 1, of the first argument that is not UTF-8. With U+FFFD in the place of its
  /// bytes it would name another file.
  private static var argumentThatIsNoText: Int? {
    var count: Int32 = 0
    let words = cs_arguments(&count)
    return (1..<max(1, Int(count))).first { i in
      words?[i].map { String(validatingCString: $0) == nil } ?? false
    }
  }

  /// The arguments after the program's name. Swift's own list comes out of /proc and is empty without it.
  static var arguments: [String] {
    var count: Int32 = 0
    let words = cs_arguments(&count)
    return (1..<max(1, Int(count))).compactMap { words?[$0].map { String(cString: $0) } }
  }
}

/// Which cores compute.
struct ThreadOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Threads (default: physical cores that affinity and cgroup quota allow).", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("CPUs, one thread on each, such as 0-3,8.", valueName: "list"))
  var cpus: String?

  /// The plan. Throws `MachineError`.
  func plan() throws -> ThreadPlan {
    try ThreadPlan.forThisMachine(threads: threads, cpus: cpus)
  }

  /// Runs `body` with the plan's team on the thread that owns it. Throws `MachineError` and what
  /// `body` throws.
  func withTeam(_ body: (ThreadPlan, ThreadTeam) throws -> Void) throws {
    let plan = try plan()
    try TeamThread.run(plan) { team in try body(plan, team) }
  }
}
