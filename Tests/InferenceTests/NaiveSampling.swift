import Glibc
import Inference

/// Sampling as Hugging Face's logits processors do it, written for reading, in Double.
enum NaiveSampling {
  /// The probability of each token; 0 for those that are cut.
  static func probabilities(
    _ logits: [Float], _ settings: SamplingSettings, _ history: TokenHistory
  ) -> [Double] {
    var x = logits.map(Double.init)
    let penalty = Double(settings.repetitionPenalty)
    for id in history.seen {
      x[Int(id)] = x[Int(id)] < 0 ? x[Int(id)] * penalty : x[Int(id)] / penalty
    }
    for (id, count) in history.generated {
      x[Int(id)] -= Double(settings.presencePenalty)
      x[Int(id)] -= Double(settings.frequencyPenalty) * Double(count)
    }
    for (id, bias) in settings.logitBias where id < x.count { x[Int(id)] += Double(bias) }
    for id in settings.banned where id < x.count { x[Int(id)] = -.infinity }
    x = x.map { $0 / Double(settings.temperature) }
    if let k = settings.topK {
      let limit = x.sorted(by: >)[min(k, x.count) - 1]
      x = x.map { $0 < limit ? -.infinity : $0 }
    }
    if let p = settings.topP, p < 1 {
      // Ascending; what together has at most 1 - p goes, but never the likeliest.
      let probability = softmax(x)
      let ascending = x.indices.sorted {
        probability[$0] != probability[$1] ? probability[$0] < probability[$1] : $0 > $1
      }
      var sum = 0.0
      for i in ascending.dropLast() {
        sum += probability[i]
        if sum <= 1 - Double(p) { x[i] = -.infinity }
      }
    }
    if let p = settings.minP {
      let probability = softmax(x)
      let limit = Double(p) * (probability.max() ?? 0)
      for i in x.indices where probability[i] < limit { x[i] = -.infinity }
    }
    return softmax(x)
  }

  static func softmax(_ x: [Double]) -> [Double] {
    let top = x.max() ?? 0
    let weights = x.map { exp($0 - top) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }
}
