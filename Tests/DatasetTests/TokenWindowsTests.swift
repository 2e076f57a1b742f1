import Testing

@testable import Dataset

/// A stream 0, 1, 2, … cut into shards of the given sizes.
func countingStream(_ sizes: [Int]) -> TokenStream {
  var next: UInt16 = 0
  return TokenStream(
    sizes.map { size in
      defer { next += UInt16(size) }
      return TokenShard(tokens: (0..<UInt16(size)).map { next + $0 })
    })
}

@Suite struct TokenStreamTests {
  @Test("A copy crosses shard boundaries, wherever it starts and ends")
  func copies() {
    let stream = countingStream([5, 1, 0, 7, 3])
    #expect(stream.count == 16)
    for start in 0...16 {
      for count in 0...(16 - start) {
        var out = [Int32](repeating: -1, count: count)
        out.withUnsafeMutableBufferPointer { stream.copy(from: start, into: $0) }
        #expect(out == (0..<Int32(count)).map { Int32(start) + $0 })
      }
    }
    #expect((0..<16).map { stream[$0] } == Array(0..<16))
  }

  @Test func pairsAndTriplesCrossShards() {
    let stream = countingStream([2, 1, 2])
    var pairs: [[UInt16]] = []
    var triples: [[UInt16]] = []
    stream.forEachPair { pairs.append([$0, $1]) }
    stream.forEachTriple { triples.append([$0, $1, $2]) }
    #expect(pairs == [[0, 1], [1, 2], [2, 3], [3, 4]])
    #expect(triples == [[0, 1, 2], [1, 2, 3], [2, 3, 4]])
  }

  @Test func bytesOfText() {
    let lengths = TokenLengths(bytes: [0, 3, 1, 2, 10])
    #expect(lengths.bytes(of: countingStream([2, 3]), in: 1..<4) == 6)
    #expect(lengths.bytes(of: countingStream([2, 3]), in: 0..<0) == 0)
  }
}

@Suite struct TokenWindowsTests {
  private func sequence(_ windows: TokenWindows, _ index: Int) -> (
    tokens: [Int32], targets: [Int32]
  ) {
    var tokens = [Int32](repeating: -1, count: windows.context)
    var targets = tokens
    tokens.withUnsafeMutableBufferPointer { tokens in
      targets.withUnsafeMutableBufferPointer { targets in
        guard let x = tokens.baseAddress, let y = targets.baseAddress else { return }
        windows.copySequence(index, tokens: x, targets: y)
      }
    }
    return (tokens, targets)
  }

  private func batch(_ windows: TokenWindows, first: Int, count: Int) -> [UInt16] {
    let n = count * windows.context
    var both = [UInt16](repeating: .max, count: 2 * n)
    both.withUnsafeMutableBufferPointer { both in
      guard let base = both.baseAddress else { return }
      windows.fillBatch(first: first, count: count, tokens: base, targets: base + n)
    }
    return both
  }

  @Test("Each epoch has every window once, the targets one further on", arguments: [1, 3, 4, 31])
  func epochs(context: Int) throws {
    let windows = try TokenWindows(countingStream([50, 1, 44]), context: context, seed: 1)
    #expect(windows.count == 94 / context)
    for epoch in 0..<2 {
      var starts: Set<Int32> = []
      for index in 0..<windows.count {
        let (tokens, targets) = sequence(windows, epoch * windows.count + index)
        #expect(tokens[0] % Int32(context) == 0)
        #expect(tokens == (0..<Int32(context)).map { tokens[0] + $0 })
        #expect(targets == tokens.map { $0 + 1 })
        starts.insert(tokens[0])
      }
      #expect(starts.count == windows.count)
    }
  }

  @Test("Resuming from the cursor's value equals going on, for any batch, across epochs")
  func resume() throws {
    let windows = try TokenWindows(countingStream([60, 41]), context: 7, seed: 11)
    let whole = (0..<60).map { sequence(windows, $0).tokens }
    var cursor = BatchCursor()
    var resumed: [[Int32]] = []
    for count in [1, 5, 13, 2, 20, 19] {
      // Only (epoch, index) survives; everything else is made anew.
      let saved = (cursor.epoch, cursor.index)
      let again = try TokenWindows(countingStream([60, 41]), context: 7, seed: 11)
      let first = again.globalIndex(of: BatchCursor(epoch: saved.0, index: saved.1))
      for i in 0..<count { resumed.append(sequence(again, first + i).tokens) }
      cursor = again.advance(cursor, by: count)
      #expect(cursor.index < again.count)
    }
    #expect(resumed == whole)
    #expect(cursor == BatchCursor(epoch: 60 / 14, index: 60 % 14))
  }

  @Test func batchesAreTheirSequences() throws {
    let windows = try TokenWindows(countingStream([30, 33]), context: 5, seed: 2)
    let sequences = (9..<9 + 8).map { sequence(windows, $0) }
    let expected = sequences.flatMap(\.tokens) + sequences.flatMap(\.targets)
    #expect(batch(windows, first: 9, count: 8).map(Int32.init) == expected)
  }

  @Test func exactlyOneWindow() throws {
    let windows = try TokenWindows(countingStream([9]), context: 8, seed: 0)
    #expect(windows.count == 1)
    #expect(sequence(windows, 5).targets == Array(1...8))
  }

  @Test func tooFewTokens() {
    let error = #expect(throws: DatasetError.self) {
      try TokenWindows(countingStream([8]), context: 8, seed: 0, name: "data/train")
    }
    #expect(
      error?.description
        == "data/train: holds 8 tokens, but one window needs 9: give more text or a smaller --context"
    )
    #expect(throws: DatasetError.self) {
      try ValidationSlice(TokenStream([]), context: 1, maxTokens: nil)
    }
  }
}

@Suite struct ValidationSliceTests {
  @Test("Windows follow each other from the start, at most the tokens asked for, at least one")
  func windows() throws {
    let stream = countingStream([20, 21])
    func count(_ maxTokens: Int?) throws -> Int {
      try ValidationSlice(stream, context: 8, maxTokens: maxTokens).count
    }
    #expect(try count(nil) == 5)
    #expect(try count(1000) == 5)
    #expect(try count(31) == 3)
    #expect(try count(1) == 1)
    let slice = try ValidationSlice(stream, context: 8, maxTokens: 24)
    #expect(slice.targets == 1..<25)
    var both = [UInt16](repeating: 0, count: 32)
    both.withUnsafeMutableBufferPointer { both in
      guard let base = both.baseAddress else { return }
      slice.fillBatch(first: 1, count: 2, tokens: base, targets: base + 16)
    }
    #expect(both == Array(8..<24) + Array(9..<25))
  }

  @Test func bytesOfTheTargets() throws {
    let slice = try ValidationSlice(countingStream([11]), context: 3, maxTokens: 6)
    // Token i has i bytes; the targets are 1...6.
    #expect(slice.textBytes(TokenLengths(bytes: (0..<11).map { $0 })) == 21)
  }
}
