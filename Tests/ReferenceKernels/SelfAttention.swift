import Glibc

extension Reference {
  /// Causal multi-head self-attention with the whole (T, T) matrix of each head.
  public struct SelfAttention: Sendable {
    /// (B, T, H·D).
    public var out: [Double]
    /// The largest score of each row, (B, H, T).
    public var rowMax: [Double]
    /// 1/Σ e^(score - max) of each row, (B, H, T).
    public var rowInverse: [Double]
    /// The gradient of qkv, (B, T, 3·H·D), if `dout` was given.
    public var dqkv: [Double]
  }

  /// - qkv: (B, T, 3·H·D), queries, keys and values of all heads side by side;
  /// - dout: (B, T, H·D) or nil; - scale: multiplies q·k.
  public static func attention(
    _ qkv: [Double], dout: [Double]? = nil, B: Int, T: Int, H: Int, D: Int, scale: Double
  ) -> SelfAttention {
    let C = H * D
    var result = SelfAttention(
      out: [Double](repeating: 0, count: B * T * C),
      rowMax: [Double](repeating: 0, count: B * H * T),
      rowInverse: [Double](repeating: 0, count: B * H * T),
      dqkv: [Double](repeating: 0, count: B * T * 3 * C))
    for b in 0..<B {
      for h in 0..<H {
        for t in 0..<T {
          row(qkv, dout, b, h, t, (T, H, D), scale, &result)
        }
      }
    }
    return result
  }

  /// Query t of head h of sequence b: its output, and what it gives to the gradients.
  private static func row(
    _ qkv: [Double], _ dout: [Double]?, _ b: Int, _ h: Int, _ t: Int,
    _ sizes: (T: Int, H: Int, D: Int), _ scale: Double, _ result: inout SelfAttention
  ) {
    let (T, H, D) = sizes
    let C = H * D
    // Channel 0 of this head's query, key and value of position s, and of its output.
    func q(_ s: Int) -> Int { (b * T + s) * 3 * C + h * D }
    func k(_ s: Int) -> Int { q(s) + C }
    func v(_ s: Int) -> Int { q(s) + 2 * C }
    let o = (b * T + t) * C + h * D

    var p = (0...t).map { s in
      scale * (0..<D).reduce(0) { $0 + qkv[q(t) + $1] * qkv[k(s) + $1] }
    }
    let top = p.reduce(-.infinity, max)
    p = p.map { exp($0 - top) }
    let inverse = 1 / p.reduce(0, +)
    p = p.map { $0 * inverse }
    result.rowMax[(b * H + h) * T + t] = top
    result.rowInverse[(b * H + h) * T + t] = inverse
    for s in 0...t { for d in 0..<D { result.out[o + d] += p[s] * qkv[v(s) + d] } }

    guard let dout else { return }
    let dp = (0...t).map { s in (0..<D).reduce(0) { $0 + dout[o + $1] * qkv[v(s) + $1] } }
    let average = (0...t).reduce(0) { $0 + p[$1] * dp[$1] }
    for s in 0...t {
      let slope = p[s] * (dp[s] - average) * scale
      for d in 0..<D {
        result.dqkv[v(s) + d] += p[s] * dout[o + d]
        result.dqkv[q(t) + d] += slope * qkv[k(s) + d]
        result.dqkv[k(s) + d] += slope * qkv[q(t) + d]
      }
    }
  }
}
