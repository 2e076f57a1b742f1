import Machine
import Transformer

/// Values to compute with: cheap, and neither zero nor subnormal in the mass.
enum RandomValues {
  /// Fills with uniform numbers in ±`range`, a hash of their index.
  static func fill(_ view: TensorView, range: Float = 1, on team: ThreadTeam) {
    let grain = 1 << 14
    team.parallelFor((view.count + grain - 1) / grain) { chunks in
      for i in (chunks.lowerBound * grain)..<min(view.count, chunks.upperBound * grain) {
        view.base[i] =
          range * 0x1p-31 * Float(Int32(bitPattern: hash(UInt32(truncatingIfNeeded: i))))
      }
    }
  }

  /// Parameters of a model as they begin, but for the distribution.
  static func fill(_ parameters: Arena, _ table: ParameterTable, on team: ThreadTeam) {
    for entry in table.entries {
      let view = parameters.view(entry.offset, count: entry.count)
      switch entry.initialization {
      case .zeros: view.buffer.update(repeating: 0)
      case .ones: view.buffer.update(repeating: 1)
      // A uniform number in ±√3·σ has the deviation σ.
      case .normal(let deviation): fill(view, range: 1.732 * deviation, on: team)
      }
    }
  }

  /// `count` tokens below V.
  static func tokens(_ count: Int, vocabularySize: Int, from first: Int = 0) -> [UInt32] {
    (first..<first + count).map { hash(UInt32(truncatingIfNeeded: $0)) % UInt32(vocabularySize) }
  }

  /// A mix of the bits (Appleby's MurmurHash3, its 32-bit finalizer).
  @inline(__always)
  private static func hash(_ index: UInt32) -> UInt32 {
    var x = index &+ 0x9E37_79B9
    x = (x ^ x >> 16) &* 0x85EB_CA6B
    x = (x ^ x >> 13) &* 0xC2B2_AE35
    return x ^ x >> 16
  }
}
