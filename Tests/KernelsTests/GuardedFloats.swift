import Machine

/// Floats at an odd address between bands of NaN: what reads outside gets NaN, what writes outside
/// is seen.
final class GuardedFloats {
  let base: UnsafeMutablePointer<Float>
  let count: Int
  private let memory: UnsafeMutableRawPointer
  private static let band = 80
  /// A quiet NaN that no computation makes.
  static let canary = Float(bitPattern: 0x7FC5_1234)

  /// A copy of `values`, `shift` floats past a 64-byte boundary.
  init(_ values: [Float], shift: Int = 1) {
    count = values.count
    let all = count + 2 * Self.band + shift
    memory = UnsafeMutableRawPointer.allocate(byteCount: 4 * all, alignment: 64)
    let floats = memory.bindMemory(to: Float.self, capacity: all)
    floats.initialize(repeating: Self.canary, count: all)
    base = floats + Self.band + shift
    for (i, value) in values.enumerated() { base[i] = value }
  }

  /// `count` canaries: for results, which must all be written.
  convenience init(count: Int, shift: Int = 1) {
    self.init([Float](repeating: Self.canary, count: count), shift: shift)
  }

  deinit { memory.deallocate() }

  var values: [Float] { Array(UnsafeBufferPointer(start: base, count: count)) }
  var bits: [UInt32] { values.map(\.bitPattern) }

  /// The bands on both sides are as they were.
  var intact: Bool {
    (1...Self.band).allSatisfy { i in
      base[-i].bitPattern == Self.canary.bitPattern
        && base[count + i - 1].bitPattern == Self.canary.bitPattern
    }
  }
}

/// Numbers of the tests, the same in every run.
enum Numbers {
  /// Uniform in [-range, range).
  static func uniform(_ count: Int, _ seed: UInt64, range: Float = 1) -> [Float] {
    let philox = Philox(seed: seed)
    return (0..<count).map {
      (2 * Float(philox.uniform(stream: 1, UInt64($0)) * 0.999_999) - 1) * range
    }
  }

  /// Indices below `limit`.
  static func indices(_ count: Int, below limit: Int, _ seed: UInt64) -> [UInt16] {
    let philox = Philox(seed: seed)
    return (0..<count).map { UInt16(philox.uniform(stream: 2, UInt64($0)) * Double(limit)) }
  }
}

extension Array where Element == Float {
  var bits: [UInt32] { map(\.bitPattern) }
  var doubles: [Double] { map(Double.init) }

  /// The largest |self - reference|; infinite if a value is NaN.
  func distance(_ reference: [Double]) -> Double {
    zip(self, reference).reduce(count == reference.count ? 0 : .infinity) {
      let d = abs(Double($1.0) - $1.1)
      return d.isNaN ? .infinity : Swift.max($0, d)
    }
  }
}

/// Every result must have the same bits for each of these.
let threadCounts = [1, 2, 3, 7, 24]
