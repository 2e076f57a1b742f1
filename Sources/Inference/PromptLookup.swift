/// Speculative decoding without a second model: the text so far proposes its own continuation.
/// Where its last tokens stood before, what followed them there is likely to follow again; one pass
/// of the model checks all proposed tokens (prompt lookup decoding, Saxena 2023; the draft of
/// Leviathan et al. 2023 being a look-up).
///
/// A proposed token stands if the sampler's own draw at its position is that token. Draws are a
/// function of logits, text and position alone, and logits have the same bits for one row and for
/// many: so the text is the one without proposals, at any settings.
public enum PromptLookup {
  /// Tokens proposed at a time, where nothing else is asked for: a pass over so few rows takes
  /// hardly longer than one over a single row, as the weights are read once.
  public static let defaultProposal = 8
  /// A place with as many equal tokens before it is taken without looking further.
  static let longestMatch = 6
  /// With fewer equal tokens nothing is proposed.
  static let shortestMatch = 2

  /// `count` tokens that may follow `tokens`, or none: those after the place where most of the last
  /// tokens, ``shortestMatch`` at least, stood before; of equal places the latest. Where they reach
  /// the end of the text, its period goes on.
  static func proposal(after tokens: ArraySlice<UInt32>, count: Int) -> [UInt32] {
    guard count > 0, let last = tokens.last else { return [] }
    var (best, length) = (tokens.endIndex, shortestMatch - 1)
    for end in tokens.indices.dropLast().reversed() where tokens[end] == last {
      var equal = 1
      while equal < longestMatch && end - equal >= tokens.startIndex
        && tokens[end - equal] == tokens[tokens.endIndex - 1 - equal]
      { equal += 1 }
      if equal > length { (best, length) = (end + 1, equal) }
      if length == longestMatch { break }
    }
    if best == tokens.endIndex { return [] }
    var proposal = Array(tokens[best...].prefix(count))
    let period = tokens.endIndex - best
    while proposal.count < count { proposal.append(proposal[proposal.count - period]) }
    return proposal
  }
}
