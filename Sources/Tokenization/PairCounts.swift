/// How often each pair of tokens stands side by side in the words of a text, kept up to date while pairs
/// are merged: a merge visits only the words that hold the pair.
struct PairCounts {
  private struct Pair {
    let key: UInt64
    /// Occurrences, each word as often as it occurs in the text; overlapping ones (`aaa`) all count.
    var count = 0
    /// The words that hold it, or once held it: `occurrences[start..<start + words]`.
    var start = 0
    var words: Int32 = 0
    /// The last word listed, so that each is listed once; -1 if none.
    var lastWord: Int32 = -1

    init(key: UInt64) { self.key = key }
  }

  /// Tokens of all words, one after another; word w has `lengths[w]` from `starts[w]`.
  private var symbols: [UInt32] = []
  private var starts: [Int] = []
  private var lengths: [Int32] = []
  private let wordCounts: [Int]

  private var pairs: [Pair] = []
  /// Pair → index in `pairs`.
  private var indices = PairTable(capacity: 1 << 16)
  private var occurrences: [Int32] = []
  private var queue = PairQueue()

  /// Counts the pairs of all words, in tokens of one byte.
  init(_ words: WordCounts) {
    wordCounts = words.counts
    var byteIds = [UInt32](repeating: 0, count: 256)
    for (id, byte) in ByteAlphabet.order.enumerated() { byteIds[Int(byte)] = UInt32(id) }
    for word in 0..<words.words.count {
      starts.append(symbols.count)
      for byte in words.words[word] { symbols.append(byteIds[Int(byte)]) }
      lengths.append(Int32(symbols.count - starts[word]))
    }
    var found: [Found] = []
    for word in 0..<starts.count {
      for i in starts[word]..<starts[word] + Int(lengths[word]) - 1 {
        add(symbols[i], symbols[i + 1], word, &found)
      }
    }
    list(found, from: 0)
  }

  /// The pair of the highest count, the smallest of equals; nil if none has at least `minimum`. It is not
  /// given again.
  mutating func popMostFrequent(atLeast minimum: Int) -> (left: UInt32, right: UInt32)? {
    while let (count, key) = queue.pop() {
      let current = pairs[Int(indices[key])].count
      if current == count {
        return count >= minimum ? (UInt32(key >> 32), UInt32(truncatingIfNeeded: key)) : nil
      }
      // Counts of listed pairs only fall: the entry goes back with what is left of it.
      if current >= minimum { queue.push(count: current, key: key) }
    }
    return nil
  }

  /// Replaces the pair by `result`, a new token, in all words, from left to right.
  mutating func merge(_ left: UInt32, _ right: UInt32, into result: UInt32) {
    let index = Int(indices[PairTable.key(left, right)])
    let pair = pairs[index]
    let firstNew = pairs.count
    var found: [Found] = []
    for i in pair.start..<pair.start + Int(pair.words) {
      merge(left, right, into: result, word: Int(occurrences[i]), &found)
    }
    list(found, from: firstNew)
  }

  /// A pair and a word that holds it.
  private struct Found {
    let pair: Int32
    let word: Int32
  }

  private mutating func merge(
    _ left: UInt32, _ right: UInt32, into result: UInt32, word: Int, _ found: inout [Found]
  ) {
    let start = starts[word]
    let end = start + Int(lengths[word])
    // Symbols are read at `i` and written at `out`, which is never ahead.
    var (i, out) = (start, start)
    while i < end {
      guard i + 1 < end, symbols[i] == left, symbols[i + 1] == right else {
        symbols[out] = symbols[i]
        i += 1
        out += 1
        continue
      }
      remove(left, right, word)
      if out > start {
        remove(symbols[out - 1], left, word)
        add(symbols[out - 1], result, word, &found)
      }
      if i + 2 < end {
        remove(right, symbols[i + 2], word)
        add(result, symbols[i + 2], word, &found)
      }
      symbols[out] = result
      i += 2
      out += 1
    }
    lengths[word] = Int32(out - start)
  }

  private mutating func remove(_ left: UInt32, _ right: UInt32, _ word: Int) {
    pairs[Int(indices[PairTable.key(left, right)])].count -= wordCounts[word]
  }

  private mutating func add(
    _ left: UInt32, _ right: UInt32, _ word: Int, _ found: inout [Found]
  ) {
    let key = PairTable.key(left, right)
    var index = indices[key]
    if index == PairTable.absent {
      index = UInt64(pairs.count)
      pairs.append(Pair(key: key))
      indices.insert(key, index)
    }
    let pair = Int(index)
    pairs[pair].count += wordCounts[word]
    if pairs[pair].lastWord != Int32(word) {
      pairs[pair].lastWord = Int32(word)
      pairs[pair].words += 1
      found.append(Found(pair: Int32(pair), word: Int32(word)))
    }
  }

  /// Gives each pair from `first` on its list of words and its place in the queue. A merge's new pairs all
  /// contain its new token, so that a pair is new in one merge only and its list is complete at once.
  private mutating func list(_ found: [Found], from first: Int) {
    var start = occurrences.count
    occurrences.append(contentsOf: repeatElement(0, count: found.count))
    for pair in first..<pairs.count {
      pairs[pair].start = start
      start += Int(pairs[pair].words)
      pairs[pair].words = 0
    }
    for entry in found {
      let pair = Int(entry.pair)
      occurrences[pairs[pair].start + Int(pairs[pair].words)] = entry.word
      pairs[pair].words += 1
    }
    for pair in pairs[first...] where pair.count > 0 {
      queue.push(count: pair.count, key: pair.key)
    }
  }
}
