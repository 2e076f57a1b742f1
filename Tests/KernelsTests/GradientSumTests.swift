import Kernels
import Machine
import Testing

extension KernelsTests {
  /// Column sums, embeddings and the exchange of labels: additions in a stated order, so the scalar
  /// loops here have to have the same bits.
  @Suite struct GradientSumTests {
    static let widths = Array(1...20) + [63, 64, 65, 130, 200]

    @Test(arguments: widths) func columnSumsAreChainsOverRows(C: Int) {
      let N = 23
      let (dout, old) = (Numbers.uniform(N * C, 1), Numbers.uniform(C, 2))
      let inp = GuardedFloats(dout, shift: 3)
      for continuing in [false, true] {
        var expected = continuing ? old : [Float](repeating: 0, count: C)
        for n in 0..<N { for c in 0..<C { expected[c] += dout[n * C + c] } }
        for (threads, cut) in zip(threadCounts, [0, 1, 20, 0, 2]) {
          let out = continuing ? GuardedFloats(old) : GuardedFloats(count: C)
          for rows in [0..<cut, cut..<N] where !rows.isEmpty {
            ColumnSum.add(
              out: out.base, continuing: continuing || rows.lowerBound > 0,
              dout: inp.base + rows.lowerBound * C, N: rows.count, C: C,
              on: ThreadTeam(count: threads))
          }
          expectSame(out.bits, expected.bits)
          #expect(out.intact)
        }
      }
    }

    @Test(arguments: widths) func embeddingForward(C: Int) {
      let (B, T, V) = (3, 14, 9)
      let tokens = Numbers.indices(B * T, below: V, 1)
      let (wte, wpe) = (Numbers.uniform(V * C, 2), Numbers.uniform(T * C, 3))
      var expected = [Float]()
      for n in 0..<B * T {
        for c in 0..<C { expected.append(wte[Int(tokens[n]) * C + c] + wpe[n % T * C + c]) }
      }
      let (token, position) = (GuardedFloats(wte, shift: 3), GuardedFloats(wpe, shift: 5))
      for threads in threadCounts {
        let out = GuardedFloats(count: B * T * C)
        Embedding.forward(
          out: out.base, tokens: tokens, wte: token.base, wpe: position.base, B: B, T: T, C: C,
          on: ThreadTeam(count: threads))
        expectSame(out.bits, expected.bits)
        #expect(out.intact)
      }
    }

    @Test(arguments: widths) func embeddingGradients(C: Int) {
      let (B, T, V) = (5, 11, 7)
      let tokens = Numbers.indices(B * T, below: V, 1)
      let dout = Numbers.uniform(B * T * C, 2)
      let (oldToken, oldPosition) = (Numbers.uniform(V * C, 3), Numbers.uniform(T * C, 4))
      let d = GuardedFloats(dout, shift: 3)
      for continuing in [false, true] {
        var dwte = oldToken
        var dwpe = continuing ? oldPosition : [Float](repeating: 0, count: T * C)
        for n in 0..<B * T {
          for c in 0..<C {
            dwte[Int(tokens[n]) * C + c] += dout[n * C + c]
            dwpe[n % T * C + c] += dout[n * C + c]
          }
        }
        for (threads, cut) in zip(threadCounts, [0, 1, 3, 0, 2]) {
          let token = GuardedFloats(oldToken)
          let position = continuing ? GuardedFloats(oldPosition) : GuardedFloats(count: T * C)
          for part in [0..<cut, cut..<B] where !part.isEmpty {
            let at = part.lowerBound * T
            let ids = Array(tokens[at..<part.upperBound * T])
            Embedding.addTokenGradients(
              dwte: token.base, dout: d.base + at * C, tokens: ids, B: part.count, T: T, C: C,
              on: ThreadTeam(count: threads))
            Embedding.positionGradients(
              dwpe: position.base, continuing: continuing || at > 0, dout: d.base + at * C,
              B: part.count, T: T, C: C, on: ThreadTeam(count: threads))
          }
          expectSame(token.bits, dwte.bits)
          expectSame(position.bits, dwpe.bits)
          #expect(token.intact && position.intact)
        }
      }
    }

    @Test(arguments: widths) func labelExchange(C: Int) {
      let (R, V, scale) = (37, 6, Float(0.173))
      let (targets, labels) = (Numbers.indices(R, below: V, 1), Numbers.indices(R, below: V, 2))
      #expect(zip(targets, labels).contains { $0 == $1 })
      let (wte, dinp) = (Numbers.uniform(V * C, 3), Numbers.uniform(R * C, 4))
      let (inp, old) = (Numbers.uniform(R * C, 5), Numbers.uniform(V * C, 6))
      var (expected, dwte) = (dinp, old)
      for r in 0..<R {
        let (y, drawn) = (Int(targets[r]) * C, Int(labels[r]) * C)
        for c in 0..<C {
          expected[r * C + c] = dinp[r * C + c].addingProduct(wte[y + c] - wte[drawn + c], scale)
          if y == drawn { continue }
          dwte[y + c] += inp[r * C + c] * scale
          dwte[drawn + c] -= inp[r * C + c] * scale
        }
      }
      let (w, d, x) = (GuardedFloats(wte), GuardedFloats(dinp, shift: 3), GuardedFloats(inp))
      for (threads, cut) in zip(threadCounts, [0, 1, 20, 0, 2]) {
        let (out, gradient) = (GuardedFloats(count: R * C), GuardedFloats(old, shift: 5))
        for rows in [0..<cut, cut..<R] where !rows.isEmpty {
          let at = rows.lowerBound
          let (y, drawn) = (Array(targets[rows]), Array(labels[rows]))
          LabelExchange.gather(
            out: out.base + at * C, dinp: d.base + at * C, wte: w.base, targets: y, labels: drawn,
            scale: scale, R: rows.count, C: C, on: ThreadTeam(count: threads))
          LabelExchange.scatter(
            dwte: gradient.base, inp: x.base + at * C, targets: y, labels: drawn, scale: scale,
            R: rows.count, C: C, on: ThreadTeam(count: threads))
        }
        expectSame(out.bits, expected.bits)
        expectSame(gradient.bits, dwte.bits)
        #expect(out.intact && gradient.intact)
      }
    }

    @Test(arguments: [0, 1, 15, 16, 17, 16_383, 16_384, 16_385, 40_001])
    func addition(count: Int) {
      let (a, b) = (Numbers.uniform(count, 1), Numbers.uniform(count, 2))
      let other = GuardedFloats(b, shift: 3)
      for threads in threadCounts {
        let out = GuardedFloats(a)
        LabelExchange.add(
          out: out.base, other: other.base, count: count, on: ThreadTeam(count: threads))
        expectSame(out.bits, zip(a, b).map { ($0 + $1).bitPattern })
        #expect(out.intact)
      }
    }
  }
}
