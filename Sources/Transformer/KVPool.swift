import Kernels
public import Machine

/// A fixed budget of key and value pages that many sequences share: a page holds 64 positions of
/// all layers and heads in the layout of ``AttentionPage``, and is counted by the caches that use
/// it, so caches with a common beginning hold it once.
///
/// Not for several threads at a time; the decoder's own team only reads it.
public final class KVPool {
  /// Pages in all.
  public let pageCount: Int
  /// Pages that no cache holds.
  public var freePages: Int { free.count }

  let config: GPT2Config
  private let arena: Arena
  private var free: [Int]
  private var users: [Int]

  /// A pool of `pages` pages for caches of this model. Memory is taken page by page as positions
  /// are written. Throws ``MemoryError``.
  public init(_ config: GPT2Config, pages: Int) throws(MemoryError) {
    precondition(pages >= 1, "KVPool: \(pages) pages")
    self.config = config
    pageCount = pages
    arena = try Arena(count: pages * Self.floatsPerPage(config))
    free = (0..<pages).reversed()
    users = [Int](repeating: 0, count: pages)
  }

  /// Bytes of a pool of `pages` pages.
  public static func bytes(_ config: GPT2Config, pages: Int) -> Int {
    MemoryLayout<Float>.stride * pages * floatsPerPage(config)
  }

  /// Pages that a sequence of `positions` positions takes.
  public static func pages(for positions: Int) -> Int {
    (positions + AttentionPage.positions - 1) / AttentionPage.positions
  }

  private static func floatsPerHead(_ config: GPT2Config) -> Int {
    AttentionPage.keyCount(config.headSize) + AttentionPage.valueCount(config.headSize)
  }

  private static func floatsPerPage(_ config: GPT2Config) -> Int {
    config.layers * config.heads * floatsPerHead(config)
  }

  /// A page of one user, or nil if all are in use. Its floats are whatever they were.
  func take() -> Int? {
    guard let page = free.popLast() else { return nil }
    users[page] = 1
    return page
  }

  func retain(_ page: Int) { users[page] += 1 }

  func release(_ page: Int) {
    users[page] -= 1
    if users[page] == 0 { free.append(page) }
  }

  func isShared(_ page: Int) -> Bool { users[page] > 1 }

  func copy(_ page: Int, to other: Int) {
    let count = Self.floatsPerPage(config)
    (arena.base + other * count).update(from: arena.base + page * count, count: count)
  }

  /// The keys of a head, d-major; its values follow.
  func keys(_ page: Int, layer: Int, head: Int) -> UnsafeMutablePointer<Float> {
    let item = (page * config.layers + layer) * config.heads + head
    return arena.base + item * Self.floatsPerHead(config)
  }

  /// The values of a head, rows of whole vectors.
  func values(_ page: Int, layer: Int, head: Int) -> UnsafeMutablePointer<Float> {
    keys(page, layer: layer, head: head) + AttentionPage.keyCount(config.headSize)
  }
}
