import Kernels
import Machine
import ReferenceKernels
import Testing

extension KernelsTests {
  @Suite struct GELUTests {
    private let inputs: [Float] =
      (0..<40_001).map { Float($0 - 20_000) * 6e-4 } + [-80, -30, 30, 80]

    private func forward(_ x: [Float], threads: Int = 1) -> GuardedFloats {
      let (out, inp) = (GuardedFloats(count: x.count), GuardedFloats(x, shift: 3))
      GELU.forward(out: out.base, inp: inp.base, count: x.count, on: ThreadTeam(count: threads))
      #expect(inp.intact && inp.bits == x.bits)
      return out
    }

    private func backward(_ dout: [Float], _ x: [Float], threads: Int = 1) -> GuardedFloats {
      let (d, inp) = (GuardedFloats(dout), GuardedFloats(x, shift: 3))
      GELU.backward(dout: d.base, inp: inp.base, count: x.count, on: ThreadTeam(count: threads))
      #expect(inp.intact && inp.bits == x.bits)
      return d
    }

    /// Absolute errors over [-12, 12] and beyond; measured: 5.2e-7 and, for the slope, 2e-6 (near 4,
    /// where 1 - σ cancels).
    @Test func isCloseToTheReference() {
      #expect(forward(inputs).values.distance(inputs.map { Reference.gelu(Double($0)) }) <= 1e-6)
      let dout = Numbers.uniform(inputs.count, 1)
      let exact = zip(dout, inputs).map { Double($0) * Reference.geluSlope(Double($1)) }
      #expect(backward(dout, inputs).values.distance(exact) <= 3e-6)
    }

    @Test func countsThatAreNoWholeVectors() {
      for count in 0...33 {
        let (x, dout) = (Numbers.uniform(count, 3, range: 4), Numbers.uniform(count, 4))
        let y = forward(x)
        #expect(y.intact)
        #expect(y.values.distance(x.map { Reference.gelu(Double($0)) }) <= 1e-6)
        let dx = backward(dout, x)
        #expect(dx.intact)
        let exact = zip(dout, x).map { Double($0) * Reference.geluSlope(Double($1)) }
        #expect(dx.values.distance(exact) <= 1e-6)
      }
    }

    @Test func threadsLeaveTheBits() {
      let dout = Numbers.uniform(inputs.count, 1)
      let (y, dx) = (forward(inputs).bits, backward(dout, inputs).bits)
      for threads in threadCounts {
        expectSame(forward(inputs, threads: threads).bits, y)
        expectSame(backward(dout, inputs, threads: threads).bits, dx)
      }
    }
  }
}
