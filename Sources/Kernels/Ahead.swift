internal import CSupport
import Machine

/// The unit in which memory is read and asked for.
enum CacheLine {
  /// Bytes of a line.
  static let bytes = ArenaLayout.line * MemoryLayout<Float>.stride
}

/// Rows of memory that will be read soon, asked for line by line.
struct Ahead {
  private var next: UnsafePointer<Float>
  private var end: UnsafePointer<Float>
  private var rows: Int
  private let count: Int
  private let ld: Int

  /// - start: `rows` rows of `count` floats each, `ld` floats from row to row.
  init(_ start: UnsafePointer<Float>, rows: Int = 1, count: Int, ld: Int = 0) {
    (next, end) = (start, rows > 0 ? start + count : start)
    (self.rows, self.count, self.ld) = (rows, count, ld)
  }

  /// - halves: as many bfloat16 numbers.
  init(halves: UnsafePointer<UInt16>, count: Int) {
    self.init(
      UnsafeRawPointer(halves).assumingMemoryBound(to: Float.self), count: (count + 1) / 2)
  }

  /// The next line into L2; nothing once all were asked for.
  @inline(__always)
  mutating func askForOne() {
    if next < end {
      cs_prefetch_l2(next)
      next += ArenaLayout.line
    } else if rows > 1 {
      rows -= 1
      (next, end) = (end + ld - count, end + ld)
    }
  }
}
