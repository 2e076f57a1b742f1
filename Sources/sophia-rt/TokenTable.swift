import Files
import Generation
import Tokenization

/// Tokens with their log-probabilities, for people.
struct TokenTable {
  private let tokenizer: Tokenizer

  init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

  /// One line a token: the token and the natural logarithm of its probability, then the likeliest
  /// ones with theirs, separated by tabs; tokens are quoted as JSON strings.
  func lines(_ tokens: some Sequence<GeneratedText.Token>) -> String {
    var lines = ""
    for token in tokens {
      guard let record = TokenRecord(token, tokenizer) else { continue }
      let own = "\(quoted(record.token))\t\(logprob(record.token))"
      let others = record.top.map { "\(quoted($0)) \(logprob($0))" }
      lines += ([own] + others).joined(separator: "\t") + "\n"
    }
    return lines
  }

  private func logprob(_ entry: TokenRecord.Entry) -> String {
    Format.fixed(Double(entry.logprob), 4)
  }

  private func quoted(_ entry: TokenRecord.Entry) -> String {
    String(decoding: JSON.string(entry.text).serialized(), as: UTF8.self)
  }
}
