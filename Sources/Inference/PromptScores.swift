import Machine
import Transformer

/// The log-probabilities of prompt tokens, taken from the logits while a batch passes the model.
final class PromptScores {
  private let sequences: [ActiveSequence]
  /// Of each sequence, the first token that is read in this step.
  private let starts: [Int]
  private let scratch: [SamplerScratch]
  private let team: ThreadTeam
  private var rows: [[PromptToken?]]

  init(_ sequences: [ActiveSequence], scratch: [SamplerScratch], team: ThreadTeam) {
    (self.sequences, self.scratch, self.team) = (sequences, scratch, team)
    starts = sequences.map(\.cache.length)
    rows = sequences.map { _ in [] }
  }

  /// What the decoder is to hand over if each sequence reads so many tokens; nil if nothing.
  func wanted(_ counts: [Int]) -> Decoder.Scoring? {
    let tokens = zip(sequences, counts).map { $0.scored(of: $1) }
    if tokens.allSatisfy({ $0 == 0 }) { return nil }
    return Decoder.Scoring(tokens: tokens) { [self] in take(input: $0, first: $1, $2) }
  }

  /// The prompt tokens of a sequence that were scored; nil if logits are not finite.
  func tokens(of input: Int) -> [PromptToken]? {
    var tokens: [PromptToken] = []
    for token in rows[input] {
      guard let token else { return nil }
      tokens.append(token)
    }
    return tokens
  }

  /// The logits after token `first` of the step tell of the token after it. Rows are shared out among
  /// the threads.
  private func take(input: Int, first: Int, _ logits: Decoder.Logits) {
    let request = sequences[input].request
    let next = starts[input] + first + 1
    var tokens = [PromptToken?](repeating: nil, count: logits.rows)
    tokens.withUnsafeMutableBufferPointer { tokens in
      team.forEach(tokens.count) { row, thread in
        let entry = TokenLogprob.of(
          request.prompt[next + row], top: request.promptLogprobs ?? 0, logits[row],
          using: scratch[thread])
        tokens[row] = entry.map { PromptToken(own: $0.token, top: $0.top) }
      }
    }
    rows[input] += tokens
  }
}
