import Files
import Inference
import Tokenization

/// A text and its tokens, as lines for people and for programs.
struct GenerationResult {
  let tokenizer: Tokenizer

  /// One line a token: the token and the natural logarithm of its probability, then the likeliest
  /// ones with theirs, separated by tabs; tokens are quoted as JSON strings.
  func table(_ tokens: some Sequence<GeneratedText.Token>) -> String {
    var lines = ""
    for token in tokens {
      let own = "\(quoted(token.id))\t\(Format.fixed(Double(token.logprob ?? 0), 4))"
      let others = token.top.map { "\(quoted($0.token)) \(Format.fixed(Double($0.logprob), 4))" }
      lines += ([own] + others).joined(separator: "\t") + "\n"
    }
    return lines
  }

  /// A finished text as one line of JSON.
  /// - index: the number of the prompt; - sample: that of the text among those of the prompt.
  func line(index: Int, sample: UInt32, prompt: String, _ text: GeneratedText) -> String {
    let shown = text.shownTokens(from: 0)
    var members: [JSONMember] = [
      JSONMember("index", .integer(index)), JSONMember("sample", .integer(Int(sample))),
      JSONMember("prompt", .string(prompt)),
      JSONMember("text", .string(String(decoding: text.shown, as: UTF8.self))),
      JSONMember("tokens", .integer(shown.count)),
      JSONMember("finish_reason", text.end.map { .string($0.rawValue) } ?? .null),
    ]
    if shown.contains(where: { $0.logprob != nil }) {
      members.append(JSONMember("logprobs", .array(shown.map(entry))))
    }
    return String(decoding: JSON.object(members).serialized(), as: UTF8.self) + "\n"
  }

  private func entry(_ token: GeneratedText.Token) -> JSON {
    let own = members(TokenLogprob(token: token.id, logprob: token.logprob ?? 0))
    let top = token.top.map { JSON.object(members($0)) }
    return .object(top.isEmpty ? own : own + [JSONMember("top_logprobs", .array(top))])
  }

  private func members(_ one: TokenLogprob) -> [JSONMember] {
    [
      JSONMember("id", .integer(Int(one.token))), JSONMember("token", .string(string(one.token))),
      // The shortest digits that are this Float.
      JSONMember("logprob", Double(one.logprob.description).map { .number($0) } ?? .null),
    ]
  }

  private func string(_ id: UInt32) -> String {
    String(decoding: tokenizer.decode([id]), as: UTF8.self)
  }

  private func quoted(_ id: UInt32) -> String {
    String(decoding: JSON.string(string(id)).serialized(), as: UTF8.self)
  }
}

/// Numbered results that come in any order and go on in theirs.
struct InOrder<Element> {
  private var waiting: [Int: Element] = [:]
  private var next = 0

  /// Takes a result. Returns those whose turn it is now.
  mutating func take(_ element: Element, number: Int) -> [Element] {
    waiting[number] = element
    var ready: [Element] = []
    while let element = waiting.removeValue(forKey: next) {
      ready.append(element)
      next += 1
    }
    return ready
  }

  /// What still waits for an earlier one that does not come, in order.
  mutating func rest() -> [Element] {
    defer { waiting = [:] }
    return waiting.sorted { $0.key < $1.key }.map(\.value)
  }
}
