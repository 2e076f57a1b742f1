import Kernels
import Machine
import ReferenceKernels
import Testing

extension KernelsTests {
  @Suite struct LayerNormTests {
    static let widths = Array(1...40) + [768]

    /// One normalisation of N rows and its backward, on `threads` threads.
    private struct Rows {
      let N, C: Int
      let x, weight, bias, dout, oldDinp, oldDweight, oldDbias: [Float]
      let team: ThreadTeam

      init(N: Int, C: Int, threads: Int = 1) {
        (self.N, self.C) = (N, C)
        // Not centred: the mean has to be taken off.
        x = Numbers.uniform(N * C, 1, range: 2).map { $0 + 0.75 }
        weight = Numbers.uniform(C, 2).map { $0 + 1 }
        bias = Numbers.uniform(C, 3)
        dout = Numbers.uniform(N * C, 4)
        oldDinp = Numbers.uniform(N * C, 5)
        oldDweight = Numbers.uniform(C, 6)
        oldDbias = Numbers.uniform(C, 7)
        team = ThreadTeam(count: threads)
      }

      func forward() -> (out: GuardedFloats, mean: GuardedFloats, rstd: GuardedFloats) {
        let (out, mean, rstd) = (
          GuardedFloats(count: N * C), GuardedFloats(count: N), GuardedFloats(count: N, shift: 2)
        )
        let (x, weight, bias) = (
          GuardedFloats(x, shift: 3), GuardedFloats(weight, shift: 5), GuardedFloats(bias)
        )
        LayerNorm.forward(
          out: out.base, mean: mean.base, rstd: rstd.base, inp: x.base, weight: weight.base,
          bias: bias.base, N: N, C: C, epsilon: epsilon, on: team)
        return (out, mean, rstd)
      }

      func recompute(_ mean: GuardedFloats, _ rstd: GuardedFloats) -> GuardedFloats {
        let out = GuardedFloats(count: N * C, shift: 7)
        LayerNorm.recompute(
          out: out.base, mean: mean.base, rstd: rstd.base, inp: x, weight: weight, bias: bias, N: N,
          C: C, on: team)
        return out
      }

      /// `cut`: rows of the first of two calls, the second of which continues.
      func backward(accumulate: Bool, continuing: Bool, cut: Int = 0) -> [GuardedFloats] {
        let (_, mean, rstd) = forward()
        let dinp = accumulate ? GuardedFloats(oldDinp) : GuardedFloats(count: N * C)
        let dweight = continuing ? GuardedFloats(oldDweight) : GuardedFloats(count: C)
        let dbias = continuing ? GuardedFloats(oldDbias) : GuardedFloats(count: C)
        let (x, dout, weight) = (
          GuardedFloats(x, shift: 3), GuardedFloats(dout), GuardedFloats(weight)
        )
        for rows in [0..<cut, cut..<N] where !rows.isEmpty {
          let at = rows.lowerBound
          LayerNorm.backward(
            dinp: dinp.base + at * C, accumulate: accumulate, dweight: dweight.base,
            dbias: dbias.base, continuing: continuing || at > 0, dout: dout.base + at * C,
            inp: x.base + at * C, mean: mean.base + at, rstd: rstd.base + at, weight: weight.base,
            N: rows.count, C: C, on: team)
        }
        return [dinp, dweight, dbias]
      }
    }

    /// The error of a difference x - mean is multiplied by rstd, up to 1/√ε where a row's values are
    /// equal (C = 1) or nearly so.
    @Test(arguments: widths) func forwardIsCloseToTheReference(C: Int) {
      let rows = Rows(N: 5, C: C)
      let (out, mean, rstd) = rows.forward()
      let exact = Reference.layerNorm(
        rows.x.doubles, weight: rows.weight.doubles, bias: rows.bias.doubles, N: 5, C: C,
        epsilon: Double(epsilon))
      let largest = exact.rstd.reduce(1, max)
      #expect(out.values.distance(exact.out) <= 1e-6 * largest)
      #expect(mean.values.distance(exact.mean) <= 1e-6)
      for (a, b) in zip(rstd.values, exact.rstd) { #expect(abs(Double(a) / b - 1) <= 1e-6) }
      #expect(out.intact && mean.intact && rstd.intact)
      let again = rows.recompute(mean, rstd)
      expectSame(again.bits, out.bits)
      #expect(again.intact)
    }

    @Test(arguments: widths) func backwardIsCloseToTheReference(C: Int) {
      let rows = Rows(N: 9, C: C)
      let exact = Reference.layerNormBackward(
        rows.dout.doubles, x: rows.x.doubles, weight: rows.weight.doubles, N: 9, C: C,
        epsilon: Double(epsilon))
      let rstd = Reference.layerNorm(
        rows.x.doubles, weight: rows.weight.doubles, bias: rows.bias.doubles, N: 9, C: C,
        epsilon: Double(epsilon)
      ).rstd.reduce(1, max)
      for accumulate in [false, true] {
        for continuing in [false, true] {
          let d = rows.backward(accumulate: accumulate, continuing: continuing)
          let dx = zip(exact.dx, rows.oldDinp).map { $0 + (accumulate ? Double($1) : 0) }
          #expect(d[0].values.distance(dx) <= 2e-6 * rstd * rstd)
          for (actual, (part, old)) in [
            (d[1], (exact.dweight, rows.oldDweight)), (d[2], (exact.dbias, rows.oldDbias)),
          ] {
            let expected = zip(part, old).map { $0 + (continuing ? Double($1) : 0) }
            #expect(actual.values.distance(expected) <= 2e-6 * rstd)
          }
          for part in d { #expect(part.intact) }
        }
      }
    }

    @Test(arguments: [1, 7, 33, 768]) func splitOfRowsEqualsWhole(C: Int) {
      let rows = Rows(N: 41, C: C)
      let whole = rows.backward(accumulate: true, continuing: false).map(\.bits)
      for cut in [1, 16, 40] {
        #expect(rows.backward(accumulate: true, continuing: false, cut: cut).map(\.bits) == whole)
      }
    }

    @Test(arguments: [1, 33, 768]) func threadsLeaveTheBits(C: Int) {
      let one = Rows(N: 70, C: C)
      let (out, mean, rstd) = one.forward()
      let d = one.backward(accumulate: true, continuing: true).map(\.bits)
      for threads in threadCounts {
        let rows = Rows(N: 70, C: C, threads: threads)
        let forward = rows.forward()
        expectSame(forward.out.bits, out.bits)
        expectSame(forward.mean.bits, mean.bits)
        expectSame(forward.rstd.bits, rstd.bits)
        expectSame(rows.recompute(mean, rstd).bits, out.bits)
        #expect(rows.backward(accumulate: true, continuing: true).map(\.bits) == d)
      }
    }
  }
}

private let epsilon: Float = 1e-5
