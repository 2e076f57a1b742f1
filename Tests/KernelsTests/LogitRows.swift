import Kernels
import Machine

/// R rows of V logits; the padding between them is NaN.
struct LogitRows {
  let R, V, ld: Int
  let logits: [Float]
  let targets: [UInt16]
  let uniforms: [Double]

  struct Result {
    let losses: [Double]
    let labels: [UInt16]
    /// The gradients, (R, ld).
    let logits: GuardedFloats
  }

  init(R: Int, V: Int, padding: Int, logits: [Float]? = nil, uniforms: [Double]? = nil) {
    (self.R, self.V) = (R, V)
    ld = (V + 15) / 16 * 16 + (padding + 15) / 16 * 16
    self.logits = logits ?? Numbers.uniform(R * V, 1, range: 5)
    targets = Numbers.indices(R, below: V, 2)
    let philox = Philox(seed: 3)
    self.uniforms = uniforms ?? (0..<R).map { philox.uniform(stream: 3, UInt64($0)) }
  }

  func row(_ r: Int) -> [Float] { Array(logits[r * V..<(r + 1) * V]) }

  private func padded() -> GuardedFloats {
    let all = GuardedFloats(count: R * ld)
    for r in 0..<R { for v in 0..<V { all.base[r * ld + v] = logits[r * V + v] } }
    return all
  }

  func forwardBackward(scale: Float, drawing: Bool = true, threads: Int = 1) -> Result {
    var losses = [Double](repeating: .nan, count: R)
    var labels = [UInt16](repeating: .max, count: R)
    let logits = padded()
    labels.withUnsafeMutableBufferPointer { labels in
      uniforms.withUnsafeBufferPointer { uniforms in
        CrossEntropy.forwardBackward(
          losses: &losses, labels: drawing ? labels.baseAddress : nil, logits: logits.base, ld: ld,
          targets: targets, uniforms: drawing ? uniforms.baseAddress : nil, R: R, V: V,
          scale: scale, on: ThreadTeam(count: threads))
      }
    }
    return Result(losses: losses, labels: labels, logits: logits)
  }

  /// The losses by the forward alone.
  func forward(threads: Int = 1) -> [Double] {
    var losses = [Double](repeating: .nan, count: R)
    CrossEntropy.forward(
      losses: &losses, logits: padded().base, ld: ld, targets: targets, R: R, V: V,
      on: ThreadTeam(count: threads))
    return losses
  }
}
