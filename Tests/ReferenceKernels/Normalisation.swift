extension Reference {
  /// out = (x - mean)·rstd·weight + bias, row by row; rstd = 1/√(variance + ε).
  /// - x: (N, C); - weight, bias: (C); - returns out (N, C), mean and rstd (N).
  public static func layerNorm(
    _ x: [Double], weight: [Double], bias: [Double], N: Int, C: Int, epsilon: Double
  ) -> (out: [Double], mean: [Double], rstd: [Double]) {
    var out = [Double](repeating: 0, count: N * C)
    var (means, rstds) = ([Double](), [Double]())
    for n in 0..<N {
      let row = x[n * C..<(n + 1) * C]
      let mean = row.reduce(0, +) / Double(C)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(C)
      let rstd = 1 / (variance + epsilon).squareRoot()
      for c in 0..<C { out[n * C + c] = (x[n * C + c] - mean) * rstd * weight[c] + bias[c] }
      means.append(mean)
      rstds.append(rstd)
    }
    return (out, means, rstds)
  }

  /// The gradients of ``layerNorm(_:weight:bias:N:C:epsilon:)``.
  /// - dout, x: (N, C); - weight: (C); - returns dx (N, C), dweight and dbias (C).
  public static func layerNormBackward(
    _ dout: [Double], x: [Double], weight: [Double], N: Int, C: Int, epsilon: Double
  ) -> (dx: [Double], dweight: [Double], dbias: [Double]) {
    let (_, means, rstds) = layerNorm(x, weight: weight, bias: weight, N: N, C: C, epsilon: epsilon)
    var dx = [Double](repeating: 0, count: N * C)
    var (dweight, dbias) = ([Double](repeating: 0, count: C), [Double](repeating: 0, count: C))
    for n in 0..<N {
      var (average, averageTimesX) = (0.0, 0.0)
      for c in 0..<C {
        let normal = (x[n * C + c] - means[n]) * rstds[n]
        let dNormal = dout[n * C + c] * weight[c]
        average += dNormal / Double(C)
        averageTimesX += dNormal * normal / Double(C)
        dweight[c] += dout[n * C + c] * normal
        dbias[c] += dout[n * C + c]
      }
      for c in 0..<C {
        let normal = (x[n * C + c] - means[n]) * rstds[n]
        dx[n * C + c] = rstds[n] * (dout[n * C + c] * weight[c] - average - normal * averageTimesX)
      }
    }
    return (dx, dweight, dbias)
  }
}
