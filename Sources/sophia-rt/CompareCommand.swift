import ArgumentParser
import Comparison
import Files
import Machine

/// `sophia-rt compare`.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Train one model under several optimizers and settings, and report.",
    discussion: """
      A study file names the model, the tokens of each run, and arms. An arm is any of train's flags, \
      with lists of the values to try; each combination is a cell, trained once for each seed:

        {
          "title": "Sophia-G and AdamW, 2M tokens of stories",
          "model": "nano",
          "tokens": 2000000,
          "seeds": [1],
          "finalist-seeds": [2, 3],
          "baseline": "adamw",
          "settings": {"batch-tokens": 2048, "schedule": "cosine"},
          "arms": {
            "adamw": {"optimizer": "adamw", "lr": [0.001, 0.002, 0.004]},
            "sophia": {"optimizer": "sophia-g", "lr": [0.001, 0.002],
                       "gamma": [0.05, 0.5]}
          }
        }

        sophia-rt compare study.json --out study
        sophia-rt compare --report study

      "model", "tokens" (in whole steps), "seeds", "baseline" and "arms" are required. \
      "model" is a preset or a file, "data" a dataset directory (default: the built-in corpus), both \
      relative to the study file. "seeds" run every cell, "finalist-seeds" the best cell of each arm. \
      "eval-every" (default: at most 40 evaluations) and "eval-tokens" are as in train. An arm may \
      have "seeds" and "tokens" of its own, and "grids": a list of objects whose flags \
      replace the arm's own, where not every combination of all values is worth a run:

        {"optimizer": "lion", "lr": 0.001,
         "grids": [{"lr": [0.0005, 0.001]}, {"beta1": 0.8}]}

      --out becomes a directory with results.jsonl (one line a cell, the same bytes whenever the study \
      is run), timings.jsonl, report.html and a run directory a cell. Ctrl-C saves and exits; the same \
      command goes on, in the middle of a cell if need be. A finished cell is never run twice, also \
      when the study gains arms. A cell whose loss is not finite is recorded as diverged.
      """)

  @Argument(help: ArgumentHelp("Study file.", valueName: "study.json"))
  var study: String?
  @Option(help: ArgumentHelp("Directory of the study.", valueName: "dir"))
  var out: String?
  @Option(help: ArgumentHelp("Draw the report of this directory again.", valueName: "dir"))
  var report: String?
  @Option(help: ArgumentHelp("Steps between checkpoints of a cell.", valueName: "n"))
  var checkpointEvery = 200
  @Flag(help: "Keep the last checkpoints of finished cells.")
  var keepCheckpoints = false
  @OptionGroup var threadOptions: ThreadOptions

  func validate() throws {
    if report != nil {
      guard study == nil && out == nil else {
        throw ValidationError("--report draws what is there: omit the study file and --out")
      }
    } else if study == nil || out == nil {
      throw ValidationError(
        "Missing expected argument: a study file and --out DIR, or --report DIR")
    }
    guard checkpointEvery >= 1 else {
      throw ValidationError("--checkpoint-every \(checkpointEvery): expected at least 1")
    }
  }

  func run() throws {
    var terminal = Terminal()
    if let report {
      terminal.note("drawn: \(try Report.draw(in: report))")
      return
    }
    guard let study, let out else { return }
    Interrupts.install()
    let file = try Study(file: study)
    try threadOptions.withTeam { plan, team in try compare(file, out, plan, on: team) }
  }

  private func compare(
    _ file: Study, _ out: String, _ plan: ThreadPlan, on team: ThreadTeam
  ) throws {
    var terminal = Terminal()
    let display = CompareDisplay()
    terminal.note("sophia-rt \(InstructionSet.built) build, \(plan)")
    let run = try StudyRun(file, out: out, options: options(plan), on: team) { display.show($0) }
    guard try run.run(shouldStop: { Interrupts.isRequested }) else {
      terminal.note("interrupted: saved; the same command goes on")
      throw Interrupts.exitCode
    }
    terminal.note("done: \(out)/report.html")
  }

  private func options(_ plan: ThreadPlan) throws -> StudyRun.Options {
    var options = StudyRun.Options()
    options.checkpointEvery = checkpointEvery
    options.keepCheckpoints = keepCheckpoints
    let machine = try MachineDescription.ofThisMachine(
      threads: threadOptions.threads, cpus: threadOptions.cpus)
    options.machine = "\(machine.cpuModel), \(InstructionSet.built), \(plan)"
    options.command = "sophia-rt " + SophiaRT.arguments.joined(separator: " ")
    return options
  }
}
