import Kernels
public import Machine

/// The keys and values of one sequence: a list of page numbers into a pool.
///
/// Pages are taken as positions are reserved and given back when the cache goes away. A page that
/// another cache uses too is copied before this one writes to it.
public final class KVCache {
  /// Where the pages come from.
  public let pool: KVPool
  /// Positions that hold a token; the next token's position.
  public private(set) var length = 0
  /// The numbers of its pages in the pool, in order.
  public private(set) var pages: [Int] = []

  /// An empty cache.
  public init(_ pool: KVPool) {
    self.pool = pool
  }

  /// An empty cache with a pool of its own, large enough for the model's context, so that
  /// ``reserve(_:)`` never fails. Throws ``MemoryError``.
  public convenience init(_ config: GPT2Config) throws(MemoryError) {
    self.init(try KVPool(config, pages: KVPool.pages(for: config.contextLength)))
  }

  deinit {
    for page in pages { pool.release(page) }
  }

  /// Pages that ``reserve(_:)`` takes from the pool for `count` more positions.
  public func pagesNeeded(for count: Int) -> Int {
    let first = length / AttentionPage.positions
    let copied = count > 0 && first < pages.count && pool.isShared(pages[first]) ? 1 : 0
    return copied + max(0, KVPool.pages(for: length + count) - pages.count)
  }

  /// Makes room for `count` more positions. False, and nothing changed but pages taken, if the pool
  /// has none left. The context's length is the caller's to keep.
  public func reserve(_ count: Int) -> Bool {
    precondition(
      count >= 0 && length + count <= pool.config.contextLength,
      "KVCache: \(length) + \(count) positions of \(pool.config.contextLength)")
    let first = length / AttentionPage.positions
    if count > 0 && first < pages.count && pool.isShared(pages[first]) {
      guard let own = pool.take() else { return false }
      pool.copy(pages[first], to: own)
      pool.release(pages[first])
      pages[first] = own
    }
    while pages.count < KVPool.pages(for: length + count) {
      guard let page = pool.take() else { return false }
      pages.append(page)
    }
    return true
  }

  /// Forgets the positions from `length` on and gives back the pages that only they used.
  public func truncate(to length: Int) {
    precondition(length >= 0 && length <= self.length, "KVCache: \(length) of \(self.length)")
    self.length = length
    while pages.count > KVPool.pages(for: length) { pool.release(pages.removeLast()) }
  }

  /// A second cache of the same positions, or the `first` ones, that shares the pages.
  public func fork(first: Int? = nil) -> KVCache {
    let other = KVCache(pool)
    other.length = first ?? length
    precondition(
      other.length >= 0 && other.length <= length, "KVCache: the first \(other.length) of \(length)"
    )
    other.pages = Array(pages.prefix(KVPool.pages(for: other.length)))
    for page in other.pages { pool.retain(page) }
    return other
  }

  /// The reserved positions `length ..< length + count` now hold tokens.
  func advance(_ count: Int) {
    precondition(
      KVPool.pages(for: length + count) <= pages.count,
      "KVCache: \(length) + \(count) positions in \(pages.count) pages")
    length += count
  }
}
