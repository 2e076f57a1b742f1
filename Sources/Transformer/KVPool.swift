import Kernels
public import Machine

/// How keys and values are held.
public enum KVPrecision: String, CaseIterable, Sendable {
  /// As they are.
  case f32
  /// The upper half of a float, rounded to nearest even: half the memory, and half the reading where
  /// many sequences are written together.
  case bf16
}

/// A fixed budget of key and value pages that many sequences share: a page holds 64 positions of
/// all layers and heads in the layout of ``AttentionPage``, and is counted by the caches that use
/// it, so caches with a common beginning hold it once.
///
/// Not for several threads at a time; the decoder's team reads and writes the numbers of pages, not
/// which are free.
public final class KVPool {
  /// Pages in all.
  public let pageCount: Int
  /// Pages that no cache holds.
  public var freePages: Int { free.count }

  /// How the pages hold their numbers.
  public let precision: KVPrecision
  let config: GPT2Config
  private let arena: Arena
  private var free: [Int]
  private var users: [Int]

  /// A pool of `pages` pages for caches of this model. Memory is taken page by page as positions
  /// are written. Throws ``MemoryError``.
  public init(
    _ config: GPT2Config, _ precision: KVPrecision = .f32, pages: Int
  ) throws(MemoryError) {
    precondition(pages >= 1, "KVPool: \(pages) pages")
    self.precision = precision
    self.config = config
    pageCount = pages
    arena = try Arena(count: Self.bytes(config, precision, pages: pages) / 4)
    free = (0..<pages).reversed()
    users = [Int](repeating: 0, count: pages)
  }

  /// Bytes of a pool of `pages` pages.
  public static func bytes(
    _ config: GPT2Config, _ precision: KVPrecision = .f32, pages: Int
  ) -> Int {
    pages * bytesPerPage(config, precision)
  }

  /// Pages that a sequence of `positions` positions takes.
  public static func pages(for positions: Int) -> Int {
    (positions + AttentionPage.positions - 1) / AttentionPage.positions
  }

  /// A head's keys and values in a page; a multiple of 64, keys and values being 64 rows each.
  private static func bytesPerHead(_ config: GPT2Config, _ precision: KVPrecision) -> Int {
    let count =
      AttentionPage.keyCount(config.headSize) + AttentionPage.valueCount(config.headSize)
    return precision == .f32 ? 4 * count : 2 * count
  }

  private static func bytesPerPage(_ config: GPT2Config, _ precision: KVPrecision) -> Int {
    config.layers * config.heads * bytesPerHead(config, precision)
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
    let count = Self.bytesPerPage(config, precision)
    let base = UnsafeMutableRawPointer(arena.base)
    (base + other * count).copyMemory(from: base + page * count, byteCount: count)
  }

  /// A head's part of a page.
  func head(_ page: Int, layer: Int, head: Int) -> KVPageHead {
    let item = (page * config.layers + layer) * config.heads + head
    return KVPageHead(
      base: UnsafeMutableRawPointer(arena.base) + item * Self.bytesPerHead(config, precision),
      D: config.headSize, precision: precision)
  }
}

/// One head's keys, d-major, and after them its values, rows of whole vectors, of 64 positions.
struct KVPageHead {
  typealias Pointer = UnsafeMutablePointer<Float>

  let base: UnsafeMutableRawPointer
  let D: Int
  let precision: KVPrecision

  /// The numbers of a page held in f32, and in bf16: keys, and after them values.
  var floats: Pointer { base.assumingMemoryBound(to: Float.self) }
  var halves: UnsafeMutablePointer<UInt16> { base.assumingMemoryBound(to: UInt16.self) }

  /// Writes the keys and values of positions from `slot` on.
  /// - keys, values: (count, D), `ld` floats from row to row.
  func store(
    keys: UnsafePointer<Float>, values: UnsafePointer<Float>, ld: Int, count: Int, slot: Int
  ) {
    let after = AttentionPage.keyCount(D)
    switch precision {
    case .f32:
      AttentionPage.storeKeys(keys, ld: ld, count: count, D: D, slot: slot, page: floats)
      AttentionPage.storeValues(
        values, ld: ld, count: count, D: D, slot: slot, page: floats + after)
    case .bf16:
      AttentionPage.storeKeys(keys, ld: ld, count: count, D: D, slot: slot, page: halves)
      AttentionPage.storeValues(
        values, ld: ld, count: count, D: D, slot: slot, page: halves + after)
    }
  }
}
