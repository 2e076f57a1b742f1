import Files

/// Several shards seen as one sequence of tokens.
public struct TokenStream: Sendable {
  /// The shards, in order.
  public let shards: [TokenShard]
  /// Index in the sequence of each shard's first token, and the total at the end.
  private let starts: [Int]

  /// The shards, one after the other.
  public init(_ shards: [TokenShard]) {
    self.shards = shards.filter { $0.count > 0 }
    var starts = [0]
    for shard in self.shards { starts.append(starts[starts.count - 1] + shard.count) }
    self.starts = starts
  }

  /// A stream in memory.
  public init(tokens: [UInt16]) { self.init([TokenShard(tokens: tokens)]) }

  /// Number of tokens.
  public var count: Int { starts[shards.count] }

  /// The token at `index`.
  public subscript(index: Int) -> UInt16 {
    precondition(index >= 0 && index < count, "TokenStream: \(index) outside 0..<\(count)")
    let shard = shardIndex(of: index)
    var token: UInt16 = 0
    shards[shard].forEachSlice(index - starts[shard]..<index - starts[shard] + 1) { token = $0[0] }
    return token
  }

  /// Copies the tokens from `start` on into `out` (filled whole), across shards where need be.
  @inlinable
  public func copy<Element: FixedWidthInteger>(
    from start: Int, into out: UnsafeMutableBufferPointer<Element>
  ) {
    var filled = 0
    forEachSlice(start..<start + out.count) { slice in
      for i in 0..<slice.count { out[filled + i] = Element(truncatingIfNeeded: slice[i]) }
      filled += slice.count
    }
  }

  /// Why tokens that were read are not those of the files as they were opened; nil as long as they are. To be
  /// asked before what was made of them counts.
  public var failure: DatasetError? {
    for shard in shards { if let failure = shard.failure { return failure } }
    return nil
  }

  /// CRC-32C of the tokens, as little-endian bytes.
  public var checksum: UInt32 {
    var crc32c: UInt32 = 0
    forEachSlice(0..<count) {
      crc32c = CRC32C.checksum(UnsafeRawBufferPointer($0), continuing: crc32c)
    }
    return crc32c
  }

  /// The same tokens in memory: for those who read them twice and must find the same.
  func inMemory() -> TokenStream {
    TokenStream(shards.map { shard in TokenShard(tokens: shard.withTokens(Array.init)) })
  }

  /// The tokens of `range`, a slice of each shard at a time.
  @usableFromInline
  func forEachSlice(_ range: Range<Int>, _ body: (UnsafeBufferPointer<UInt16>) -> Void) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count,
      "TokenStream: tokens \(range) outside 0..<\(count)")
    if range.isEmpty { return }
    var (shard, position) = (shardIndex(of: range.lowerBound), range.lowerBound)
    while position < range.upperBound {
      let end = min(range.upperBound, starts[shard + 1])
      let slice = position - starts[shard]..<end - starts[shard]
      shards[shard].forEachSlice(slice, body)
      (shard, position) = (shard + 1, end)
    }
  }

  /// The last shard that starts at or before `index`.
  private func shardIndex(of index: Int) -> Int {
    var (low, high) = (0, shards.count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if starts[middle] <= index { low = middle } else { high = middle - 1 }
    }
    return low
  }
}

extension TokenStream {
  /// Every token in order.
  func forEach(_ body: (UInt16) -> Void) {
    forEachSlice(0..<count) { slice in for token in slice { body(token) } }
  }

  /// Every token with the one before it.
  func forEachPair(_ body: (UInt16, UInt16) -> Void) {
    var last: UInt16?
    forEach { token in
      if let last { body(last, token) }
      last = token
    }
  }

  /// Every token with the two before it, oldest first.
  func forEachTriple(_ body: (UInt16, UInt16, UInt16) -> Void) {
    var before: UInt16?
    forEachPair { last, token in
      if let before { body(before, last, token) }
      before = last
    }
  }
}
