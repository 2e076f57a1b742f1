import ArgumentParser
import Checkpoints
import Files
import Kernels
import Machine
import Training

/// `sophia-rt train`.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Pretrain a model.",
    discussion: """
      Without --data it trains on the built-in corpus of short stories. --out becomes a run directory: \
      checkpoints (Hugging Face folders), metrics.jsonl and configuration.json, which --config runs \
      again. Ctrl-C finishes the step, saves and exits (once more: exits at once, without saving); \
      --resume goes on with what the run was given, to the same bits as a run that was never \
      interrupted, with any --threads and --micro-batch, with or without --recompute.

      Defaults depend on --model and --optimizer (models/README.md); flags win over --config, that over \
      --recipe, that over the model's defaults. At the small batches of a CPU, muon and sophia-muon reach \
      the loss of AdamW with one rate in less than half its steps, each a few percent longer. AdamW itself \
      needs 0.72 of them with a rate of their own for matrices and a shorter momentum (--lr 0.032 \
      --matrix-lr-ratio 0.0625 --beta1 0.8), Sophia-G 0.7 (--lr 0.016 --matrix-lr-ratio 0.0625 \
      --vector-lr-ratio 0.25 --sophia-form nesterov --beta1 0.9 --gamma 0.2 --epsilon 1e-5): 1.35M \
      parameters, 10M tokens, Benchmarks/study. Presets begin with sophia-muon, nano with Sophia-G, nesterov and 1/8; a model file \
      that names no optimizer, --init-from and --recipe paper with Sophia-G and the paper's numbers, which \
      are for its large batches.
      """)

  @Option(help: ArgumentHelp("Run directory.", valueName: "dir"))
  var out: String
  @Flag(help: "Go on with the run in --out.")
  var resume = false
  @Option(
    help: ArgumentHelp(
      "Settings: a JSON object of these flags but --out, --resume, --threads and --cpus.",
      valueName: "file"
    ))
  var config: String?
  @OptionGroup(title: "Model") var modelFlags: SettingFlags<ModelSection>
  @OptionGroup(title: "Data") var dataFlags: SettingFlags<DataSection>
  @OptionGroup(title: "Optimizer") var optimizerFlags: SettingFlags<OptimizerSection>
  @OptionGroup(title: "Schedule") var scheduleFlags: SettingFlags<ScheduleSection>
  @OptionGroup(title: "Run") var runFlags: SettingFlags<RunSection>
  @OptionGroup(title: "Machine") var machineFlags: SettingFlags<MachineSection>
  @OptionGroup var threadOptions: ThreadOptions

  func run() throws {
    Interrupts.install()
    try threadOptions.withTeam(train)
  }

  private func train(_ plan: ThreadPlan, on team: ThreadTeam) throws {
    let display = TrainDisplay()
    display.note("sophia-rt \(InstructionSet.built) build, \(plan)")
    let run = try TrainingRun(request, on: team) { display.show($0) }
    let trainer = try run.makeTrainer(on: team) { display.show($0) }
    display.begin(run, trainer, team)
    switch try trainer.run(shouldStop: { Interrupts.isRequested }) {
    case .finished:
      display.note("done: \(out) (step \(trainer.step) of \(run.configuration.steps))")
    case .interrupted(let step):
      display.note("interrupted: saved at step \(step); go on with --resume --out \(out)")
      throw Interrupts.exitCode
    }
  }

  private var request: TrainingRun.Request {
    var request = TrainingRun.Request(out: out)
    (request.resume, request.configFile) = (resume, config)
    (request.flags, request.keepsOptions) = (flags, true)
    return request
  }

  /// The flags that were given, as keys of the configuration.
  private var flags: [JSONMember] {
    modelFlags.members + dataFlags.members + optimizerFlags.members + scheduleFlags.members
      + runFlags.members + machineFlags.members
  }
}
