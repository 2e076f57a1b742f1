import Kernels
import Machine
import Testing

@testable import Transformer

@Suite struct KVCacheTests {
  @Test func pagesAreTakenAndGivenBack() throws {
    let model = try TinyModel()
    let pool = try KVPool(model.config, pages: 3)
    #expect(pool.freePages == 3)
    var cache: KVCache? = KVCache(pool)
    #expect(cache?.reserve(64) == true)
    #expect(pool.freePages == 2)
    #expect(cache?.reserve(65) == true)
    #expect(pool.freePages == 1)
    let other = KVCache(pool)
    #expect(!other.reserve(65), "two pages, one left")
    #expect(pool.freePages == 0)
    cache = nil
    #expect(pool.freePages == 2)
    #expect(other.reserve(65))
    other.truncate(to: 0)
    #expect(pool.freePages == 3)
  }

  @Test(arguments: [1, 63, 64, 65, 100])
  func aForkGoesOnAlone(length: Int) throws {
    let model = try TinyModel()
    let decoder = try model.decoder(threads: 2)
    let pool = try KVPool(model.config, pages: 6)
    let start = model.tokens(length)
    let (left, right) = (start + model.tokens(5, seed: 3), start + model.tokens(5, seed: 4))
    let cache = KVCache(pool)
    _ = try decoder.forward(start, cache)
    let used = pool.freePages
    let fork = cache.fork()
    #expect(pool.freePages == used, "a fork takes no page")
    #expect(fork.length == length)
    for step in length..<length + 5 {
      let rows = try decoder.forward([
        Decoder.Input(cache, [left[step]]), Decoder.Input(fork, [right[step]]),
      ]).copy
      #expect(rows[0] == (try model.trainingLogits(Array(left[...step])))[step])
      #expect(rows[1] == (try model.trainingLogits(Array(right[...step])))[step])
    }
  }

  @Test(arguments: [0, 1, 63, 64, 65, 99])
  func truncatingForgets(length: Int) throws {
    let model = try TinyModel()
    let decoder = try model.decoder()
    let cache = try KVCache(model.config)
    _ = try decoder.forward(model.tokens(100, seed: 5), cache)
    let tokens = Array(model.tokens(100, seed: 5).prefix(length)) + model.tokens(30, seed: 6)
    cache.truncate(to: length)
    let rows = try decoder.forward(Array(tokens[length...]), cache, logits: .all).copy
    #expect(rows == Array(try model.trainingLogits(tokens)[length...]))
  }

  @Test func truncatingASharedPageLeavesTheOther() throws {
    let model = try TinyModel()
    let decoder = try model.decoder()
    let pool = try KVPool(model.config, pages: 4)
    let (cache, tokens) = (KVCache(pool), model.tokens(81))
    _ = try decoder.forward(Array(tokens.prefix(80)), cache)
    let fork = cache.fork()
    fork.truncate(to: 10)
    _ = try decoder.forward(model.tokens(20, seed: 7), fork)
    let row = try decoder.forward([tokens[80]], cache).copy
    #expect(row == [try model.trainingLogits(tokens)[80]])
  }

  /// Pages are reused as they are: what another sequence left there must not show, not even NaN.
  @Test func whatAPageHeldBeforeDoesNotShow() throws {
    let model = try TinyModel()
    let pool = try KVPool(model.config, pages: 3)
    let floats = KVPool.bytes(model.config, pages: 3) / 4
    pool.head(0, layer: 0, head: 0).base.assumingMemoryBound(to: Float.self)
      .update(repeating: .nan, count: floats)
    let tokens = model.tokens(130)
    let decoder = try model.decoder(threads: 2)
    let cache = KVCache(pool)
    var rows = try decoder.forward(Array(tokens.prefix(50)), cache, logits: .all).copy
    for token in tokens[50...] { rows += try decoder.forward([token], cache).copy }
    #expect(rows == (try model.trainingLogits(tokens)))
  }

  /// A page of bfloat16 gives back each number rounded to the nearest, ties to even, in its place.
  @Test func halvesAreRoundedToNearest() throws {
    let model = try TinyModel()
    let (D, Dp) = (model.config.headSize, AttentionPage.paddedHeadSize(model.config.headSize))
    let pool = try KVPool(model.config, .bf16, pages: 1)
    defer { withExtendedLifetime(pool) {} }
    let head = pool.head(0, layer: 1, head: 2)
    // Below, above and at the middle between two neighbours, the lower one even and odd; −0; NaN.
    let bits: [UInt32] = [
      0x3F80_7FFF, 0x3F80_8001, 0x3F80_8000, 0x3F81_8000, 0xBF80_FFFF, 0x8000_0000, 0x7F80_0001,
    ]
    let rounded: [UInt32] = [
      0x3F80_0000, 0x3F81_0000, 0x3F80_0000, 0x3F82_0000, 0xBF81_0000, 0x8000_0000, 0x7FC0_0000,
    ]
    let key = (0..<D).map { Float(bitPattern: bits[$0 % bits.count]) }
    head.store(keys: key, values: key.reversed(), ld: D, count: 1, slot: 5)
    let (keys, values) = (head.halves, head.halves + AttentionPage.keyCount(D))
    for d in 0..<D {
      #expect(UInt32(keys[d * 64 + 5]) << 16 == rounded[d % bits.count], "key \(d)")
      #expect(UInt32(values[5 * Dp + D - 1 - d]) << 16 == rounded[d % bits.count], "value \(d)")
    }
    #expect(keys[4] == 0 && values[4 * Dp] == 0 && (D..<Dp).allSatisfy { values[5 * Dp + $0] == 0 })
  }
}
