import Kernels
import Machine

/// The language-model head with softmax and cross-entropy, in chunks of rows, forward and
/// backward in one visit: the (B·T, V) logits never exist whole.
///
/// The gradients of the true and of the sampled loss with respect to the logits differ by
/// scale·(onehot(y) - onehot(ŷ)) alone (Sophia's GNB estimator, Liu et al. 2023, §2.3), so the
/// sampled backward is the true one plus a gather of the head's rows and a scatter into them.
struct Head {
  let config: GPT2Config
  /// (V, C): wte where it is tied.
  let weight: WeightView
  let activations: Activations
  let workspace: Workspace

  /// Where the labels of Sophia's curvature are drawn and its gradient goes.
  struct Sampling {
    /// The scatter's share of the weight's sampled gradient, added to.
    let dweight: WeightView
    /// Uniform numbers, one a row.
    let uniforms: UnsafePointer<Double>
  }

  /// Rows `rows` of the micro-batch: losses, gradient of the head's input into `dresidual`, the
  /// weight's gradient, and with `sampling` the sampled loss's gradient into `dsampled`.
  /// - losses: (N), nats; - targets: (N); - scale: what a token's loss counts in the gradient.
  /// - dweight: (V, C), its chain over rows goes on when `continuing`.
  func backward(
    rows: Range<Int>, losses: UnsafeMutablePointer<Double>, targets: UnsafePointer<UInt16>,
    scale: Float, dweight: WeightView, continuing: Bool, sampling: Sampling?
  ) {
    let (C, V, a, w) = (config.width, config.vocabularySize, activations, workspace)
    var continuing = continuing
    var labels = [UInt16](repeating: 0, count: a.headRows)
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: a.headRows) {
      let R = min(a.headRows, rows.upperBound - first)
      let (x, dx) = (a.lnf + first * C, a.dresidual + first * C)
      logits(x, R)
      labels.withUnsafeMutableBufferPointer { labels in
        CrossEntropy.forwardBackward(
          losses: losses + first, labels: labels.baseAddress, logits: a.logits, ld: a.Vp,
          targets: targets + first, uniforms: sampling.map { $0.uniforms + first }, R: R, V: V,
          scale: scale, on: w.team)
      }
      GEMM.multiply(
        dx, ldc: C, M: R, N: C, K: V, a: Matrix(a.logits, ld: a.Vp), b: .matrix(weight.matrix),
        on: w.team, scratch: w.gemm)
      GEMM.multiply(
        dweight.base, ldc: C, M: V, N: C, K: R, a: Matrix(a.logits, ld: a.Vp).transposed,
        b: .matrix(Matrix(x, ld: C)), start: continuing ? .accumulate : .zero, on: w.team,
        scratch: w.gemm)
      if let sampling {
        LabelExchange.gather(
          out: a.dsampled + first * C, dinp: dx, wte: weight.base, targets: targets + first,
          labels: labels,
          scale: scale, R: R, C: C, on: w.team)
        LabelExchange.scatter(
          dwte: sampling.dweight.base, inp: x, targets: targets + first, labels: labels,
          scale: scale,
          R: R, C: C, on: w.team)
      }
      continuing = true
    }
  }

  /// Losses only. - losses: (N), nats; - targets: (N).
  func losses(
    _ losses: UnsafeMutablePointer<Double>, targets: UnsafePointer<UInt16>, N: Int
  ) {
    let a = activations
    for first in stride(from: 0, to: N, by: a.headRows) {
      let R = min(a.headRows, N - first)
      logits(a.lnf + first * config.width, R)
      CrossEntropy.forward(
        losses: losses + first, logits: a.logits, ld: a.Vp, targets: targets + first, R: R,
        V: config.vocabularySize, on: workspace.team)
    }
  }

  /// a.logits (R, Vp) = x (R, C)·weightᵀ.
  func logits(_ x: UnsafeMutablePointer<Float>, _ R: Int) {
    let (C, V) = (config.width, config.vocabularySize)
    GEMM.multiply(
      activations.logits, ldc: activations.Vp, M: R, N: V, K: C, a: Matrix(x, ld: C),
      b: .matrix(weight.matrix.transposed), on: workspace.team, scratch: workspace.gemm)
  }
}
