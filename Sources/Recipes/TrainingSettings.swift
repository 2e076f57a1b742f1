public import Optimizers
import Transformer

/// The settings that decide the bits of a run: what `train`'s flags, a `--config` file, a preset and
/// the defaults come to. Threads, CPUs and what ``RunSettings`` has may change on a resume and are not
/// here. A setting is declared here and nowhere else: its key is the flag and the key in JSON.
public struct TrainingSettings: SettingRows {
  /// The optimizers that there are.
  public let optimizers: OptimizerRegistry

  /// The model: a preset's name or a file.
  public let model = Setting.text(
    "model", "nano",
    SettingWords(
      .model, "name|file", "Preset (see `sophia-rt info`) or a JSON file.",
      usually: "nano, or the nearest to the weights of --init-from"))
  /// The dataset's directory; empty: the built-in corpus.
  public let data = Setting.text(
    "data", "", SettingWords(.data, "dir", "Dataset directory.", usually: "the built-in corpus"))
  /// The tokenizer's directory or file; empty: the dataset's own.
  public let tokenizer = Setting.text(
    "tokenizer", "",
    SettingWords(
      .data, "dir", "Tokenizer of bare token shards: a directory or tokenizer.json.",
      usually: "the dataset's own"))
  /// Folder whose weights the run starts from; empty: fresh ones.
  public let initFrom = Setting.text(
    "init-from", "",
    SettingWords(
      .model, "dir", "Start from the weights of this checkpoint, with a fresh optimizer.",
      usually: "random weights"))
  /// `none`, or `paper` for the schedule of the Sophia paper.
  public let recipe = Setting.choice(
    "recipe", "none", ["none", "paper"],
    SettingWords(.schedule, "name", "`paper`: the schedule of the Sophia paper."))
  /// Stories of the built-in corpus; 0: as many as the run reads once, within bounds.
  public let stories = Setting.integer(
    "stories", 0, 0...10_000_000,
    SettingWords(
      .data, "n", "Stories of the built-in corpus.", usually: "enough for one pass",
      idle: namedData))
  /// Vocabulary that is trained for the built-in corpus.
  public let vocabulary = Setting.integer(
    "vocabulary", 2048, 258...65536,
    SettingWords(.data, "n", "Vocabulary trained for the built-in corpus.", idle: namedData))
  /// T.
  public let context = Setting.integer(
    "context", 256, 1...1 << 20,
    SettingWords(
      .schedule, "n", "Tokens of a sequence, T.", usually: "the model's, at most 1,024"))
  /// S·T, tokens a step.
  public let batchTokens = Setting.integer(
    "batch-tokens", 4096, 1...1 << 30,
    SettingWords(
      .schedule, "n", "Tokens a step: sequences × context, across micro-batches.",
      usually: "the model's, else 4096"))
  /// Steps of the run and of the schedule.
  public let steps = Setting.integer(
    "steps", 1000, 1...1 << 31,
    SettingWords(
      .schedule, "n", "Steps of the run and its schedule.", usually: "the model's, else 1,000"))
  /// Which optimizer.
  public let optimizer: Setting<String>
  /// `paper`, `nesterov`, `v1` or `official`.
  public let sophiaForm = Setting.choice(
    "sophia-form", Sophia.Form.paper.rawValue, Sophia.Form.allCases.map(\.rawValue),
    SettingWords(
      .optimizer, "name",
      "paper (h refreshed before the update, max(γh, ε)), v1 (the paper's first version: "
        + "clip(m / max(h, ε), ±γ), default lr and weight decay in its units), official (the authors' "
        + "code) or nesterov (ours: paper with Nesterov's momentum).",
      usually: "paper but for sophia-g in nano and tiny", isOptimizers: true))
  /// Peak learning rate.
  public let lr = Setting.number(
    "lr", 1e-3, 0...1e3,
    SettingWords(
      .schedule, "x",
      "Peak learning rate; with muon and sophia-muon that of the matrices, in units of the spectral "
        + "norm.", isOptimizers: true))
  /// Peak learning rate of what Muon leaves to AdamW.
  public let adamWLR = Setting.number(
    "adamw-lr", 3e-4, 0...1e3,
    SettingWords(
      .schedule, "x", "Peak learning rate of what muon leaves to AdamW.",
      usually: "1 over the width, at most 8e-3", isOptimizers: true))
  /// Peak learning rate of what sophia-muon leaves to Sophia.
  public let sophiaLR = Setting.number(
    "sophia-lr", 2e-3, 0...1e3,
    SettingWords(
      .schedule, "x", "Peak learning rate of what sophia-muon leaves to Sophia.",
      usually: "the model's, else 1 over the width, at most 8e-3", isOptimizers: true))
  /// Learning rate of the layers' matrices over that of the rest; Muon's have one of their own.
  public let matrixLRRatio = Setting.number(
    "matrix-lr-ratio", 1, 0...1e3,
    SettingWords(
      .schedule, "x",
      "Learning rate of the layers' matrices over --lr, the one of embeddings, biases and LayerNorm.",
      isOptimizers: true))
  /// Learning rate of biases and LayerNorm over that of the embeddings.
  public let vectorLRRatio = Setting.number(
    "vector-lr-ratio", 1, 0...1e3,
    SettingWords(
      .schedule, "x", "Learning rate of biases and LayerNorm over that of the embeddings.",
      isOptimizers: true))
  /// Steps of linear warmup.
  public let warmup = Setting.integer(
    "warmup", 100, 0...1 << 31,
    SettingWords(
      .schedule, "n", "Steps of linear warmup.",
      usually: "the model's, else 100, at most a fifth of the run"))
  /// `cosine` or `constant`.
  public let schedule = Setting.choice(
    "schedule", Schedule.Shape.cosine.rawValue, Schedule.Shape.allCases.map(\.rawValue),
    SettingWords(.schedule, "name", "cosine or constant.", usually: "cosine but in nano"))
  /// Final learning rate over the peak.
  public let minLRRatio = Setting.number(
    "min-lr-ratio", 0.01, 0...1,
    SettingWords(
      .schedule, "x", "Final learning rate over the peak.",
      idle: SettingWords.Idle(key: "schedule", reason: "--schedule constant") {
        $0.stringValue == Schedule.Shape.constant.rawValue
      }))
  /// λ, on linear weights.
  public let weightDecay = Setting.number(
    "weight-decay", 0.1, 0...1e3,
    SettingWords(
      .optimizer, "x", "Decoupled weight decay, on linear weights only.", isOptimizers: true))
  /// Global norm to clip the gradient to; 0: never.
  public let clip = Setting.number(
    "clip", 1, 0...1e9,
    SettingWords(.optimizer, "x", "Clip the gradient to this global norm; 0: never."))
  /// Muon's μ, decay of m in matrices.
  public let momentum = Setting.number(
    "momentum", 0.95, 0...1,
    SettingWords(.optimizer, "x", "Muon's μ: decay of m in matrices.", isOptimizers: true))
  /// Decay of m; for Lion the share of m in the update's direction.
  public let beta1 = Setting.number(
    "beta1", 0.96, 0...1,
    SettingWords(
      .optimizer, "x", "Decay of the gradient's average m (Lion: its share in the direction).",
      isOptimizers: true))
  /// Decay of h, of AdamW's v, or of Lion's m.
  public let beta2 = Setting.number(
    "beta2", 0.99, 0...1,
    SettingWords(
      .optimizer, "x", "Decay of the curvature's average (AdamW: of v; Lion: of m).",
      isOptimizers: true))
  /// Sophia's γ (ρ of the authors' code and of the paper's version 1).
  public let gamma = Setting.number(
    "gamma", 0.05, 0...1e6,
    SettingWords(
      .optimizer, "x",
      "Sophia's γ: the update is clip(m / max(γ·h, ε), ±1); larger clips less.", isOptimizers: true)
  )
  /// The win rates between which γ is to hold Sophia; nil: γ stays.
  public let autoRho = Setting.band(
    "auto-rho",
    SettingWords(
      .optimizer, "low:high",
      "Hold Sophia's win rate (share of updates not clipped) between these, by adjusting γ from "
        + "--gamma on at each refresh of the curvature.", usually: "γ stays", isOptimizers: true))
  /// Whether Sophia's update takes h / (1 − β2ⁿ), n the refreshes so far.
  public let biasCorrectH = Setting.toggle(
    "bias-correct-h", false,
    SettingWords(
      .optimizer, "",
      "Divide Sophia's h by 1 − β2ⁿ, n the refreshes so far; not with --spike-guard.",
      usually: "no, as published", isOptimizers: true))
  /// Sophia's or AdamW's ε.
  public let epsilon = Setting.number(
    "epsilon", 1e-12, 0...1,
    SettingWords(.optimizer, "x", "ε of the update.", isOptimizers: true))
  /// k: steps between refreshes of h.
  public let curvatureInterval = Setting.integer(
    "curvature-interval", 10, 1...1 << 31,
    SettingWords(
      .optimizer, "n", "Steps between refreshes of the curvature, k.", isOptimizers: true))
  /// Share of a step's sequences that the refresh uses.
  public let curvatureShare = Setting.number(
    "curvature-share", 0.5, 0...1,
    SettingWords(
      .optimizer, "x", "Share of a step's sequences that a refresh uses.", isOptimizers: true))
  /// M: groups of those sequences, whose sizes differ by one at most and whose estimates are averaged;
  /// 1 is the paper.
  public let curvatureGroups = Setting.integer(
    "curvature-groups", 1, 1...1 << 30,
    SettingWords(
      .optimizer, "n",
      "Groups of those sequences whose estimates are averaged: less noise in h.",
      usually: "1, the paper", isOptimizers: true))
  /// Random directions of sophia-h: `gaussian`, as the paper has it, or `rademacher`.
  public let probe = Setting.choice(
    "probe", Probe.gaussian.rawValue, Probe.allCases.map(\.rawValue),
    SettingWords(
      .optimizer, "name",
      "Random directions of sophia-h: gaussian (the paper) or rademacher (less noise).",
      usually: "gaussian", isOptimizers: true))
  /// Nats above the running average at which a loss is a spike, whose step is undone; 0: no guard.
  public let spikeGuard = Setting.number(
    "spike-guard", 0, 0...1e3,
    SettingWords(
      .optimizer, "nats",
      "Undo a step whose loss is so many nats a token above the running average, or not finite: back "
        + "to the last good state, its batch skipped; 1 is far above noise.", usually: "0: no guard"
    ))
  /// Keys initial weights, order of data, sampled labels and random directions.
  public let seed = Setting.integer(
    "seed", 0, 0...Int.max,
    SettingWords(.run, "n", "Seed of weights, data order, sampled labels and probes."))

  /// The rows, where there are these optimizers.
  public init(_ optimizers: OptimizerRegistry) {
    self.optimizers = optimizers
    optimizer = Setting.choice(
      "optimizer", OptimizerRegistry.initial, optimizers.names,
      SettingWords(
        .optimizer, "name", optimizers.help,
        usually: "the model's, else \(OptimizerRegistry.initial)"))
  }

  /// With the optimizers that the program has.
  public static let standard = SettingTable(TrainingSettings(.standard))
  /// Those of ``RunSettings``.
  public static var relatedKeys: [String] { RunSettings.standard.keys }

  private static let namedData = SettingWords.Idle(key: "data", reason: "--data") {
    $0.stringValue?.isEmpty == false
  }
}
