/// Speculative decoding without a second model: the text so far proposes its own continuation.
/// Where its last tokens stood before, what followed them there is likely to follow again; one pass
/// of the model checks all proposed tokens (prompt lookup decoding, Saxena 2023; the draft of
/// Leviathan et al. 2023 being a look-up).
///
/// A proposed token stands if the sampler's own draw at its position is that token. Draws are a
/// function of logits, text and position alone, and logits have the same bits for one row and for
/// many: so the text is the one without proposals, at any settings.
///
/// Each text has one of its own, which learns: as long as proposals are right they become longer,
/// and after wrong ones they wait for a place that resembles the end of the text more.
public struct PromptLookup: Sendable {
  /// Most tokens to propose at a time, where nothing else is asked for: where decoding is bound by
  /// reading the weights, a pass over so few rows takes hardly longer than one over a single row.
  public static let defaultProposal = 8
  /// A place with as many equal tokens before it is taken without looking further.
  static let longestMatch = 6
  /// With fewer equal tokens nothing is ever proposed.
  static let shortestMatch = 2

  /// Tokens of the next proposal.
  private(set) var length = 2
  /// Equal tokens that a place has to have, ``shortestMatch`` to ``longestMatch``.
  private(set) var match = PromptLookup.shortestMatch

  /// ``length`` tokens, but `most`, that may follow `tokens`, or none: those after the place where
  /// most of the last tokens, ``match`` at least, stood before; of equal places the latest. Where
  /// they reach the end of the text, its period goes on.
  func proposal(after tokens: ArraySlice<UInt32>, most: Int) -> [UInt32] {
    let count = min(length, most)
    guard count > 0, let last = tokens.last else { return [] }
    var (best, longest) = (tokens.endIndex, match - 1)
    for end in tokens.indices.dropLast().reversed() where tokens[end] == last {
      var equal = 1
      while equal < Self.longestMatch && end - equal >= tokens.startIndex
        && tokens[end - equal] == tokens[tokens.endIndex - 1 - equal]
      { equal += 1 }
      if equal > longest { (best, longest) = (end + 1, equal) }
      if longest == Self.longestMatch { break }
    }
    if best == tokens.endIndex { return [] }
    var proposal = Array(tokens[best...].prefix(count))
    let period = tokens.endIndex - best
    while proposal.count < count { proposal.append(proposal[proposal.count - period]) }
    return proposal
  }

  /// Takes how a proposal fared.
  mutating func learn(proposed: Int, accepted: Int) {
    if proposed == 0 { return }
    if accepted == proposed {
      length = min(2 * length, 64)
      match = Self.shortestMatch
    } else {
      length = accepted + 1
      if accepted == 0 { match = min(match + 1, Self.longestMatch) }
    }
  }
}
