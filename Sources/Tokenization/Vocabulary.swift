/// The checked contents of a tokenizer, ready for use: tokens by id, merges by rank. Immutable, shared
/// by all copies of a ``Tokenizer``.
final class Vocabulary: Sendable {
  /// A token with its own place in the vocabulary that no text produces.
  struct Special: Sendable, Equatable {
    let id: UInt32
    let content: [UInt8]
  }

  /// A merge: two tokens side by side become `result`. Its rank is its index.
  struct Merge: Sendable, Equatable {
    let left: UInt32
    let right: UInt32
    let result: UInt32
  }

  /// All tokens' bytes, one after another.
  private let bytes: [UInt8]
  /// (V + 1) where each token's bytes begin.
  private let starts: [Int]
  /// Merges by rank.
  let merges: [Merge]
  /// Special tokens in ascending order of ids.
  let specials: [Special]
  private let specialIds: Set<UInt32>
  /// (256) the token of each byte.
  let byteIds: [UInt32]
  /// Pair → rank << 32 | result.
  let pairs: PairTable

  /// Number of tokens, special ones included.
  var count: Int { starts.count - 1 }

  /// The caller has checked: a token for every byte, merges of existing tokens, no pair twice.
  /// - tokens: (V) bytes of each id, those of special tokens included.
  /// - byteIds: (256).
  init(tokens: [[UInt8]], byteIds: [UInt32], merges: [Merge], specials: [Special]) {
    var bytes: [UInt8] = []
    var starts = [0]
    for token in tokens {
      bytes += token
      starts.append(bytes.count)
    }
    var pairs = PairTable(capacity: merges.count)
    for (rank, merge) in merges.enumerated() {
      pairs.insert(
        PairTable.key(merge.left, merge.right), UInt64(rank) << 32 | UInt64(merge.result))
    }
    self.bytes = bytes
    self.starts = starts
    self.merges = merges
    self.specials = specials
    specialIds = Set(specials.map(\.id))
    self.byteIds = byteIds
    self.pairs = pairs
  }

  /// The bytes of a token; none for an id outside the vocabulary.
  func bytes(of id: UInt32) -> ArraySlice<UInt8> {
    guard Int(id) < count else { return [] }
    return bytes[starts[Int(id)]..<starts[Int(id) + 1]]
  }

  /// Whether a token is special.
  func isSpecial(_ id: UInt32) -> Bool { specialIds.contains(id) }
}
