import Glibc

/// A page-aligned block of zeroed floats, owned. Pages are placed on the NUMA node of the thread
/// that first touches them: `touch(on:)` lets every thread of the team touch its own share.
public final class Arena: @unchecked Sendable {
  /// Which pages hold an arena.
  public enum Pages: Sendable {
    /// Huge ones (2 MiB) for arenas of 4 MiB and more: far fewer TLB misses.
    case huge
    /// Pages of 4 KiB alone, and no reservation: what is never touched never takes memory.
    case sparse
  }

  /// First float; 4,096-byte aligned (2 MiB for large arenas of huge pages).
  public let base: UnsafeMutablePointer<Float>
  /// Number of floats.
  public let count: Int
  private let mapping: UnsafeMutableRawPointer
  private let mappedBytes: Int

  private static let smallPage = 4096
  private static let hugePage = 2 << 20

  /// Maps `count` floats, all zero. Throws ``MemoryError`` if the system has no room.
  public init(count: Int, pages: Pages = .huge) throws(MemoryError) {
    precondition(count >= 0, "Arena: count \(count) < 0")
    guard count < Int.max / 8 else { throw MemoryError(bytes: Int.max, errno: ENOMEM) }
    let bytes = max(count, 1) * MemoryLayout<Float>.stride
    let huge = pages == .huge && bytes >= 2 * Self.hugePage
    let mapped =
      (bytes + Self.smallPage - 1) / Self.smallPage * Self.smallPage + (huge ? Self.hugePage : 0)
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | (pages == .sparse ? MAP_NORESERVE : 0)
    guard let p = mmap(nil, mapped, PROT_READ | PROT_WRITE, flags, -1, 0), p != MAP_FAILED
    else { throw MemoryError(bytes: mapped, errno: errno) }
    var start = p
    if huge {
      let past = UInt(bitPattern: p) % UInt(Self.hugePage)
      if past > 0 { start += Self.hugePage - Int(past) }
      _ = madvise(start, bytes, MADV_HUGEPAGE)
    }
    // Where the system makes huge pages unasked, one touched float would take 2 MiB.
    if pages == .sparse { _ = madvise(start, bytes, MADV_NOHUGEPAGE) }
    mapping = p
    mappedBytes = mapped
    base = start.bindMemory(to: Float.self, capacity: max(count, 1))
    self.count = count
  }

  deinit { munmap(mapping, mappedBytes) }

  /// Floats of a chunk, in which passes over an arena share it out: 16 pages, small enough for L1 and
  /// L2, large enough that handing one out costs nothing.
  public static let chunk = 16_384

  /// Maps `count` floats, each page near the thread whose share of the arena it is in. Throws
  /// ``MemoryError``.
  public convenience init(count: Int, touchedBy team: ThreadTeam) throws(MemoryError) {
    try self.init(count: count)
    touch(on: team)
  }

  /// Touches every page, each thread those of its share of the chunks (``ThreadTeam/share(of:thread:)``),
  /// which is its share in the passes over an arena too, so that the pages lie near their users. For an
  /// arena that is still all zero: the first float of every page is written.
  public func touch(on team: ThreadTeam) {
    let chunks = (count + Self.chunk - 1) / Self.chunk
    team.run { thread in
      let share = team.share(of: chunks, thread: thread)
      let end = min(share.upperBound * Self.chunk, count)
      for page in stride(
        from: share.lowerBound * Self.chunk, to: end,
        by: Self.smallPage / MemoryLayout<Float>.stride)
      {
        base[page] = 0
      }
    }
  }

  /// The floats `offset ..< offset + count`.
  public func view(_ offset: Int = 0, count: Int? = nil) -> TensorView {
    let n = count ?? self.count - offset
    precondition(
      offset >= 0 && n >= 0 && offset <= self.count - n,
      "Arena.view: \(offset)+\(n) outside 0..<\(self.count)")
    return TensorView(base: base + offset, count: n)
  }
}

/// The system could not give the memory asked for.
public struct MemoryError: Error, CustomStringConvertible {
  /// What was asked for.
  public let bytes: Int
  /// The system's error number.
  public let errno: Int32
  /// One line for the user.
  public var description: String {
    "cannot allocate \(ByteCount(bytes)): \(String(cString: strerror(errno)))"
  }
}

/// A slice of an arena: a pointer and a count, without ownership. The arena must outlive it.
public struct TensorView: @unchecked Sendable {
  /// First element.
  public let base: UnsafeMutablePointer<Float>
  /// Number of elements.
  public let count: Int

  /// A view of `count` floats at `base`.
  public init(base: UnsafeMutablePointer<Float>, count: Int) {
    self.base = base
    self.count = count
  }

  /// The elements as a buffer.
  public var buffer: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: base, count: count)
  }
}
