import Kernels
import Machine
import ReferenceKernels
import Testing

extension KernelsTests {
  @Suite struct AttentionTests {
    static let headSizes = [1, 3, 5, 16, 17, 64, 80]
    static let lengths = [1, 2, 47, 48, 49, 63, 64, 65, 130]

    @Test(arguments: headSizes, lengths) func isCloseToTheReference(D: Int, T: Int) throws {
      let heads = Heads(B: 2, T: T, H: 3, D: D)
      let forward = try heads.forward()
      let exact = Reference.attention(
        heads.qkv.doubles, dout: heads.dout.doubles, B: 2, T: T, H: 3, D: D,
        scale: Double(heads.shape.scale))
      #expect(forward.out.values.distance(exact.out) <= 2e-6)
      #expect(forward.rowMax.values.distance(exact.rowMax) <= 4e-6)
      #expect(forward.rowInverse.values.distance(exact.rowInverse) <= 1e-6)
      let dqkv = try heads.backward(forward)
      #expect(dqkv.values.distance(exact.dqkv) <= 5e-6)
      #expect(dqkv.intact && heads.intact)
      for part in [forward.out, forward.rowMax, forward.rowInverse] { #expect(part.intact) }
    }

    /// Scores of ±100: the maximum moves between pages, and most probabilities are zero.
    @Test func largeScores() throws {
      let heads = Heads(B: 1, T: 200, H: 2, D: 16, scale: 12)
      let forward = try heads.forward()
      let exact = Reference.attention(
        heads.qkv.doubles, dout: heads.dout.doubles, B: 1, T: 200, H: 2, D: 16, scale: 12)
      #expect(exact.rowMax.reduce(0, max) > 60)
      #expect(forward.out.values.distance(exact.out) <= 1e-4)
      #expect(try heads.backward(forward).values.distance(exact.dqkv) <= 1e-3)
    }

    @Test(arguments: [(65, 16), (130, 17), (130, 64), (400, 5)]) func threadsLeaveTheBits(
      T: Int, D: Int
    )
      throws
    {
      let heads = Heads(B: 2, T: T, H: 3, D: D)
      let forward = try heads.forward()
      let dqkv = try heads.backward(forward).bits
      for threads in threadCounts {
        let again = try heads.forward(threads: threads)
        expectSame(again.out.bits, forward.out.bits)
        expectSame(again.rowMax.bits, forward.rowMax.bits)
        expectSame(again.rowInverse.bits, forward.rowInverse.bits)
        try expectSame(heads.backward(again, threads: threads).bits, dqkv)
      }
    }

    /// A position sees none after it: with those replaced by NaN, the rows before keep their bits.
    @Test(arguments: [1, 40, 64, 100]) func positionsAfterAreNotSeen(T: Int) throws {
      let whole = Heads(B: 1, T: 130, H: 2, D: 17)
      let start = Heads(B: 1, T: T, H: 2, D: 17, qkv: Array(whole.qkv[..<(T * 3 * 34)]))
      let bits = try whole.forward().out.bits
      try expectSame(start.forward().out.bits, Array(bits[..<(T * 34)]))
    }

    @Test(arguments: headSizes, [1, 5, 50]) func cachedRowsEqualForwardRows(D: Int, rows: Int)
      throws
    {
      let (T, H) = (130, 3)
      let heads = Heads(B: 1, T: T, H: H, D: D)
      let expected = try heads.forward().out.bits
      for h in 0..<H {
        let cache = PagedHead(D: D, pages: 3)
        let out = GuardedFloats(count: T * H * D)
        let inp = heads.inp.base + h * D
        let memory = try rowScratch(D)
        for first in stride(from: 0, to: T, by: rows) {
          let count = min(rows, T - first)
          cache.store(
            keys: inp + (3 * first + 1) * H * D, values: inp + (3 * first + 2) * H * D,
            ld: 3 * H * D, first..<first + count)
          var scratch = memory.layout(of: 0)
          Attention.cached(
            out: out.base + first * H * D + h * D, outStride: H * D, q: inp + first * 3 * H * D,
            qStride: 3 * H * D, rows: count, firstPosition: first, D: D, scale: heads.shape.scale,
            keyPages: cache.keys, valuePages: cache.values, scratch: &scratch)
        }
        #expect(out.intact && cache.intact)
        for t in 0..<T {
          let at = (t * H + h) * D
          #expect(
            Array(out.bits[at..<at + D]) == Array(expected[at..<at + D]), "head \(h) row \(t)")
        }
      }
    }

    /// Pages of bfloat16 numbers give the bits of pages of the same numbers as floats; in runs of odd
    /// lengths, asked for ahead or not.
    @Test(arguments: headSizes, [1, 5, 50]) func halvesAreReadAsFloats(D: Int, rows: Int) throws {
      let T = 130
      let heads = Heads(B: 1, T: T, H: 1, D: D)
      let inp = heads.inp.base
      for i in 0..<T * 3 * D {
        inp[i] = Float(bitPattern: inp[i].bitPattern & 0xFFFF_0000)
      }
      let cache = PagedHead(D: D, pages: 3)
      let halves = [UInt16](repeating: 0x7FC0, count: 64 * 3 * AttentionPage.paddedHeadSize(D))
      var (keys, values) = (halves, halves)
      let memory = try rowScratch(D)
      let (floats, out) = (GuardedFloats(count: T * D), GuardedFloats(count: T * D))
      keys.withUnsafeMutableBufferPointer { keys in
        values.withUnsafeMutableBufferPointer { values in
          guard let keys = keys.baseAddress, let values = values.baseAddress else { return }
          let key = { UnsafePointer(keys + $0 * AttentionPage.keyCount(D)) }
          let value = { UnsafePointer(values + $0 * AttentionPage.valueCount(D)) }
          for first in stride(from: 0, to: T, by: rows) {
            let count = min(rows, T - first)
            let (k, v) = (inp + (3 * first + 1) * D, inp + (3 * first + 2) * D)
            cache.store(keys: k, values: v, ld: 3 * D, first..<first + count)
            for t in 0..<count {
              let (page, slot) = (first + t).quotientAndRemainder(dividingBy: 64)
              AttentionPage.storeKeys(
                k + 3 * t * D, ld: 3 * D, count: 1, D: D, slot: slot,
                page: keys + page * AttentionPage.keyCount(D))
              AttentionPage.storeValues(
                v + 3 * t * D, ld: 3 * D, count: 1, D: D, slot: slot,
                page: values + page * AttentionPage.valueCount(D))
            }
            var scratch = memory.layout(of: 0)
            Attention.cached(
              out: floats.base + first * D, outStride: D, q: inp + 3 * first * D, qStride: 3 * D,
              rows: count, firstPosition: first, D: D, scale: heads.shape.scale,
              keyPages: cache.keys, valuePages: cache.values, scratch: &scratch)
            scratch = memory.layout(of: 0)
            Attention.cached(
              out: out.base + first * D, outStride: D, q: inp + 3 * first * D, qStride: 3 * D,
              rows: count, firstPosition: first, D: D, scale: heads.shape.scale, keyPages: key,
              valuePages: value, ahead: D * 64, scratch: &scratch)
          }
        }
      }
      #expect(out.intact && cache.intact)
      expectSame(out.bits, floats.bits)
    }

    /// One thread's buffers for cached rows, full of NaN.
    private func rowScratch(_ D: Int) throws -> ThreadScratch {
      let memory = try ThreadScratch(threads: 1) { Attention.layCachedRows(&$0, D: D) }
      memory.arena.view().buffer.update(repeating: .nan)
      return memory
    }
  }
}
