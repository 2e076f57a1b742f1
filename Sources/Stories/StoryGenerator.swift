import Machine

/// The built-in corpus: `story(i)` is a pure function of the seed and of i, so any story is reached
/// at once, on any thread, and is the same on every machine (choices are made in integers).
public struct StoryGenerator: Sendable {
  /// The half of the corpus that stories are drawn from; nil for both together.
  public let split: StorySplit?
  private let philox: Philox
  private let grammar: StoryGrammar

  /// The stories of a seed, of one half (or, for nil, of both, as the grammar has them).
  public init(seed: UInt64, split: StorySplit? = nil) {
    (self.split, philox, grammar) = (split, Philox(seed: seed), StoryGrammar.english)
  }

  /// Story number `index`: the first of its own sequence of drafts that falls in the split.
  public func story(_ index: UInt64) -> Story {
    var attempt: UInt32 = 0
    while true {
      var draws = StoryDraws(philox: philox, index: index, sub: attempt << 12)
      let draft = grammar.write(&draws)
      if split == nil || split == StorySplit(ofBytes: draft.bytes) {
        return Story(text: String(decoding: draft.bytes, as: UTF8.self), nats: draft.nats)
      }
      attempt += 1
    }
  }
}

/// The numbers that one draft of a story is made of.
struct StoryDraws {
  let philox: Philox
  let index: UInt64
  var sub: UInt32

  /// A number in 0..<count, uniform to within 2⁻⁶⁴ · count.
  mutating func below(_ count: UInt32) -> UInt32 {
    let word = philox.word(stream: .stories, index, sub)
    sub += 1
    return UInt32(truncatingIfNeeded: word.multipliedFullWidth(by: UInt64(count)).high)
  }
}
