import Files

/// One short story of the built-in corpus.
public struct Story: Sendable, Equatable {
  /// The story: plain ASCII English in paragraphs separated by an empty line, without a line break
  /// at the end and without `<|endoftext|>`.
  public var text: String
  /// −ln P(text) under the whole grammar: the exact number of nats that the text carries.
  ///
  /// Divide the sum over stories by the sum of their tokens (with one `<|endoftext|>` a story,
  /// which carries none: where a story ends is certain) for the entropy a token, the floor of a
  /// model's loss. It counts the text among all stories, training and validation together: which
  /// half a story falls in is decided by a hash that a model does not see, so this is also the
  /// floor for a model trained on one half and tried on the other. `StorySplit.probability` turns
  /// it into the probability within a half.
  public var nats: Double
}

/// The two halves of the corpus, which never share a text: a story belongs to one of them by a
/// hash of its text alone, whatever the seed and index that led to it.
public enum StorySplit: Sendable, Equatable, CaseIterable {
  case training
  case validation

  /// One text in this many belongs to the validation half.
  static let denominator: UInt64 = 16

  /// The half that a text belongs to.
  public init(of text: String) {
    self = StorySplit(ofBytes: Array(text.utf8))
  }

  /// FNV-1a, then the finalizer of MurmurHash3: the low bits of FNV-1a alone depend only on the low
  /// bits of the letters.
  init(ofBytes bytes: [UInt8]) {
    var hash = FNV1a(bytes).value
    hash = (hash ^ hash >> 33) &* 0xFF51_AFD7_ED55_8CCD
    hash = (hash ^ hash >> 33) &* 0xC4CE_B9FE_1A85_EC53
    hash ^= hash >> 33
    self = hash % StorySplit.denominator == 0 ? .validation : .training
  }

  /// P(split), the share of the grammar's probability that falls in this half.
  ///
  /// Over the hash functions the share has mean 1/16 and variance at most max P(text) / 16; no
  /// story is likelier than e^−50, so the share differs from 1/16 by less than 1e-11.
  /// P(text | split) = P(text) / P(split): −ln of it is `nats + log(probability)`.
  public var probability: Double {
    let share = 1 / Double(StorySplit.denominator)
    return self == .validation ? share : 1 - share
  }
}
