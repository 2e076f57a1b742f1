import Kernels
import Machine
import ReferenceKernels
import Testing

extension KernelsTests {
  @Suite struct CrossEntropyTests {
    static let vocabularies = Array(1...40) + Array(255...259) + [513]

    @Test(arguments: vocabularies) func lossesGradientsAndLabels(V: Int) {
      for extra in [0, 16, 48] {
        let rows = LogitRows(R: 19, V: V, padding: extra)
        let result = rows.forwardBackward(scale: 0.3)
        for r in 0..<rows.R {
          let row = rows.row(r).doubles
          let exact = Reference.crossEntropy(row, target: Int(rows.targets[r]))
          #expect(abs(result.losses[r] - exact.loss) <= 1e-6)
          let at = r * rows.ld
          let gradient = Array(result.logits.values[at..<at + V])
          #expect(gradient.distance(exact.gradient.map { 0.3 * $0 }) <= 2e-7)
          #expect(result.logits.values[at + V..<at + rows.ld].allSatisfy { $0 == 0 })
          expectDrawn(result.labels[r], from: Reference.softmax(row), rows.uniforms[r])
        }
        #expect(result.logits.intact)
        #expect(rows.forward() == result.losses)
      }
    }

    /// The label is the reference's, but where the uniform number lies within rounding of a step.
    private func expectDrawn(_ label: UInt16, from p: [Double], _ uniform: Double) {
      let i = Int(label)
      guard i < p.count else {
        Issue.record("label \(i) of \(p.count)")
        return
      }
      if i == Reference.draw(p, uniform: uniform) { return }
      let before = p[..<i].reduce(0, +)
      #expect(p[i] > 0 && before - 1e-6 <= uniform && uniform <= before + p[i] + 1e-6, "label \(i)")
    }

    /// One row, many numbers: each label is the reference's, and as frequent as it is probable.
    @Test(arguments: [7, 257, 513]) func labelsFollowTheDistribution(V: Int) {
      let R = 40_000
      let one = Numbers.uniform(V, 9, range: 3)
      let logits = (0..<R).flatMap { _ in one }
      let uniforms = (0..<R).map { (Double($0) + 0.5) / Double(R) }
      let rows = LogitRows(R: R, V: V, padding: 0, logits: logits, uniforms: uniforms)
      let labels = rows.forwardBackward(scale: 1).labels
      let p = Reference.softmax(one.doubles)
      var (counts, other) = ([Int](repeating: 0, count: V), 0)
      for (label, uniform) in zip(labels, uniforms) {
        counts[Int(label)] += 1
        if Int(label) != Reference.draw(p, uniform: uniform) { other += 1 }
      }
      #expect(other <= R / 10_000)
      // Uniform numbers at equal distances: every count is the probability's to within one step.
      for i in 0..<V { #expect(abs(Double(counts[i]) - p[i] * Double(R)) <= 1.1) }
    }

    @Test(arguments: [1, 5, 16, 255, 256, 257, 300, 513]) func theFirstAndLastUniform(V: Int) {
      // At both ends and in between, every other label is impossible.
      var logits = Numbers.uniform(V, 4)
      for i in 0..<V where i % 3 != 1 && V > 1 { logits[i] = -.infinity }
      let possible = logits.indices.filter { logits[$0] > -.infinity }
      let steps = 400
      let uniforms = [0, 1 - 0x1p-53] + (0..<steps).map { Double($0) / Double(steps) }
      let rows = LogitRows(
        R: uniforms.count, V: V, padding: 16, logits: uniforms.flatMap { _ in logits },
        uniforms: uniforms)
      let labels = rows.forwardBackward(scale: 1).labels
      #expect(Int(labels[0]) == possible.first)
      #expect(Int(labels[1]) == possible.last)
      #expect(labels.allSatisfy { logits[Int($0)] > -.infinity })
    }

    /// Probabilities that are zero by underflow, in whole blocks after the last possible label.
    @Test func aBlockOfZeroesIsNeverDrawn() {
      var logits = [Float](repeating: -200, count: 700)
      logits[3] = 0.5
      logits[130] = 0.25
      let uniforms = [0, 0.3, 0.6, 0.999_999_999, 1 - 0x1p-53]
      let rows = LogitRows(
        R: 5, V: 700, padding: 4, logits: uniforms.flatMap { _ in logits }, uniforms: uniforms)
      #expect(rows.forwardBackward(scale: 1).labels == [3, 3, 130, 130, 130])
    }

    /// Logits far from zero, as a diverging run has them.
    @Test func largeLogits() {
      let logits = Numbers.uniform(4 * 300, 1, range: 3e4)
      let rows = LogitRows(R: 4, V: 300, padding: 0, logits: logits)
      let result = rows.forwardBackward(scale: 1)
      for r in 0..<4 {
        let exact = Reference.crossEntropy(rows.row(r).doubles, target: Int(rows.targets[r]))
        #expect(abs(result.losses[r] - exact.loss) <= 1e-6)
      }
    }

    @Test(arguments: [3, 300]) func threadsLeaveTheBits(V: Int) {
      let rows = LogitRows(R: 41, V: V, padding: 16)
      let one = rows.forwardBackward(scale: 0.7)
      for threads in threadCounts {
        let result = rows.forwardBackward(scale: 0.7, threads: threads)
        #expect(result.losses == one.losses)
        #expect(result.labels == one.labels)
        expectSame(result.logits.bits, one.logits.bits)
        #expect(rows.forward(threads: threads) == one.losses)
      }
    }

    @Test func withoutLabelsTheGradientsAreTheSame() {
      let rows = LogitRows(R: 5, V: 33, padding: 0)
      let result = rows.forwardBackward(scale: 1, drawing: false)
      expectSame(result.logits.bits, rows.forwardBackward(scale: 1).logits.bits)
      #expect(result.labels == [UInt16](repeating: .max, count: 5))
    }
  }
}
