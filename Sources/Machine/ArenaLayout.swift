/// Lays buffers of floats out one after another. The code that takes the buffers also measures them,
/// from an address that is never used, so a buffer has exactly the room that was counted for it.
///
///     struct Buffers {
///       let scores, sums: UnsafeMutablePointer<Float>
///       init(_ layout: inout ArenaLayout) { (scores, sums) = (layout.take(4096), layout.take(64)) }
///     }
///     let floats = ArenaLayout.floats { Buffers(&$0) }
@frozen
public struct ArenaLayout {
  @usableFromInline let base: UnsafeMutablePointer<Float>
  /// Floats that there are.
  @usableFromInline let capacity: Int
  /// Floats between a buffer's end and the next one.
  @usableFromInline let gap: Int
  @usableFromInline var taken = 0
  /// Floats taken so far, with the gaps.
  public var count: Int { taken }

  /// Floats of a cache line of 64 bytes, which each buffer begins.
  @inlinable public static var line: Int { 16 }
  /// A gap that keeps large buffers from lying at a power-of-two distance from each other, where the
  /// same places of all of them would compete for the same few lines of a cache.
  @inlinable public static var apart: Int { 5 * line }

  @inlinable
  init(base: UnsafeMutablePointer<Float>, capacity: Int, gap: Int) {
    (self.base, self.capacity, self.gap) = (base, capacity, gap)
  }

  /// A layout in an arena. - gap: floats between two buffers, whole cache lines.
  public init(_ arena: Arena, gap: Int = 0) {
    self.init(base: arena.base, capacity: arena.count, gap: gap)
  }

  /// Floats that `lay` takes.
  public static func floats(gap: Int = 0, _ lay: (inout ArenaLayout) -> Void) -> Int {
    // The address is aligned, so the measure is that of any arena.
    guard let nowhere = UnsafeMutablePointer<Float>(bitPattern: 4096) else { return 0 }
    var layout = ArenaLayout(base: nowhere, capacity: .max, gap: gap)
    lay(&layout)
    return layout.count
  }

  /// The next `floats` floats. Traps if there are not as many: then two layouts disagree.
  @inlinable
  public mutating func take(_ floats: Int) -> UnsafeMutablePointer<Float> {
    let first = taken
    taken += (floats + Self.line - 1) / Self.line * Self.line + gap
    if floats < 0 || taken > capacity { Self.overrun(floats, at: first, capacity) }
    return base + first
  }

  /// Not inlined into callers that are compiled without checks.
  @usableFromInline
  static func overrun(_ floats: Int, at first: Int, _ capacity: Int) -> Never {
    fatalError("ArenaLayout: \(floats) floats from \(first) on in a block of \(capacity)")
  }
}

/// The same buffers for each thread of a team, far enough apart.
public final class ThreadScratch: @unchecked Sendable {
  /// All threads' buffers.
  public let arena: Arena
  private let stride: Int
  private let floats: Int

  /// Room for what `lay` takes, on each of `threads` threads. Throws ``MemoryError``.
  public init(threads: Int, _ lay: (inout ArenaLayout) -> Void) throws(MemoryError) {
    floats = ArenaLayout.floats(lay)
    stride = Self.stride(floats)
    arena = try Arena(count: stride * threads)
  }

  /// Bytes that ``init(threads:_:)`` takes.
  public static func bytes(threads: Int, _ lay: (inout ArenaLayout) -> Void) -> Int {
    MemoryLayout<Float>.stride * stride(ArenaLayout.floats(lay)) * threads
  }

  /// A thread's buffers, to be taken as `lay` took them.
  public func layout(of thread: Int) -> ArenaLayout {
    precondition(
      thread >= 0 && (thread + 1) * stride <= arena.count,
      "ThreadScratch: thread \(thread) of \(stride == 0 ? 0 : arena.count / stride)")
    return ArenaLayout(base: arena.base + thread * stride, capacity: floats, gap: 0)
  }

  /// An odd number of cache lines: nothing of two threads lies at a power-of-two distance.
  private static func stride(_ floats: Int) -> Int {
    let lines = floats / ArenaLayout.line + 32
    return (lines | 1) * ArenaLayout.line
  }
}
