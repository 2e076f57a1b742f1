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

  @Option(
    help: ArgumentHelp(
      "Preset (default nano, or the nearest to the weights of --init-from; see `sophia-rt info`) or a JSON file.",
      valueName: "name|file"))
  var model: String?
  @Option(help: ArgumentHelp("Dataset directory (default: the built-in corpus).", valueName: "dir"))
  var data: String?
  @Option(
    help: ArgumentHelp(
      "Tokenizer of bare token shards: a directory or tokenizer.json.", valueName: "dir"))
  var tokenizer: String?
  @Option(help: ArgumentHelp("Run directory.", valueName: "dir"))
  var out: String
  @Option(
    help: ArgumentHelp(
      "Start from the weights of this checkpoint, with a fresh optimizer.", valueName: "dir"))
  var initFrom: String?
  @Flag(help: "Go on with the run in --out.")
  var resume = false
  @Option(
    help: ArgumentHelp(
      "Settings: a JSON object of these flags but --out, --resume, --threads and --cpus.",
      valueName: "file"
    ))
  var config: String?
  @Option(help: ArgumentHelp("`paper`: the schedule of the Sophia paper.", valueName: "name"))
  var recipe: String?

  @Option(help: ArgumentHelp("Stories of the built-in corpus (default: enough for one pass)."))
  var stories: Int?
  @Option(help: ArgumentHelp("Vocabulary trained for the built-in corpus.", valueName: "n"))
  var vocabulary: Int?

  @Option(
    help: ArgumentHelp(
      "sophia-muon (ours, default of presets but nano: Muon for matrices, Sophia-G for embeddings and vectors), "
        + "sophia-g (default elsewhere), sophia-h (exact Hessian-vector products), adamw, lion or muon (with "
        + "AdamW for embeddings and vectors).",
      valueName: "name"))
  var optimizer: String?
  @Option(
    help: ArgumentHelp(
      "paper (default but for sophia-g in nano and tiny: h refreshed before the update, max(γh, ε)), v1 (the paper's first version: "
        + "clip(m / max(h, ε), ±γ), default lr and weight decay in its units), official (the authors' "
        + "code) or nesterov (ours: paper with Nesterov's momentum).",
      valueName: "name"))
  var sophiaForm: String?
  @Option(
    help: ArgumentHelp(
      "Steps of the run and its schedule (default: the model's, else 1,000).", valueName: "n"))
  var steps: Int?
  @Option(
    help: ArgumentHelp("Tokens a step: sequences × context, across micro-batches.", valueName: "n"))
  var batchTokens: Int?
  @Option(
    help: ArgumentHelp(
      "Tokens of a sequence, T (default: the model's, at most 1,024).", valueName: "n"))
  var context: Int?
  @Option(
    help: ArgumentHelp(
      "Sequences computed at a time: memory only, the bits stay (default: by the memory plan).",
      valueName: "n"))
  var microBatch: Int?
  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Compute layers again in the backward instead of keeping their activations: less memory, up to a "
        + "fifth slower, the bits stay."))
  var recompute: Bool?
  @Option(
    help: ArgumentHelp(
      "Peak learning rate; with muon and sophia-muon that of the matrices, in units of the spectral norm.",
      valueName: "x"))
  var lr: Double?
  @Option(
    help: ArgumentHelp(
      "Peak learning rate of what muon leaves to AdamW (default: 1 over the width, at most 8e-3).",
      valueName: "x"))
  var adamwLR: Double?
  @Option(
    help: ArgumentHelp(
      "Peak learning rate of what sophia-muon leaves to Sophia (default: the model's, else 1 over the width, at most 8e-3).",
      valueName: "x"))
  var sophiaLR: Double?
  @Option(
    help: ArgumentHelp(
      "Learning rate of the layers' matrices over --lr, the one of embeddings, biases and LayerNorm.",
      valueName: "x"))
  var matrixLRRatio: Double?
  @Option(
    help: ArgumentHelp(
      "Learning rate of biases and LayerNorm over that of the embeddings.", valueName: "x"))
  var vectorLRRatio: Double?
  @Option(
    help: ArgumentHelp(
      "Steps of linear warmup (default: the model's, at most a fifth of the run).", valueName: "n"))
  var warmup: Int?
  @Option(help: ArgumentHelp("cosine (default but in nano) or constant.", valueName: "name"))
  var schedule: String?
  @Option(help: ArgumentHelp("Final learning rate over the peak (default 0.01).", valueName: "x"))
  var minLRRatio: Double?
  @Option(
    help: ArgumentHelp("Decoupled weight decay, on linear weights only.", valueName: "x"))
  var weightDecay: Double?
  @Option(help: ArgumentHelp("Clip the gradient to this global norm; 0: never.", valueName: "x"))
  var clip: Double?
  @Option(help: ArgumentHelp("Muon's μ: decay of m in matrices.", valueName: "x"))
  var momentum: Double?
  @Option(
    help: ArgumentHelp(
      "Decay of the gradient's average m (Lion: its share in the direction).", valueName: "x"))
  var beta1: Double?
  @Option(
    help: ArgumentHelp(
      "Decay of the curvature's average (AdamW: of v; Lion: of m).", valueName: "x"))
  var beta2: Double?
  @Option(
    help: ArgumentHelp(
      "Sophia's γ: the update is clip(m / max(γ·h, ε), ±1); larger clips less.", valueName: "x"))
  var gamma: Double?
  @Option(
    help: ArgumentHelp(
      "Hold Sophia's win rate (share of updates not clipped) between these, by adjusting γ from --gamma "
        + "on at each refresh of the curvature (default: γ stays).",
      valueName: "low:high"))
  var autoRho: String?
  @Flag(
    inversion: .prefixedNo,
    help:
      "Divide Sophia's h by 1 − β2ⁿ, n the refreshes so far (default: no, as published; not with --spike-guard)."
  )
  var biasCorrectH: Bool?
  @Option(help: ArgumentHelp("ε of the update.", valueName: "x"))
  var epsilon: Double?
  @Option(help: ArgumentHelp("Steps between refreshes of the curvature, k.", valueName: "n"))
  var curvatureInterval: Int?
  @Option(help: ArgumentHelp("Share of a step's sequences that a refresh uses.", valueName: "x"))
  var curvatureShare: Double?
  @Option(
    help: ArgumentHelp(
      "Groups of those sequences whose estimates are averaged: less noise in h (default 1, the paper).",
      valueName: "n"))
  var curvatureGroups: Int?
  @Option(
    help: ArgumentHelp(
      "Random directions of sophia-h: gaussian (default, the paper) or rademacher (less noise).",
      valueName: "name"))
  var probe: String?
  @Option(
    help: ArgumentHelp(
      "Undo a step whose loss is so many nats a token above the running average, or not finite: back to "
        + "the last good state, its batch skipped (0, the default: no guard; 1 is far above noise).",
      valueName: "nats"))
  var spikeGuard: Double?
  @Option(
    help: ArgumentHelp("Seed of weights, data order, sampled labels and probes.", valueName: "n"))
  var seed: Int?

  @Option(
    help: ArgumentHelp(
      "Steps between evaluations (default 100; 0: at the end).", valueName: "n"))
  var evalEvery: Int?
  @Option(help: ArgumentHelp("Validation tokens of an evaluation (default 65536).", valueName: "n"))
  var evalTokens: Int?
  @Option(help: ArgumentHelp("Steps between text samples (default 0: none).", valueName: "n"))
  var sampleEvery: Int?
  @Option(
    help: ArgumentHelp(
      "Steps between checkpoints (default 500; 0: at the end).", valueName: "n"))
  var checkpointEvery: Int?
  @Option(help: ArgumentHelp("Checkpoints kept (default 2).", valueName: "n"))
  var keep: Int?
  @Flag(
    inversion: .prefixedNo,
    help: "Write what metrics.jsonl gets as event files of TensorBoard too, in --out.")
  var tensorboard: Bool?
  @OptionGroup var threadOptions: ThreadOptions

  func run() throws {
    Interrupts.install()
    let display = TrainDisplay()
    let (plan, team) = try threadOptions.team()
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
    let strings: [(String, String?)] = [
      ("model", model), ("data", data), ("tokenizer", tokenizer), ("init-from", initFrom),
      ("recipe", recipe), ("optimizer", optimizer), ("sophia-form", sophiaForm),
      ("schedule", schedule), ("probe", probe), ("auto-rho", autoRho),
    ]
    let integers: [(String, Int?)] = [
      ("stories", stories), ("vocabulary", vocabulary), ("context", context),
      ("batch-tokens", batchTokens), ("steps", steps), ("warmup", warmup),
      ("curvature-interval", curvatureInterval), ("curvature-groups", curvatureGroups),
      ("seed", seed), ("eval-every", evalEvery), ("eval-tokens", evalTokens),
      ("sample-every", sampleEvery), ("checkpoint-every", checkpointEvery), ("keep", keep),
      ("micro-batch", microBatch),
    ]
    let numbers: [(String, Double?)] = [
      ("lr", lr), ("adamw-lr", adamwLR), ("sophia-lr", sophiaLR),
      ("matrix-lr-ratio", matrixLRRatio), ("vector-lr-ratio", vectorLRRatio),
      ("momentum", momentum), ("min-lr-ratio", minLRRatio),
      ("weight-decay", weightDecay), ("clip", clip),
      ("beta1", beta1), ("beta2", beta2), ("gamma", gamma), ("epsilon", epsilon),
      ("curvature-share", curvatureShare), ("spike-guard", spikeGuard),
    ]
    let switches: [(String, Bool?)] = [
      ("bias-correct-h", biasCorrectH), ("recompute", recompute), ("tensorboard", tensorboard),
    ]
    return strings.compactMap { key, value in value.map { JSONMember(key, .string($0)) } }
      + integers.compactMap { key, value in value.map { JSONMember(key, .integer($0)) } }
      + numbers.compactMap { key, value in value.map { JSONMember(key, .number($0)) } }
      + switches.compactMap { key, value in value.map { JSONMember(key, .bool($0)) } }
  }
}
