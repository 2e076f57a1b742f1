/// The tokens that a piece of text begins with, before merges: one a byte, where the vocabulary has it.
struct ByteTokens: Sendable {
  /// No id: the byte has no token.
  static let none = UInt32.max

  /// (256) the token of each byte, or ``none``.
  private let ids: [UInt32]
  /// (256) the tokens that stand for a byte that has none (`byte_fallback`), or nothing.
  private let fallbacks: [[UInt32]]
  private let unknown: UInt32?
  private let fusesUnknown: Bool

  /// Whether every byte has a token of its own.
  let isComplete: Bool

  /// How many bytes leave nothing in the tokens of a text.
  var lostCount: Int {
    unknown != nil ? 0 : zip(ids, fallbacks).count { $0 == Self.none && $1.isEmpty }
  }

  /// - ids: (256) the token of each byte, or ``none``.
  /// - fallbacks: (256) the tokens of a byte without one; may be none.
  init(
    _ ids: [UInt32], fallbacks: [[UInt32]]? = nil, unknown: UInt32? = nil,
    fusesUnknown: Bool = false
  ) {
    self.ids = ids
    self.fallbacks = fallbacks ?? [[UInt32]](repeating: [], count: 256)
    self.unknown = unknown
    self.fusesUnknown = fusesUnknown
    isComplete = !ids.contains(Self.none)
  }

  /// The token of a byte, or ``none``.
  @inline(__always)
  subscript(byte: UInt8) -> UInt32 { ids[Int(byte)] }

  /// Appends what `text[range]` begins with. The order of unknown tokens is that of `tokenizers`
  /// (`merge_word` in its BPE model): one is held back until a byte with a token comes.
  func append(_ text: Span<UInt8>, _ range: Range<Int>, to symbols: inout [UInt32]) {
    if isComplete {
      for i in range { symbols.append(ids[Int(text[i])]) }
      return
    }
    var held: UInt32?
    for i in range {
      let byte = Int(text[i])
      if ids[byte] != Self.none {
        if let token = held { symbols.append(token) }
        held = nil
        symbols.append(ids[byte])
      } else if !fallbacks[byte].isEmpty {
        symbols += fallbacks[byte]
      } else if let unknown {
        if let token = held, !fusesUnknown { symbols.append(token) }
        held = unknown
      }
    }
    if let held { symbols.append(held) }
  }
}
