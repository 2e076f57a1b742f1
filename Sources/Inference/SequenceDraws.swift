import Machine
import Transformer

/// The draws after a pass of the model: sequences are shared out among the threads.
struct SequenceDraws {
  /// A token, with what the request wants to know about it.
  typealias Draw = (token: UInt32, logprob: Float?, top: [TokenLogprob])

  /// A sequence whose tokens are all read, and the rows of its logits: one after its text, and one
  /// after each token proposed.
  struct Item {
    let sequence: ActiveSequence
    let proposal: [UInt32]
    let firstRow: Int
  }

  let logits: Decoder.Logits
  let scratch: [SamplerScratch]
  let team: ThreadTeam

  /// What each sequence drew, in order: a token, and one more for each proposed token that is the
  /// one drawn in its place; nil in place of a token if the logits are not finite.
  func run(_ items: [Item]) -> [[Draw?]] {
    var draws = [[Draw?]](repeating: [], count: items.count)
    draws.withUnsafeMutableBufferPointer { draws in
      team.forEach(items.count) { item, thread in
        draws[item] = self.draws(items[item], scratch[thread])
      }
    }
    return draws
  }

  private func draws(_ item: Item, _ scratch: SamplerScratch) -> [Draw?] {
    var draws: [Draw?] = []
    var history = item.sequence.history
    for row in 0...item.proposal.count {
      let position = item.sequence.tokens.count + row
      let draw = draw(
        item.sequence, position, history, logits[item.firstRow + row], scratch)
      draws.append(draw)
      guard let token = draw?.token, row < item.proposal.count, token == item.proposal[row],
        !item.sequence.request.stopTokens.contains(token)
      else { break }
      if item.sequence.request.sampling.readsHistory { history.append(token) }
    }
    return draws
  }

  private func draw(
    _ sequence: ActiveSequence, _ position: Int, _ history: TokenHistory,
    _ logits: UnsafeBufferPointer<Float>, _ scratch: SamplerScratch
  ) -> Draw? {
    guard
      let token = sequence.sampler.draw(
        logits, position: position, history: history,
        banned: sequence.bans(at: position - sequence.request.prompt.count), using: scratch)
    else { return nil }
    guard let count = sequence.request.logprobs else { return (token, nil, []) }
    guard let entry = TokenLogprob.of(token, top: count, logits, using: scratch) else { return nil }
    return (token, entry.token.logprob, entry.top)
  }
}
