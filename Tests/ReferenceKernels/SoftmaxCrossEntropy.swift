import Glibc

extension Reference {
  /// The probabilities of a row of logits.
  public static func softmax(_ logits: [Double]) -> [Double] {
    let top = logits.reduce(-.infinity, max)
    let e = logits.map { exp($0 - top) }
    let sum = e.reduce(0, +)
    return e.map { $0 / sum }
  }

  /// -ln p[target] and its gradient p - onehot(target).
  public static func crossEntropy(
    _ logits: [Double], target: Int
  ) -> (loss: Double, gradient: [Double]) {
    let top = logits.reduce(-.infinity, max)
    let loss = log(logits.reduce(0) { $0 + exp($1 - top) }) + top - logits[target]
    var gradient = softmax(logits)
    gradient[target] -= 1
    return (loss, gradient)
  }

  /// Inverse CDF: the first index at which the running sum of `p` passes `uniform`, else the last
  /// index of a probability above 0.
  public static func draw(_ p: [Double], uniform: Double) -> Int {
    var (running, last) = (0.0, 0)
    for i in p.indices where p[i] > 0 {
      running += p[i]
      last = i
      if uniform < running { return i }
    }
    return last
  }
}
