import Glibc

/// A page-aligned block of zeroed floats, owned. Pages are placed on the NUMA node of the thread
/// that first touches them: `touch(on:)` lets every thread of the team touch its own share.
public final class Arena: @unchecked Sendable {
  /// First float; 4,096-byte aligned (2 MiB for large arenas).
  public let base: UnsafeMutablePointer<Float>
  /// Number of floats.
  public let count: Int
  private let mapping: UnsafeMutableRawPointer
  private let mappedBytes: Int

  /// Maps `count` floats, all zero. Throws ``MemoryError`` if the system has no room.
  ///
  /// Blocks of 4 MiB and more ask for transparent huge pages.
  public init(count: Int) throws(MemoryError) {
    precondition(count >= 0, "Arena: count \(count) < 0")
    let huge = 2 << 20
    let bytes = max(count, 1) * MemoryLayout<Float>.stride
    let wantHuge = bytes >= 2 * huge
    let mapped = (bytes + 4095) / 4096 * 4096 + (wantHuge ? huge : 0)
    guard
      let p = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      p != MAP_FAILED
    else { throw MemoryError(bytes: mapped, errno: errno) }
    var start = p
    if wantHuge {
      let address = UInt(bitPattern: p)
      start = p + Int((UInt(huge) - address % UInt(huge)) % UInt(huge))
      _ = madvise(start, bytes, 14 /* MADV_HUGEPAGE */)
    }
    mapping = p
    mappedBytes = mapped
    base = start.bindMemory(to: Float.self, capacity: max(count, 1))
    self.count = count
  }

  deinit { munmap(mapping, mappedBytes) }

  /// Touches every page, each thread a contiguous share, so that the pages lie near their users.
  public func touch(on team: ThreadTeam) {
    let pages = (count + 1023) / 1024
    team.run { thread in
      for page in (pages * thread / team.count)..<(pages * (thread + 1) / team.count) {
        base[page * 1024] = 0
      }
    }
  }

  /// The floats `offset ..< offset + count`.
  public func view(_ offset: Int = 0, count: Int? = nil) -> TensorView {
    let n = count ?? self.count - offset
    precondition(
      offset >= 0 && n >= 0 && offset + n <= self.count,
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
    "cannot allocate \(bytes >> 20) MiB: \(String(cString: strerror(errno)))"
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

  /// Elements `offset ..< offset + count`.
  public func slice(_ offset: Int, _ count: Int) -> TensorView {
    precondition(
      offset >= 0 && count >= 0 && offset + count <= self.count,
      "TensorView.slice: \(offset)+\(count) outside 0..<\(self.count)")
    return TensorView(base: base + offset, count: count)
  }

  /// The elements as a buffer.
  public var buffer: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: base, count: count)
  }
}
