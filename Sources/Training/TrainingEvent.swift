public import Machine

/// What a run tells its caller while it goes on.
public enum TrainingEvent {
  /// A line for the user: what is planned, what was noticed.
  case notice(String)
  /// What long work before the first step is doing, for a line that rewrites itself.
  case preparing(String)
  /// A step is done.
  case step(StepReport)
  /// So many of the validation slice's windows are evaluated.
  case evaluating(done: Int, count: Int)
  /// The validation slice was evaluated.
  case evaluation(step: Int, nats: Double, bitsPerByte: Double?)
  /// It is time for a sample of text; the weights are those after `step` steps.
  case sample(step: Int, parameters: Arena)
  /// A checkpoint was published.
  case checkpoint(step: Int, path: String)
  /// A checkpoint could not be written; training goes on.
  /// - earlier: the step of the one before, which is untouched, if there is one
  case checkpointFailed(step: Int, reason: String, earlier: Int?)
}

/// One step's numbers.
public struct StepReport: Sendable {
  /// Steps done, this one included.
  public var step: Int
  /// Steps of the run.
  public var steps: Int
  /// Mean loss of the step's tokens, nats a token.
  public var loss: Double
  /// Learning rate of the step.
  public var learningRate: Double
  /// Global gradient norm before clipping.
  public var gradientNorm: Double
  /// Share of the steps so far whose gradient was clipped.
  public var clipRate: Double
  /// Share of parameters whose update was not clipped (Sophia's `win_rate`); nil for others.
  public var winRate: Double?
  /// γ of the step, where it is adjusted to hold the win rate.
  public var gamma: Double?
  /// ‖h‖₂ or, for AdamW, ‖v‖₂; nil where there is neither.
  public var curvatureNorm: Double?
  /// ‖m‖₂.
  public var momentumNorm: Double
  /// ‖θ‖₂.
  public var parameterNorm: Double
  /// Sequences whose sampled labels refreshed the curvature in this step; 0: no refresh.
  public var curvatureSequences: Int
  /// Batches that the guard against spikes skipped so far; nil without one.
  public var skippedBatches: Int?
  /// Wall time of the step.
  public var seconds: Double
  /// Wall time of the optimizer's update in it.
  public var optimizerSeconds: Double
  /// Tokens of a step.
  public var tokens: Int
  /// Floating-point operations of the step's training (curvature not counted).
  public var flops: Double

  /// Tokens a second of this step.
  public var tokensPerSecond: Double { Double(tokens) / max(seconds, 1e-9) }
}

/// How a run ended.
public enum TrainingOutcome: Sendable, Equatable {
  /// All steps are done.
  case finished
  /// The caller asked to stop; everything is saved.
  case interrupted(step: Int)
}
