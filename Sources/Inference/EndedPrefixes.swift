import Transformer

/// What was read of texts that have ended, kept in its pages until they are needed: the next question
/// about the same context does not read it again. The prefix unused for longest is forgotten first.
struct EndedPrefixes {
  private struct Prefix {
    let tokens: [UInt32]
    let cache: KVCache
    let group: UInt64
  }

  /// In the order of their last use.
  private var prefixes: [Prefix] = []

  /// How many are kept.
  var count: Int { prefixes.count }

  /// Pages that they hold and that no text at hand uses.
  /// - used: the caches of the texts at hand.
  func pages(besides used: [KVCache]) -> Int {
    var pages = Set<Int>()
    for prefix in prefixes { pages.formUnion(prefix.cache.pages) }
    for cache in used { pages.subtract(cache.pages) }
    return pages.count
  }

  /// Keeps the cache of a text that has ended. What is the beginning of another one is kept once.
  mutating func keep(_ sequence: ActiveSequence) {
    let (cache, group) = (sequence.cache, sequence.request.cacheGroup)
    if sequence.windowStart > 0 { return }
    // A text's last token was never read; what lies at its place and after it was only proposed.
    cache.truncate(to: min(cache.length, sequence.tokens.count - 1))
    if cache.length == 0 { return }
    let tokens = Array(sequence.tokens.prefix(cache.length))
    if let longer = prefixes.firstIndex(where: {
      $0.group == group && $0.tokens.starts(with: tokens)
    }) {
      prefixes.append(prefixes.remove(at: longer))
      return
    }
    prefixes.removeAll { $0.group == group && tokens.starts(with: $0.tokens) }
    prefixes.append(Prefix(tokens: tokens, cache: cache, group: group))
  }

  /// The one that shares most with a request's prompt, and how many tokens; it was used last then.
  mutating func best(for request: SequenceRequest, most: Int) -> (cache: KVCache, shared: Int)? {
    var (best, longest) = (0, 0)
    for (i, prefix) in prefixes.enumerated() where prefix.group == request.cacheGroup {
      let common = min(most, zip(request.prompt, prefix.tokens).prefix { $0 == $1 }.count)
      if common > longest { (best, longest) = (i, common) }
    }
    if longest == 0 { return nil }
    prefixes.append(prefixes.remove(at: best))
    return (prefixes[prefixes.count - 1].cache, longest)
  }

  /// Forgets the one unused for longest. False if there is none.
  mutating func forgetOldest() -> Bool {
    if prefixes.isEmpty { return false }
    prefixes.removeFirst()
    return true
  }
}
