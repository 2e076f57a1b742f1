public import Files
public import Optimizers
import Transformer

/// Everything that decides the bits of a run: what `train`'s flags, a `--config` file, a preset and
/// the defaults come to. The keys of its JSON are the flags' names. Threads, CPUs, micro-batch and
/// intervals are not here: they may change on a resume.
public struct TrainingConfiguration: Sendable, Equatable {
  /// The optimizers by name.
  public enum OptimizerName: String, Sendable, CaseIterable {
    /// Sophia with the Gauss–Newton–Bartlett estimator.
    case sophiaG = "sophia-g"
    /// Sophia with Hutchinson's estimator on exact Hessian-vector products.
    case sophiaH = "sophia-h"
    /// AdamW as torch has it.
    case adamW = "adamw"
    /// Lion.
    case lion
    /// Muon for the layers' matrices, AdamW for embeddings, biases and LayerNorm.
    case muon
    /// Ours: Muon for the layers' matrices, Sophia-G for embeddings, biases and LayerNorm.
    case sophiaMuon = "sophia-muon"
  }

  /// The model: a preset's name or a file.
  public var model = "nano"
  /// The dataset's directory; empty: the built-in corpus.
  public var data = ""
  /// The tokenizer's directory or file; empty: the dataset's own.
  public var tokenizer = ""
  /// Folder whose weights the run starts from; empty: fresh ones.
  public var initFrom = ""
  /// `none`, or `paper` for the schedule of the Sophia paper.
  public var recipe = "none"
  /// Stories of the built-in corpus; 0: as many as the run reads once, within bounds.
  public var stories = 0
  /// Vocabulary that is trained for the built-in corpus.
  public var vocabulary = 2048
  /// T.
  public var context = 256
  /// S·T, tokens a step.
  public var batchTokens = 4096
  /// Steps of the run and of the schedule.
  public var steps = 1000
  /// Which optimizer.
  public var optimizer = OptimizerName.sophiaG.rawValue
  /// `paper`, `nesterov`, `v1` or `official`.
  public var sophiaForm = Sophia.Form.paper.rawValue
  /// Peak learning rate.
  public var lr = 1e-3
  /// Peak learning rate of what Muon leaves to AdamW.
  public var adamWLR = 3e-4
  /// Peak learning rate of what sophia-muon leaves to Sophia.
  public var sophiaLR = 2e-3
  /// Learning rate of the layers' matrices over that of the rest; Muon's have one of their own.
  public var matrixLRRatio = 1.0
  /// Learning rate of biases and LayerNorm over that of the embeddings.
  public var vectorLRRatio = 1.0
  /// Steps of linear warmup.
  public var warmup = 100
  /// `cosine` or `constant`.
  public var schedule = Schedule.Shape.cosine.rawValue
  /// Final learning rate over the peak.
  public var minLRRatio = 0.01
  /// λ, on linear weights.
  public var weightDecay = 0.1
  /// Global norm to clip the gradient to; 0: never.
  public var clip = 1.0
  /// Muon's μ, decay of m in matrices.
  public var momentum = 0.95
  /// Decay of m; for Lion the share of m in the update's direction.
  public var beta1 = 0.96
  /// Decay of h, of AdamW's v, or of Lion's m.
  public var beta2 = 0.99
  /// Sophia's γ (ρ of the authors' code and of the paper's version 1).
  public var gamma = 0.05
  /// The win rates between which γ is to hold Sophia; nil: γ stays.
  public var autoRho: AutoRho.Band?
  /// Whether Sophia's update takes h / (1 − β2ⁿ), n the refreshes so far.
  public var biasCorrectH = false
  /// Sophia's or AdamW's ε.
  public var epsilon = 1e-12
  /// k: steps between refreshes of h.
  public var curvatureInterval = 10
  /// Share of a step's sequences that the refresh uses.
  public var curvatureShare = 0.5
  /// M: groups of those sequences, whose sizes differ by one at most and whose estimates are averaged;
  /// 1 is the paper.
  public var curvatureGroups = 1
  /// Random directions of sophia-h: `gaussian`, as the paper has it, or `rademacher`.
  public var probe = Probe.gaussian.rawValue
  /// Nats above the running average at which a loss is a spike, whose step is undone; 0: no guard.
  public var spikeGuard = 0.0
  /// Keys initial weights, order of data, sampled labels and random directions.
  public var seed = 0

  /// The defaults.
  public init() {}

  /// S, sequences a step.
  public var sequences: Int { batchTokens / context }

  /// ⌈share·S⌉, sequences of a refresh.
  public var curvatureSequences: Int {
    min(sequences, max(1, Int((curvatureShare * Double(sequences)).rounded(.up))))
  }

  /// A key of the configuration.
  public typealias Field = SettingField<TrainingConfiguration>

  /// The keys in the order of the file.
  public static let fields: [Field] = [
    .string("model", \.model), .string("data", \.data), .string("tokenizer", \.tokenizer),
    .string("init-from", \.initFrom),
    .choice("recipe", \.recipe, ["none", "paper"]), .integer("stories", \.stories, 0...10_000_000),
    .integer("vocabulary", \.vocabulary, 258...65536),
    .integer("context", \.context, 1...1 << 20),
    .integer("batch-tokens", \.batchTokens, 1...1 << 30),
    .integer("steps", \.steps, 1...1 << 31),
    .choice("optimizer", \.optimizer, OptimizerName.allCases.map(\.rawValue)),
    .choice("sophia-form", \.sophiaForm, Sophia.Form.allCases.map(\.rawValue)),
    .number("lr", \.lr, 0...1e3), .number("adamw-lr", \.adamWLR, 0...1e3),
    .number("sophia-lr", \.sophiaLR, 0...1e3),
    .number("matrix-lr-ratio", \.matrixLRRatio, 0...1e3),
    .number("vector-lr-ratio", \.vectorLRRatio, 0...1e3),
    .integer("warmup", \.warmup, 0...1 << 31),
    .choice("schedule", \.schedule, Schedule.Shape.allCases.map(\.rawValue)),
    .number("min-lr-ratio", \.minLRRatio, 0...1), .number("weight-decay", \.weightDecay, 0...1e3),
    .number("clip", \.clip, 0...1e9), .number("momentum", \.momentum, 0...1),
    .number("beta1", \.beta1, 0...1),
    .number("beta2", \.beta2, 0...1), .number("gamma", \.gamma, 0...1e6),
    .band("auto-rho", \.autoRho), .bool("bias-correct-h", \.biasCorrectH),
    .number("epsilon", \.epsilon, 0...1),
    .integer("curvature-interval", \.curvatureInterval, 1...1 << 31),
    .number("curvature-share", \.curvatureShare, 0...1),
    .integer("curvature-groups", \.curvatureGroups, 1...1 << 30),
    .choice("probe", \.probe, Probe.allCases.map(\.rawValue)),
    .number("spike-guard", \.spikeGuard, 0...1e3),
    .integer("seed", \.seed, 0...Int.max),
  ]

  /// As JSON, every key.
  public var json: JSON {
    .object(Self.fields.map { JSONMember($0.key, $0.get(self)) })
  }

  /// Takes the values of a JSON object over.
  /// - source: where it comes from, for messages; nil: flags.
  /// - Throws: ``TrainingError`` for an unknown key (naming the nearest) or a value out of range.
  public mutating func apply(_ members: [JSONMember], from source: String?) throws(TrainingError) {
    try Field.apply(
      members, to: &self, Self.fields, from: source, others: Trainer.Options.keys)
  }
}
