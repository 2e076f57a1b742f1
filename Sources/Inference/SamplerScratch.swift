import Kernels
public import Machine

/// Buffers of one draw at a time, for rows of V logits.
public final class SamplerScratch {
  let adjusted: Arena
  let candidates: Candidates

  /// Throws ``MemoryError``.
  public init(vocabularySize: Int) throws(MemoryError) {
    adjusted = try Arena(count: vocabularySize)
    candidates = try Candidates(vocabularySize)
  }

  /// One for each thread. Throws ``MemoryError``.
  static func forEachThread(
    of team: ThreadTeam, vocabularySize: Int
  ) throws(MemoryError) -> [SamplerScratch] {
    var scratch: [SamplerScratch] = []
    for _ in 0..<team.count { scratch.append(try SamplerScratch(vocabularySize: vocabularySize)) }
    return scratch
  }

  /// `adjusted` becomes the logits after penalties, bias and bans. A banned one is the lowest finite
  /// number, so that it is never the likeliest.
  func adjust(
    _ logits: UnsafeBufferPointer<Float>, _ settings: SamplingSettings, _ history: TokenHistory,
    banned: Set<UInt32>
  ) {
    let to = adjusted.view(0, count: logits.count).buffer
    _ = to.update(from: logits)
    if settings.repetitionPenalty != 1 {
      for id in history.seen {
        let x = logits[Int(id)]
        to[Int(id)] = x < 0 ? x * settings.repetitionPenalty : x / settings.repetitionPenalty
      }
    }
    if settings.presencePenalty != 0 || settings.frequencyPenalty != 0 {
      for (id, count) in history.generated {
        to[Int(id)] -= settings.presencePenalty + settings.frequencyPenalty * Float(count)
      }
    }
    for (id, bias) in settings.logitBias { to[Int(id)] += bias }
    for id in banned { to[Int(id)] = -.greatestFiniteMagnitude }
  }
}

/// The tokens that may still be drawn, in ascending order, with weights that are their
/// probabilities but for a common factor; the largest weight is 1.
final class Candidates {
  private(set) var count = 0
  /// Their ids, unless they are the whole vocabulary.
  private var ids: [UInt32] = []
  private var areAll = false
  private let weights: Arena
  private let sums: Arena
  private var order: [Int] = []

  init(_ vocabularySize: Int) throws(MemoryError) {
    weights = try Arena(count: vocabularySize)
    sums = try Arena(count: (vocabularySize + Softmax.chunk - 1) / Softmax.chunk)
  }

  private var w: UnsafeMutablePointer<Float> { weights.base }

  /// The token of candidate i.
  func id(_ i: Int) -> UInt32 { areAll ? UInt32(i) : ids[i] }

  /// All tokens or the topK likeliest. - x: logits (count), the largest being `top`.
  func start(
    _ x: UnsafePointer<Float>, count: Int, top: Float, temperature: Float, topK: Int?
  ) {
    if let k = topK, k < count {
      take(x, count: count, atLeast: TopK.threshold(x, count: count, k: k))
      Softmax.weights(out: w, w, count: self.count, top: top, temperature: temperature)
    } else {
      (self.count, areAll) = (count, true)
      Softmax.weights(out: w, x, count: count, top: top, temperature: temperature)
    }
  }

  /// The tokens whose `x` (count), which becomes their weight, is at least `limit`.
  private func take(_ x: UnsafePointer<Float>, count: Int, atLeast limit: Float) {
    TopK.indices(x, count: count, atLeast: limit, into: &ids)
    for (i, id) in ids.enumerated() { w[i] = x[Int(id)] }
    (self.count, areAll) = (ids.count, false)
  }

  /// Leaves out the tokens of these ids.
  func remove(_ banned: Set<UInt32>) {
    if areAll {
      for id in banned { w[Int(id)] = 0 }
    } else {
      compact { !banned.contains(ids[$0]) }
    }
  }

  /// Σ e^(x - top) over a row. Uses up the candidates.
  func sumOfExponentials(_ x: UnsafePointer<Float>, count: Int, top: Float) -> Double {
    Softmax.weights(out: w, x, count: count, top: top, temperature: 1)
    return Softmax.partialSums(sums.base, w, count: count)
  }

  /// Keeps weights of at least `limit`.
  func keep(atLeast limit: Float) {
    if areAll {
      take(w, count: count, atLeast: limit)
    } else {
      compact { w[$0] >= limit }
    }
  }

  /// Keeps the likeliest up to the one that brings their share to p: a token stays if those before
  /// it in descending order (equals by id) have less than p.
  func keepNucleus(_ p: Float) {
    let total = Softmax.partialSums(sums.base, w, count: count)
    // Tokens of less than their part of 1 - p are out, however many they are: fewer to sort.
    let certain = (1 - Double(p)) * total / Double(count)
    keep(atLeast: Float(0.999 * certain))
    order.removeAll(keepingCapacity: true)
    order.append(contentsOf: 0..<count)
    order.sort { w[$0] != w[$1] ? w[$0] > w[$1] : $0 < $1 }
    var (sum, last) = (0.0, 0)
    for i in order where sum < Double(p) * total {
      sum += Double(w[i])
      last = i
    }
    let limit = w[last]
    compact { w[$0] > limit || w[$0] == limit && $0 <= last }
  }

  private func compact(_ stays: (Int) -> Bool) {
    var kept = 0
    for i in 0..<count where stays(i) {
      ids[kept] = ids[i]
      w[kept] = w[i]
      kept += 1
    }
    ids.removeLast(count - kept)
    count = kept
  }

  /// The token at `uniform` (in [0, 1)) of the cumulative weights, in vocabulary order.
  func pick(_ uniform: Double) -> UInt32? {
    var rest = uniform * Softmax.partialSums(sums.base, w, count: count)
    // The chunk that holds it; rounding may leave something after the last one that has weight.
    var (chunk, inside) = (0, rest)
    for c in 0..<((count + Softmax.chunk - 1) / Softmax.chunk) where sums.base[c] > 0 {
      (chunk, inside) = (c, rest)
      rest -= Double(sums.base[c])
      if rest < 0 { break }
    }
    var last: UInt32?
    for i in (chunk * Softmax.chunk)..<min(count, (chunk + 1) * Softmax.chunk) where w[i] > 0 {
      last = id(i)
      inside -= Double(w[i])
      if inside < 0 { break }
    }
    return last
  }
}
