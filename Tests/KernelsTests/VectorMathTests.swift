import Glibc
import Testing

@testable import Kernels

extension KernelsTests {
  @Suite struct VectorMathTests {
    /// Calls `body` with 16 values at a time: `count` evenly spaced ones over `range`.
    private func sweep(_ range: ClosedRange<Float>, _ count: Int, _ body: (SIMD16<Float>) -> Void) {
      let step = (Double(range.upperBound) - Double(range.lowerBound)) / Double(count - 1)
      var x = SIMD16<Float>()
      for first in stride(from: 0, to: count, by: 16) {
        for lane in 0..<16 {
          let value = Float(Double(range.lowerBound) + step * Double(min(first + lane, count - 1)))
          x[lane] = min(max(value, range.lowerBound), range.upperBound)
        }
        body(x)
      }
    }

    /// The largest error of `actual` in units of the reference's last place.
    private func ulps(_ actual: Float, _ exact: Double) -> Double {
      let distance = abs(Double(actual) - exact) / Double(Float(exact).ulp)
      return distance.isNaN ? .infinity : distance
    }

    @Test func expIsWithinTwoUlps() {
      var worst = 0.0
      for (range, count) in [(-87.3...88 as ClosedRange<Float>, 2_000_000), (-1...1, 500_000)] {
        sweep(range, count) { x in
          let y = VectorMath.exp(x)
          for i in 0..<16 { worst = max(worst, ulps(y[i], Glibc.exp(Double(x[i])))) }
        }
      }
      // Every power of two and its neighbours.
      for e in -40...6 {
        for value in [
          Float(sign: .plus, exponent: e, significand: 1), -0x1p0 * scalbnf(1, Int32(e)),
        ]
        where value.magnitude <= 87 {
          for x in [value.nextDown, value, value.nextUp] {
            let y = VectorMath.exp(SIMD16(repeating: x))
            worst = max(worst, ulps(y[7], Glibc.exp(Double(x))))
          }
        }
      }
      #expect(worst <= 2)
    }

    @Test func expOutsideItsRange() {
      func exp(_ x: Float) -> Float { VectorMath.exp(SIMD16(repeating: x))[3] }
      #expect(exp(.nan).isNaN)
      #expect(exp(-.infinity) == 0)
      let smallest: Float = -87.3
      #expect(exp(smallest) > 0)
      for x in [smallest.nextDown, -88, -103, -104, -1e10, -Float.greatestFiniteMagnitude] {
        #expect(exp(x) == 0, "\(x)")
      }
      for x in [Float(88).nextUp, 89, 1e10, .infinity] { #expect(exp(x) == exp(88), "\(x)") }
      #expect(exp(0) == 1)
      #expect(exp(-0.0) == 1)
    }

    @Test func expOfALaneDependsOnItAlone() {
      var x = SIMD16<Float>(repeating: .nan)
      x[5] = 1.25
      x[6] = -.infinity
      let y = VectorMath.exp(x)
      #expect(y[5] == VectorMath.exp(SIMD16(repeating: 1.25))[0])
      #expect(y[6] == 0)
      #expect(y[0].isNaN && y[15].isNaN)
    }

    @Test func logIsGlibcs() {
      var worst = 0.0
      func check(_ x: Double) {
        let exact = Glibc.log(x)
        // Near 1 the logarithm is as small as x - 1: there the error counts against that.
        let off = abs(VectorMath.log(x) - exact) / max(abs(exact), 1e-300)
        worst = max(worst, off.isNaN ? .infinity : off)
      }
      for i in 1...200_000 { check(Double(i) * 0.37) }
      for i in 0...100_000 { check(0.5 + Double(i) * 1.501e-5) }
      for e in -1000...1000 {
        for m in [1.0000001, 1.41421356, 1.4142136, 1.9999999] {
          check(scalbn(m, Int32(e)))
        }
      }
      #expect(worst <= 1e-14)
      #expect(VectorMath.log(1) == 0)
    }

    @Test func sigmoidIsCloseAndHasItsLimits() {
      var (worst, far) = (0.0, 0.0)
      sweep(-87...87, 1_000_000) { x in
        let y = VectorMath.sigmoid(x)
        for i in 0..<16 { worst = max(worst, ulps(y[i], 1 / (1 + Glibc.exp(-Double(x[i]))))) }
      }
      sweep(-200 ... -87, 10_000) { x in
        let y = VectorMath.sigmoid(x)
        for i in 0..<16 { far = max(far, Double(y[i])) }
      }
      #expect(worst <= 4)
      #expect(far <= 1.7e-38)
      #expect(VectorMath.sigmoid(SIMD16())[0] == 0.5)
      #expect(VectorMath.sigmoid(SIMD16(repeating: .infinity))[0] == 1)
      #expect(VectorMath.sigmoid(SIMD16(repeating: .nan))[0].isNaN)
    }
  }
}
