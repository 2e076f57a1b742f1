/// Scalar kernels in Double, written for reading: what the fast ones are compared with. Tensors are
/// row-major arrays.
public enum Reference {
  /// Where the elements of a product begin.
  public enum Start: Sendable {
    /// At 0.
    case zero
    /// At `bias[j]`, (N).
    case bias([Double])
    /// At the old C, (M, N).
    case accumulate([Double])
  }

  /// C (M, N) = start + op(A)·op(B) + residual.
  /// - a: (M, K), or (K, M) with `transposeA`; - b: (K, N), or (N, K) with `transposeB`;
  /// - residual: (M, N) or nil.
  public static func matmul(
    _ a: [Double], transposeA: Bool = false, _ b: [Double], transposeB: Bool = false, M: Int,
    N: Int, K: Int, start: Start = .zero, residual: [Double]? = nil
  ) -> [Double] {
    var c = [Double](repeating: 0, count: M * N)
    for i in 0..<M {
      for j in 0..<N {
        var sum = 0.0
        switch start {
        case .zero: break
        case .bias(let bias): sum = bias[j]
        case .accumulate(let old): sum = old[i * N + j]
        }
        for k in 0..<K {
          sum +=
            (transposeA ? a[k * M + i] : a[i * K + k]) * (transposeB ? b[j * K + k] : b[k * N + j])
        }
        c[i * N + j] = sum + (residual?[i * N + j] ?? 0)
      }
    }
    return c
  }
}
