/// Where an engine's time went. A step that reads any prompt counts as prefill, one that only writes
/// as decoding; each rate is tokens over seconds of one kind. Tokens that other texts write while a
/// prompt is read are in neither count.
public struct EngineTiming: Sendable, Equatable {
  /// Seconds of steps that read prompts.
  public private(set) var prefillSeconds = 0.0
  /// Tokens of prompts that passed the model in them.
  public private(set) var prefillTokens = 0
  /// Seconds of steps that read no prompt.
  public private(set) var decodeSeconds = 0.0
  /// Tokens that passed the model in them.
  public private(set) var decodeTokens = 0
  /// Steps that read no prompt: each reads the weights once.
  public private(set) var decodeSteps = 0
  /// Tokens that ``PromptLookup`` proposed; a pass over those that were wrong is in the seconds
  /// above, but they are not among the tokens.
  public private(set) var proposedTokens = 0
  /// How many of them were the ones drawn.
  public private(set) var acceptedTokens = 0

  /// Prompt tokens a second.
  public var prefillTokensPerSecond: Double {
    prefillSeconds > 0 ? Double(prefillTokens) / prefillSeconds : 0
  }

  /// Tokens a second of all texts together.
  public var decodeTokensPerSecond: Double {
    decodeSeconds > 0 ? Double(decodeTokens) / decodeSeconds : 0
  }

  /// - accepted: proposed tokens that each drawing sequence accepted.
  mutating func add(_ duration: Duration, _ batch: [Engine.Part], accepted: [Int]) {
    let (whole, atto) = duration.components
    let seconds = Double(whole) + Double(atto) * 1e-18
    let proposed = batch.reduce(0) { $0 + $1.proposal.count }
    let right = accepted.reduce(0, +)
    proposedTokens += proposed
    acceptedTokens += right
    let prompts = batch.filter(\.isPrompt)
    if !prompts.isEmpty {
      prefillSeconds += seconds
      prefillTokens += prompts.reduce(0) { $0 + $1.input.tokens.count }
    } else {
      decodeSeconds += seconds
      decodeTokens += batch.count + right
      decodeSteps += 1
    }
  }
}
