internal import CSupport

/// How a panel of NR columns holds weights in 8 or 4 bits.
///
/// The K rows are cut into groups. A group is NR scales (bfloat16) and then its integers, plus an
/// offset that makes them unsigned, in the order of VPDPBUSD: four rows of a column are neighbours,
/// and 16 columns fill 64 bytes. With 4 bits the upper halves of those 64 bytes are the next four
/// rows. Rows past K are zero.
///
/// weight = scale · (integer - offset). The scale is that of the group's largest magnitude: to ±127
/// in 8 bits; in 4 bits to about -8, and of a few such scales the one with the least squared error.
struct QuantizedLayout {
  enum Width {
    case eight
    case four
  }

  let width: Width
  let K: Int
  /// Bytes that hold 16 columns of four rows, or in 4 bits of eight.
  static let blockBytes = 64
  /// Times that they hold 16 columns of a group.
  let blocks: Int

  init(_ width: Width, K: Int) {
    self.width = width
    self.K = K
    blocks = Self.group(width) / (width == .eight ? 4 : 8)
  }

  /// Rows of a group.
  @inline(__always)
  static func group(_ width: Width) -> Int { width == .eight ? 64 : 32 }
  /// What is added to the integers.
  @inline(__always)
  static func offset(_ width: Width) -> Int32 { width == .eight ? 128 : 8 }

  var group: Int { Self.group(width) }
  var groups: Int { (K + group - 1) / group }
  /// Bytes of a group's scales.
  static var scaleBytes: Int { 2 * Blocking.current.NR }
  /// Bytes of a group.
  var groupBytes: Int {
    Self.scaleBytes + group * Blocking.current.NR / (width == .eight ? 1 : 2)
  }
  var panelBytes: Int { groups * groupBytes }

  /// Some rows of a panel; they begin with a group.
  /// - panel: rows.count × NR floats, row by row; - bytes: all ``panelBytes`` of the panel.
  func pack(
    _ panel: UnsafePointer<Float>, rows range: Range<Int>, into bytes: UnsafeMutablePointer<UInt8>
  ) {
    let (NR, NV) = (Blocking.current.NR, Blocking.current.NV)
    for g in range.lowerBound / group..<(range.upperBound + group - 1) / group {
      let base = bytes + g * groupBytes
      let first = g * group - range.lowerBound
      let rows = min(group, range.count - first)
      if width == .four {
        (base + Self.scaleBytes).update(repeating: 0, count: groupBytes - Self.scaleBytes)
      }
      for v in 0..<NV {
        let from = panel + first * NR + 16 * v
        let scale = BFloat16.rounded(scales(from, rows, NR))
        UnsafeMutableRawPointer(base + 32 * v).storeBytes(of: scale, as: SIMD16<UInt16>.self)
        let inverse = Self.inverse(Self.widened(scale))
        for row in 0..<group {
          let x = row < rows ? Vector.load(from + row * NR) : SIMD16()
          let unsigned = integers(x * inverse) + Float(Self.offset(width))
          for lane in 0..<16 { store(UInt8(unsigned[lane]), base, row, 16 * v + lane) }
        }
      }
    }
  }

  /// out[k] = the weight of row k in a column of the panel + plus[k]. - out, plus: (K).
  func column(
    _ bytes: UnsafePointer<UInt8>, _ column: Int, plus: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>
  ) {
    for first in stride(from: 0, to: K, by: group) {
      let base = bytes + first / group * groupBytes
      let half = UnsafeRawPointer(base + 2 * column).loadUnaligned(as: UInt16.self)
      let scale = BFloat16.value(half)
      for row in 0..<min(group, K - first) {
        let (at, shift) = place(row, column)
        let integer = width == .eight ? base[at] : base[at] >> shift & 0x0F
        out[first + row] = scale * Float(Int32(integer) - Self.offset(width)) + plus[first + row]
      }
    }
  }

  /// Where a row of a group is: the byte, and how far up in it.
  @inline(__always)
  private func place(_ row: Int, _ column: Int) -> (byte: Int, shift: UInt8) {
    let (NV, quad) = (Blocking.current.NV, row / 4)
    let (block, shift): (Int, UInt8) =
      width == .eight ? (quad, 0) : (quad / 2, UInt8(quad % 2 * 4))
    return (
      Self.scaleBytes + (block * NV + column / 16) * Self.blockBytes + column % 16 * 4 + row % 4,
      shift
    )
  }

  @inline(__always)
  private func store(
    _ integer: UInt8, _ base: UnsafeMutablePointer<UInt8>, _ row: Int, _ column: Int
  ) {
    let (at, shift) = place(row, column)
    if width == .eight { base[at] = integer } else { base[at] |= integer << shift }
  }

  /// Rounded and within the range.
  @inline(__always)
  private func integers(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let (low, high): (Float, Float) = width == .eight ? (-127, 127) : (-8, 7)
    return cs_min(cs_max(cs_round(x), SIMD16(repeating: low)), SIMD16(repeating: high))
  }

  /// The scales of 16 columns; NaN for a column with a number that is not finite.
  private func scales(_ from: UnsafePointer<Float>, _ rows: Int, _ NR: Int) -> SIMD16<Float> {
    var (largest, poison) = (SIMD16<Float>(), SIMD16<Float>())
    for row in 0..<rows {
      let x = Vector.load(from + row * NR)
      largest = largest.replacing(with: x, where: cs_abs(x) .> cs_abs(largest))
      poison += x * 0
    }
    var best = width == .eight ? cs_abs(largest) / 127 : largest / -8
    if width == .four {
      var least = SIMD16<Float>(repeating: .infinity)
      for range: Float in [-8, -7.5, -8.5, -7, -9] {
        let scale = Self.widened(BFloat16.rounded(largest / range))
        let inverse = Self.inverse(scale)
        var error = SIMD16<Float>()
        for row in 0..<rows {
          let x = Vector.load(from + row * NR)
          let rest = cs_fma(-integers(x * inverse), scale, x)
          error = cs_fma(rest, rest, error)
        }
        best.replace(with: scale, where: error .< least)
        least.replace(with: error, where: error .< least)
      }
    }
    return best.replacing(with: .nan, where: poison .!= 0)
  }

  @inline(__always)
  private static func widened(_ halves: SIMD16<UInt16>) -> SIMD16<Float> {
    unsafeBitCast(SIMD16<UInt32>(truncatingIfNeeded: halves) &<< 16, to: SIMD16<Float>.self)
  }

  /// 1/scale; 0 for 0, so that a group of zeros stays one.
  @inline(__always)
  private static func inverse(_ scale: SIMD16<Float>) -> SIMD16<Float> {
    (1 / scale).replacing(with: 0, where: scale .== 0)
  }
}
