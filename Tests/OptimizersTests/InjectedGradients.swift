import Foundation
import Machine
import Testing

@testable import Optimizers

/// The inputs of `Fixtures/make_steps.py`, by the same formulas and exact in both languages.
enum Injected {
  static let count = 300
  static let decayed = 137
  static let steps = 200
  static let labelTerms = 480 * 1024
  static let ranges = [
    ParameterRange(offset: 0, count: decayed, decayed: true),
    ParameterRange(offset: decayed, count: count - decayed, decayed: false),
  ]

  /// In [-0.5, 0.5), a multiple of 2⁻²⁴: murmur3's finalizer of (stream, t, i).
  static func unit(_ stream: UInt32, _ t: Int, _ i: Int) -> Float {
    var x = UInt32(truncatingIfNeeded: i) &* 0x9E37_79B1
    x ^= UInt32(truncatingIfNeeded: t) &* 0x85EB_CA77 ^ stream &* 0xC2B2_AE3D
    x ^= x >> 16
    x = x &* 0x85EB_CA6B
    x ^= x >> 13
    x = x &* 0xC2B2_AE35
    x ^= x >> 16
    return Float(x >> 8) * 0x1p-24 - 0.5
  }

  static func theta(_ i: Int) -> Float { unit(3, 0, i) }

  static func gradient(_ t: Int, _ i: Int) -> Float {
    (unit(1, t, i) + unit(0, 0, i)) * power(-4 - i % 9)
  }

  static func sampled(_ t: Int, _ i: Int) -> Float {
    unit(2, t, i) * power(-9 - i % 9 / 2 + i % 3)
  }

  static func diagonal(_ t: Int, _ i: Int) -> Float {
    (unit(4, t, i) + unit(5, 0, i)) * power(2 - i % 11)
  }

  static func learningRate(_ t: Int) -> Double { 0x1p-13 * Double(1 + t % 7) }

  private static func power(_ exponent: Int) -> Float {
    Float(sign: .plus, exponent: exponent, significand: 1)
  }

  /// The rows of 300 doubles of a fixture.
  static func rows(of name: String) throws -> [[Double]] {
    let url = try #require(
      Bundle.module.url(forResource: name, withExtension: "bin", subdirectory: "Fixtures"))
    let values = try Data(contentsOf: url).withUnsafeBytes { bytes in
      (0..<bytes.count / 8).map { i in
        let bits = bytes.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self)
        return Double(bitPattern: UInt64(littleEndian: bits))
      }
    }
    return stride(from: 0, to: values.count, by: count).map { Array(values[$0..<$0 + count]) }
  }
}

extension Arena {
  /// An arena with `values` in it.
  static func filled(_ count: Int, _ value: (Int) -> Float) throws -> Arena {
    let arena = try Arena(count: count)
    arena.fill(value)
    return arena
  }

  func fill(_ value: (Int) -> Float) {
    for i in 0..<count { base[i] = value(i) }
  }

  var values: [Float] { Array(view().buffer) }
}

extension Optimizer {
  func arena(_ name: String) throws -> Arena {
    try #require(state.first { $0.name == name }).arena
  }
}
