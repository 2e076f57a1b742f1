import Files

extension TokenDataset {
  /// Which tokens are trained on, as 16 hexadecimal digits: a checksum over the tokenizer and the training
  /// shards. It stays the same when the directory moves, and tells a run that is resumed whether the
  /// tokens under a path are still those that it began with.
  public var fingerprint: String {
    let known = description?.train.shards.map(\.crc32c)
    // One that cannot be read by now is not the one that it was.
    let shards = known ?? train.shards.map { (try? $0.checksum()) ?? 0 }
    var text = tokenizer.fingerprint
    for (shard, checksum) in zip(train.shards, shards) { text += " \(shard.count) \(checksum)" }
    let parts = [CRC32C.checksum(Array(text.utf8)), CRC32C.checksum(Array(text.utf8.reversed()))]
    return parts.map { hexadecimal($0) }.joined()
  }
}
