import Kernels
import Machine

/// Self-attention of random queries, keys and values.
final class Heads {
  let shape: Attention.Shape
  let qkv, dout: [Float]
  /// `qkv` and `dout` between NaN.
  let inp, gradient: GuardedFloats

  struct Forward {
    let out, rowMax, rowInverse: GuardedFloats
  }

  init(B: Int, T: Int, H: Int, D: Int, scale: Float? = nil, qkv: [Float]? = nil) {
    shape = Attention.Shape(
      B: B, T: T, H: H, D: D, scale: scale ?? 1 / Float(D).squareRoot())
    self.qkv = qkv ?? Numbers.uniform(B * T * 3 * H * D, 1, range: 2)
    dout = Numbers.uniform(B * T * H * D, 2)
    inp = GuardedFloats(self.qkv, shift: 3)
    gradient = GuardedFloats(dout, shift: 5)
  }

  var intact: Bool { inp.intact && gradient.intact && inp.bits == qkv.bits }

  func forward(threads: Int = 1) throws -> Forward {
    let s = shape
    let result = Forward(
      out: GuardedFloats(count: s.B * s.T * s.H * s.D),
      rowMax: GuardedFloats(count: s.B * s.H * s.T),
      rowInverse: GuardedFloats(count: s.B * s.H * s.T))
    Attention.forward(
      out: result.out.base, rowMax: result.rowMax.base, rowInverse: result.rowInverse.base,
      qkv: inp.base, shape: s, on: ThreadTeam(count: threads),
      scratch: try Attention.Scratch(T: s.T, D: s.D, threads: threads))
    return result
  }

  func backward(_ forward: Forward, threads: Int = 1) throws -> GuardedFloats {
    let s = shape
    let dqkv = GuardedFloats(count: qkv.count)
    Attention.backward(
      dqkv: dqkv.base, dout: gradient.base, out: forward.out.base, rowMax: forward.rowMax.base,
      rowInverse: forward.rowInverse.base, qkv: inp.base, shape: s,
      on: ThreadTeam(count: threads),
      scratch: try Attention.Scratch(T: s.T, D: s.D, threads: threads))
    return dqkv
  }
}

/// One head's keys and values in pages that are NaN where nothing was stored.
final class PagedHead {
  private let D: Int
  private let keyPages, valuePages: [GuardedFloats]

  init(D: Int, pages: Int) {
    self.D = D
    keyPages = (0..<pages).map { _ in GuardedFloats(count: AttentionPage.keyCount(D)) }
    valuePages = (0..<pages).map { _ in GuardedFloats(count: AttentionPage.valueCount(D)) }
  }

  func keys(_ page: Int) -> UnsafePointer<Float> { UnsafePointer(keyPages[page].base) }
  func values(_ page: Int) -> UnsafePointer<Float> { UnsafePointer(valuePages[page].base) }

  /// Keys and values of some positions. - keys, values: row i, D floats, at a distance of i · ld.
  func store(
    keys: UnsafePointer<Float>, values: UnsafePointer<Float>, ld: Int, _ range: Range<Int>
  ) {
    var position = range.lowerBound
    while position < range.upperBound {
      let (page, slot) = position.quotientAndRemainder(dividingBy: AttentionPage.positions)
      let count = min(AttentionPage.positions - slot, range.upperBound - position)
      let at = (position - range.lowerBound) * ld
      AttentionPage.storeKeys(
        keys + at, ld: ld, count: count, D: D, slot: slot, page: keyPages[page].base)
      AttentionPage.storeValues(
        values + at, ld: ld, count: count, D: D, slot: slot, page: valuePages[page].base)
      position += count
    }
  }

  var intact: Bool { (keyPages + valuePages).allSatisfy { $0.intact } }
}
