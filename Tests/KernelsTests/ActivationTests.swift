import Kernels
import Machine
import ReferenceKernels
import Testing

extension KernelsTests {
  @Suite struct ActivationTests {
    private let inputs: [Float] =
      (0..<40_001).map { Float($0 - 20_000) * 6e-4 } + [-80, -30, -14, 14, 30, 80, -0.0, 1e-30]

    private func forward(_ f: Activation, _ x: [Float], threads: Int = 1) -> GuardedFloats {
      let (out, inp) = (GuardedFloats(count: x.count), GuardedFloats(x, shift: 3))
      f.forward(out: out.base, inp: inp.base, count: x.count, on: ThreadTeam(count: threads))
      #expect(inp.intact && out.intact && inp.bits == x.bits)
      return out
    }

    private func reference(_ f: Activation, _ x: Float) -> Double {
      switch f {
      case .geluNew: Reference.gelu(Double(x))
      case .gelu: Reference.exactGELU(Double(x))
      case .relu: Swift.max(Double(x), 0)
      }
    }

    /// Absolute errors over [-12, 12] and beyond.
    @Test(arguments: Activation.allCases)
    func isCloseToTheReference(_ f: Activation) {
      let values = forward(f, inputs).values
      #expect(values.distance(inputs.map { reference(f, $0) }) <= (f == .relu ? 0 : 1e-6))
      #expect(forward(f, [.nan]).values[0].isNaN)
    }

    /// In the tail, where values are small, the error is relative to them.
    @Test func theTailOfGELU() {
      let x = (0..<1000).map { -Float($0) * 6e-3 }
      for (x, value) in zip(x, forward(.gelu, x).values) {
        let exact = Reference.exactGELU(Double(x))
        #expect(abs(Double(value) - exact) <= 1e-5 * abs(exact), "\(x): \(value)")
      }
    }

    @Test(arguments: Activation.allCases)
    func countsAndThreadsLeaveTheBits(_ f: Activation) {
      let whole = forward(f, inputs)
      for threads in threadCounts {
        expectSame(forward(f, inputs, threads: threads).bits, whole.bits)
      }
      for count in 0...33 {
        expectSame(forward(f, Array(inputs[..<count])).bits, Array(whole.bits[..<count]))
      }
    }

    /// Written down once: every CPU and every instruction set gives these.
    @Test func bits() {
      let x = (0..<64).map { Float($0 - 32) * 0.171 }
      let bits = forward(.gelu, x).bits.reduce(UInt32(0)) { ($0 << 5 | $0 >> 27) ^ $1 }
      #expect(bits == 3_617_278_907)
    }
  }
}
