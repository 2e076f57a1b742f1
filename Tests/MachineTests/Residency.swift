import Glibc
import Machine

/// Which pages of memory are in core, by mincore(2).
enum Residency {
  static func pages(of arena: Arena) -> Int {
    pages(UnsafeRawPointer(arena.base), bytes: arena.count * MemoryLayout<Float>.stride)
  }

  /// - start: page-aligned
  static func pages(_ start: UnsafeRawPointer, bytes: Int) -> Int {
    var resident = [UInt8](repeating: 0, count: (bytes + 4095) / 4096)
    guard mincore(UnsafeMutableRawPointer(mutating: start), bytes, &resident) == 0 else {
      return -1
    }
    return resident.count { $0 & 1 == 1 }
  }
}
