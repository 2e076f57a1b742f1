public import Files
import Inference
public import Tokenization

/// A token with its log-probability and those of the likeliest tokens in its place, for programs.
public struct TokenRecord: Sendable, Equatable {
  /// A token and ln p of it under the model's own distribution.
  public struct Entry: Sendable, Equatable {
    /// Its id.
    public let id: UInt32
    /// Its bytes, perhaps a part of a character.
    public let bytes: [UInt8]
    /// Natural logarithm of its probability.
    public let logprob: Float

    /// Its bytes as text; ill-formed ones are U+FFFD.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    fileprivate var members: [JSONMember] {
      [
        JSONMember("id", .integer(Int(id))), JSONMember("token", .string(text)),
        JSONMember("logprob", .shortest(logprob)),
      ]
    }
  }

  /// The token of the text.
  public let token: Entry
  /// The likeliest ones, in descending order.
  public let top: [Entry]

  /// A token of a text that was asked for log-probabilities; nil for another.
  public init?(_ token: GeneratedText.Token, _ tokenizer: Tokenizer) {
    guard let logprob = token.logprob else { return nil }
    func entry(_ id: UInt32, _ logprob: Float) -> Entry {
      Entry(id: id, bytes: tokenizer.bytes(of: id), logprob: logprob)
    }
    self.token = entry(token.id, logprob)
    top = token.top.map { entry($0.token, $0.logprob) }
  }

  /// `{"id", "token", "logprob", "top_logprobs"}`; the last only if there are any.
  public var json: JSON {
    .object(
      token.members
        + (top.isEmpty ? [] : [JSONMember("top_logprobs", .array(top.map { .object($0.members) }))])
    )
  }
}

/// A finished text, for programs: a line of what `generate --prompts` writes.
public struct TextRecord: Sendable, Equatable {
  /// What the prompt's line calls itself, if it does.
  public let id: JSON?
  /// The number of the prompt.
  public let index: Int
  /// The number of the text among those of the prompt.
  public let sample: UInt32
  /// The prompt's text.
  public let prompt: String
  /// The text after it; ill-formed bytes are U+FFFD.
  public let text: String
  /// How many tokens begin in the text.
  public let tokens: Int
  /// Why it ended; nil if it did not.
  public let end: TextEnd?
  /// Those tokens, if their log-probabilities were asked for.
  public let logprobs: [TokenRecord]

  /// A text and where it belongs.
  public init(
    id: JSON? = nil, index: Int, sample: UInt32, prompt: String, _ text: GeneratedText,
    _ tokenizer: Tokenizer
  ) {
    self.id = id
    let shown = text.shownTokens(from: 0)
    (self.index, self.sample, self.prompt) = (index, sample, prompt)
    self.text = String(decoding: text.shown, as: UTF8.self)
    (tokens, end) = (shown.count, text.end)
    logprobs = shown.compactMap { TokenRecord($0, tokenizer) }
  }

  /// `{"id", "index", "sample", "prompt", "text", "tokens", "finish_reason", "logprobs"}`; the first
  /// and the last only if there are any.
  public var json: JSON {
    let members =
      (id.map { [JSONMember("id", $0)] } ?? []) + [
        JSONMember("index", .integer(index)), JSONMember("sample", .integer(Int(sample))),
        JSONMember("prompt", .string(prompt)), JSONMember("text", .string(text)),
        JSONMember("tokens", .integer(tokens)),
        JSONMember("finish_reason", end.map { .string($0.name) } ?? .null),
      ]
    return .object(
      logprobs.isEmpty
        ? members : members + [JSONMember("logprobs", .array(logprobs.map(\.json)))])
  }
}

extension JSON {
  /// The fewest digits that are this number.
  package static func shortest(_ value: Float) -> JSON {
    Double(value.description).map { .number($0) } ?? .null
  }
}
