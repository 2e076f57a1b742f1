import Glibc
import Kernels
import Machine
import ReferenceKernels
import Testing

extension KernelsTests {
  /// Each tangent by itself against differences of the reference, whose forwards and backwards are
  /// written without tangents, in `Double`.
  @Suite struct TangentTests {
    @Test(arguments: LayerNormTests.widths) func ofLayerNorm(C: Int) {
      let norm = NormTangent(N: 9, C: C)
      let result = norm.run(accumulate: false, continuing: false)
      let (forward, backward) = (norm.exactForward(), norm.exactBackward())
      // Where a row has one value alone, rounding is multiplied by 1/√ε.
      let slack = C == 1 ? 1e5 : 1
      #expect(result.out.values.distance(forward) <= 2e-6 * slack)
      #expect(result.dx.values.distance(backward.value) <= 4e-6 * slack)
      #expect(result.dxTangent.values.distance(backward.dx) <= 1e-5 * slack)
      #expect(result.dweight.values.distance(backward.dweight) <= 1e-5 * slack)
      #expect(result.dbias.values.distance(backward.dbias) <= 1e-5)
      for part in result.parts { #expect(part.intact) }
      // On top of what is there.
      let added = norm.run(accumulate: true, continuing: true)
      for (part, alone, old) in [
        (added.dx, result.dx, norm.oldDx), (added.dxTangent, result.dxTangent, norm.oldDxTangent),
        (added.dweight, result.dweight, norm.oldDweight),
        (added.dbias, result.dbias, norm.oldDbias),
      ] {
        #expect(
          part.values.distance(zip(alone.values, old).map { Double($0) + Double($1) }) <= 1e-5)
      }
    }

    @Test(arguments: AttentionTests.headSizes, AttentionTests.lengths)
    func ofAttention(D: Int, T: Int) throws {
      let heads = HeadTangents(B: 2, T: T, H: 3, D: D)
      let result = try heads.run()
      let exact = heads.exact()
      #expect(result.out.values.distance(exact.out) <= 1e-5)
      #expect(result.sigma.values.distance(exact.sigma) <= 1e-5)
      #expect(result.dqkv.values.distance(exact.dqkv) <= 3e-5)
      for part in result.parts { #expect(part.intact) }
    }

    /// A position sees none after it: a sequence that ends there has the same bits.
    @Test(arguments: [1, 40, 64, 100]) func positionsAfterAreNotSeen(T: Int) throws {
      let bits = try HeadTangents(B: 1, T: 130, H: 2, D: 17).run().out.bits
      let start = try HeadTangents(B: 1, T: T, H: 2, D: 17).run().out.bits
      expectSame(start, Array(bits[..<(T * 34)]))
    }

    @Test func ofGELU() {
      for count in Array(0...33) + [40_001] {
        let x = Numbers.uniform(count, 1, range: count > 33 ? 12 : 4)
        let (change, dy, dyChange) = (
          Numbers.uniform(count, 2), Numbers.uniform(count, 3), Numbers.uniform(count, 4)
        )
        let (inp, inpTangent) = (GuardedFloats(x, shift: 3), GuardedFloats(change))
        let (out, dout, doutTangent) = (
          GuardedFloats(count: count), GuardedFloats(dy), GuardedFloats(dyChange, shift: 5)
        )
        let team = ThreadTeam(count: 2)
        GELU.tangent(
          outTangent: out.base, inp: inp.base, inpTangent: inpTangent.base, count: count, on: team)
        GELU.backwardTangent(
          dout: dout.base, doutTangent: doutTangent.base, inp: inp.base,
          inpTangent: inpTangent.base, count: count, on: team)
        func at(_ step: Double) -> [Double] {
          zip(x, change).map { Double($0) + step * Double($1) }
        }
        #expect(
          out.values.distance(derivative { at($0).map(Reference.gelu) }) <= 3e-6, "count \(count)")
        let slopes = zip(dy, x).map { Double($0) * Reference.geluSlope(Double($1)) }
        #expect(dout.values.distance(slopes) <= 3e-6)
        let exact = derivative { step in
          zip(zip(dy, dyChange), at(step)).map {
            (Double($0.0) + step * Double($0.1)) * Reference.geluSlope($1)
          }
        }
        #expect(doutTangent.values.distance(exact) <= 2e-5, "count \(count)")
        for part in [inp, inpTangent, out, dout, doutTangent] { #expect(part.intact) }
      }
    }

    @Test(arguments: CrossEntropyTests.vocabularies) func ofCrossEntropy(V: Int) {
      for padding in [0, 16] {
        let rows = LogitRows(R: 7, V: V, padding: padding)
        let change = Numbers.uniform(7 * V, 5, range: 2)
        let (logits, tangents) = (
          GuardedFloats(count: 7 * rows.ld), GuardedFloats(count: 7 * rows.ld, shift: 3)
        )
        for r in 0..<7 {
          for v in 0..<V {
            logits.base[r * rows.ld + v] = rows.logits[r * V + v]
            tangents.base[r * rows.ld + v] = change[r * V + v]
          }
        }
        CrossEntropy.backwardTangent(
          logits: logits.base, tangents: tangents.base, ld: rows.ld, targets: rows.targets, R: 7,
          V: V, scale: 0.3, on: ThreadTeam(count: 2))
        for r in 0..<7 {
          let (row, target) = (rows.row(r).doubles, Int(rows.targets[r]))
          let valid = r * rows.ld..<r * rows.ld + V
          let gradient = Reference.crossEntropy(row, target: target).gradient.map { 0.3 * $0 }
          #expect(Array(logits.values[valid]).distance(gradient) <= 2e-7)
          let exact = derivative { step in
            let moved = zip(row, change[r * V..<r * V + V]).map { $0 + step * Double($1) }
            return Reference.crossEntropy(moved, target: target).gradient.map { 0.3 * $0 }
          }
          #expect(Array(tangents.values[valid]).distance(exact) <= 5e-7)
        }
        #expect(logits.intact && tangents.intact)
      }
    }

    @Test func threadsLeaveTheBits() throws {
      let (norm, heads) = (NormTangent(N: 70, C: 33), HeadTangents(B: 2, T: 130, H: 3, D: 17))
      let first = norm.run(accumulate: true, continuing: true).parts.map(\.bits)
      let attention = try heads.run().parts.map(\.bits)
      for threads in threadCounts {
        #expect(
          norm.run(accumulate: true, continuing: true, threads: threads).parts.map(\.bits) == first)
        #expect(try heads.run(threads: threads).parts.map(\.bits) == attention)
      }
    }
  }
}

/// The derivative of `f` at 0 by four points: what is left is O(h⁴).
private func derivative(_ f: (_ step: Double) -> [Double]) -> [Double] {
  let h = 1e-3
  let (near, far) = (zip(f(h), f(-h)).map { $0 - $1 }, zip(f(2 * h), f(-2 * h)).map { $0 - $1 })
  return zip(near, far).map { (8 * $0 - $1) / (12 * h) }
}

/// `values` moved by `step` along `direction`.
private func moved(_ values: [Float], _ direction: [Float], _ step: Double) -> [Double] {
  zip(values, direction).map { Double($0) + step * Double($1) }
}

/// LayerNorm of N rows and its backward, along a direction of all that enters them.
private struct NormTangent {
  let N, C: Int
  let x, weight, bias, dout: [Float]
  let xTangent, weightTangent, biasTangent, doutTangent: [Float]
  let oldDx, oldDxTangent, oldDweight, oldDbias: [Float]
  private let epsilon: Float = 1e-5

  struct Result {
    let out, dx, dxTangent, dweight, dbias: GuardedFloats
    var parts: [GuardedFloats] { [out, dx, dxTangent, dweight, dbias] }
  }

  init(N: Int, C: Int) {
    (self.N, self.C) = (N, C)
    // Not centred, and no two neighbours alike.
    x = Numbers.uniform(N * C, 1, range: 0.5).enumerated().map { i, u in
      u + (i % C % 2 == 0 ? 1.75 : -0.25)
    }
    (weight, bias) = (Numbers.uniform(C, 2).map { $0 + 1 }, Numbers.uniform(C, 3))
    (dout, xTangent) = (Numbers.uniform(N * C, 4), Numbers.uniform(N * C, 5))
    (weightTangent, biasTangent) = (Numbers.uniform(C, 6), Numbers.uniform(C, 7))
    doutTangent = Numbers.uniform(N * C, 8)
    (oldDx, oldDxTangent) = (Numbers.uniform(N * C, 9), Numbers.uniform(N * C, 10))
    (oldDweight, oldDbias) = (Numbers.uniform(C, 11), Numbers.uniform(C, 12))
  }

  func run(accumulate: Bool, continuing: Bool, threads: Int = 1) -> Result {
    let team = ThreadTeam(count: threads)
    let (mean, rstd) = (GuardedFloats(count: N), GuardedFloats(count: N))
    let (out, scratch) = (GuardedFloats(count: N * C), GuardedFloats(count: N * C, shift: 7))
    let (x, xTangent) = (GuardedFloats(x, shift: 3), GuardedFloats(xTangent, shift: 5))
    LayerNorm.forward(
      out: out.base, mean: mean.base, rstd: rstd.base, inp: x.base, weight: weight, bias: bias,
      N: N, C: C, epsilon: epsilon, on: team)
    LayerNorm.tangent(
      outTangent: out.base, inp: x.base, inpTangent: xTangent.base, mean: mean.base,
      rstd: rstd.base, weight: weight, weightTangent: weightTangent, biasTangent: biasTangent,
      N: N, C: C, on: team)
    func start(_ old: [Float], _ isKept: Bool) -> GuardedFloats {
      isKept ? GuardedFloats(old) : GuardedFloats(count: old.count)
    }
    let result = Result(
      out: out, dx: start(oldDx, accumulate), dxTangent: start(oldDxTangent, accumulate),
      dweight: start(oldDweight, continuing), dbias: start(oldDbias, continuing))
    LayerNorm.backwardTangent(
      dinp: result.dx.base, dinpTangent: result.dxTangent.base, accumulate: accumulate,
      dweightTangent: result.dweight.base, dbiasTangent: result.dbias.base, continuing: continuing,
      scratch: scratch.base, dout: dout, doutTangent: doutTangent, inp: x.base,
      inpTangent: xTangent.base, mean: mean.base, rstd: rstd.base, weight: weight,
      weightTangent: weightTangent, N: N, C: C, on: team)
    return result
  }

  func exactForward() -> [Double] {
    derivative { step in
      Reference.layerNorm(
        moved(x, xTangent, step), weight: moved(weight, weightTangent, step),
        bias: moved(bias, biasTangent, step), N: N, C: C, epsilon: Double(epsilon)
      ).out
    }
  }

  func exactBackward() -> (value: [Double], dx: [Double], dweight: [Double], dbias: [Double]) {
    func at(_ step: Double) -> (dx: [Double], dweight: [Double], dbias: [Double]) {
      Reference.layerNormBackward(
        moved(dout, doutTangent, step), x: moved(x, xTangent, step),
        weight: moved(weight, weightTangent, step), N: N, C: C, epsilon: Double(epsilon))
    }
    return (
      at(0).dx, derivative { at($0).dx }, derivative { at($0).dweight }, derivative { at($0).dbias }
    )
  }
}

/// Self-attention and its backward, along a direction of queries, keys, values and dout. The numbers of
/// a longer sequence begin with those of a shorter one.
private final class HeadTangents {
  private let heads: Heads
  private let qkvTangent, doutTangent: [Float]

  struct Result {
    let out, sigma, dqkv: GuardedFloats
    var parts: [GuardedFloats] { [out, sigma, dqkv] }
  }

  init(B: Int, T: Int, H: Int, D: Int) {
    heads = Heads(B: B, T: T, H: H, D: D)
    qkvTangent = Numbers.uniform(heads.qkv.count, 3)
    doutTangent = Numbers.uniform(heads.dout.count, 4)
  }

  func run(threads: Int = 1) throws -> Result {
    let (shape, team) = (heads.shape, ThreadTeam(count: threads))
    let forward = try heads.forward()
    let scratch = try Attention.Scratch(T: shape.T, D: shape.D, threads: threads, tangents: true)
    let (change, gradientChange) = (
      GuardedFloats(qkvTangent, shift: 7), GuardedFloats(doutTangent, shift: 2)
    )
    let result = Result(
      out: GuardedFloats(count: heads.dout.count),
      sigma: GuardedFloats(count: shape.B * shape.H * shape.T),
      dqkv: GuardedFloats(count: heads.qkv.count))
    Attention.tangent(
      outTangent: result.out.base, sigma: result.sigma.base, out: forward.out.base,
      rowMax: forward.rowMax.base, rowInverse: forward.rowInverse.base, qkv: heads.inp.base,
      qkvTangent: change.base, shape: shape, on: team, scratch: scratch)
    Attention.backwardTangent(
      dqkvTangent: result.dqkv.base, dout: heads.gradient.base, doutTangent: gradientChange.base,
      out: forward.out.base, outTangent: result.out.base, rowMax: forward.rowMax.base,
      rowInverse: forward.rowInverse.base, sigma: result.sigma.base, qkv: heads.inp.base,
      qkvTangent: change.base, shape: shape, on: team, scratch: scratch)
    return result
  }

  func exact() -> (out: [Double], sigma: [Double], dqkv: [Double]) {
    let shape = heads.shape
    var points: [Double: Reference.SelfAttention] = [:]
    func at(_ step: Double) -> Reference.SelfAttention {
      if let known = points[step] { return known }
      let made = Reference.attention(
        moved(heads.qkv, qkvTangent, step), dout: moved(heads.dout, doutTangent, step),
        B: shape.B, T: shape.T, H: shape.H, D: shape.D, scale: Double(shape.scale))
      points[step] = made
      return made
    }
    return (
      derivative { at($0).out },
      // Of ln Σ e^score.
      derivative { step in zip(at(step).rowMax, at(step).rowInverse).map { $0 - log($1) } },
      derivative { at($0).dqkv }
    )
  }
}
