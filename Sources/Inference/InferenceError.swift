/// Why a request is refused.
public enum InferenceError: Error, Equatable, CustomStringConvertible {
  /// A prompt without tokens.
  case emptyPrompt
  /// A token id that the model does not have.
  case unknownToken(id: UInt32, vocabularySize: Int)
  /// A prompt longer than the model's context.
  case promptTooLong(tokens: Int, contextLength: Int)
  /// A setting out of its range.
  case setting(name: String, value: String, expected: String)
  /// A request that needs more key and value pages than the pool has.
  case poolTooSmall(needed: Int, pages: Int)
  /// Logits that are not finite numbers.
  case invalidLogits

  /// One line for the user.
  public var description: String {
    switch self {
    case .emptyPrompt: "the prompt is empty: give at least one token, such as <|endoftext|>"
    case .unknownToken(let id, let size):
      "the prompt has token \(id), but the model has only \(size): is it another tokenizer's?"
    case .promptTooLong(let tokens, let length):
      "the prompt has \(tokens) tokens, but the model's context is \(length): shorten it, or let "
        + "the context slide"
    case .setting(let name, let value, let expected): "\(name) is \(value), expected \(expected)"
    case .poolTooSmall(let needed, let pages):
      "the request needs \(needed) pages of keys and values, the pool has \(pages): ask for fewer "
        + "tokens or give it more memory"
    case .invalidLogits: "the model's logits are not finite numbers: its weights are broken"
    }
  }
}
