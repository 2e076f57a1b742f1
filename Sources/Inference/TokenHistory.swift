/// The tokens of a text so far, as the penalties of ``SamplingSettings`` count them.
public struct TokenHistory: Sendable, Equatable {
  /// The ids in prompt and text, each once.
  public private(set) var seen: Set<UInt32> = []
  /// How often each id was generated, the prompt left out.
  public private(set) var generated: [UInt32: Int] = [:]

  /// The history of a text of which only the prompt is there.
  public init(prompt: some Sequence<UInt32> = []) { seen = Set(prompt) }

  /// Takes a generated token.
  public mutating func append(_ token: UInt32) {
    seen.insert(token)
    generated[token, default: 0] += 1
  }
}
