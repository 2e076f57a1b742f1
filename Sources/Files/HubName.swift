extension FileError {
  /// For a folder or file of a model that is not there: the error, and how it is fetched where its
  /// name is such as Hugging Face's models and data sets have, `openai-community/gpt2`.
  package func explainingHubName() -> FileError {
    guard isMissing, path.isHubName else { return self }
    var error = self
    error.detail +=
      " (nothing is downloaded here: if it is a name of the Hugging Face hub, fetch it with "
      + "'hf download \(path) --local-dir \(path)')"
    return error
  }
}

extension String {
  /// Whether it may name a repository of the hub: OWNER/NAME of letters, digits, `-`, `_` and `.`, or
  /// one of GPT-2's own names, which have no owner.
  fileprivate var isHubName: Bool {
    let parts = split(separator: "/", omittingEmptySubsequences: false)
    let isPlain = parts.allSatisfy { part in
      guard let first = part.first, first.isLetter || first.isNumber else { return false }
      return part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    }
    let ownerless = ["gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl", "distilgpt2"]
    return isPlain && !hasSuffix(".json") && (parts.count == 2 || ownerless.contains(self))
  }
}
