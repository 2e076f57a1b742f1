internal import CSupport

/// The pieces of one row's softmax that sampling needs, on one thread, by our own exponential.
public enum Softmax {
  /// Values that share a partial sum.
  public static let chunk = 64

  /// The largest value, or nil if one is infinite or NaN. - x: (count), not empty.
  public static func maximum(_ x: UnsafePointer<Float>, count: Int) -> Float? {
    var top = SIMD16<Float>(repeating: x[0])
    var zero = SIMD16<Float>()
    Vector.forEach(count) { at, n in
      let v = cs_load_partial(x + at, n, x[0])
      top = cs_max(v, top)
      zero = cs_fma(v, SIMD16(), zero)  // NaN from what is not finite
    }
    return cs_sum(zero) == 0 ? cs_hmax(top) : nil
  }

  /// out[i] = e^((x[i] - top) / temperature): at most 1 if top is the largest, and 1 there.
  /// - out, x: (count), may be the same.
  public static func weights(
    out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, count: Int, top: Float,
    temperature: Float
  ) {
    // Not a product with 1 / temperature, which may be infinite.
    Vector.forEach(count) { at, n in
      let power = (cs_load_partial(x + at, n, top) - top) / temperature
      cs_store_partial(out + at, VectorMath.exp(power), n)
    }
  }

  /// sums[c] = Σ of x[64·c ..< 64·c + 64]. Returns the sum of the sums, in order.
  /// - sums: (⌈count / 64⌉); - x: (count).
  public static func partialSums(
    _ sums: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, count: Int
  ) -> Double {
    var total = 0.0
    for c in 0..<((count + chunk - 1) / chunk) {
      var sum = SIMD16<Float>()
      Vector.forEach(min(chunk, count - c * chunk)) { at, n in
        sum += cs_load_partial(x + c * chunk + at, n, 0)
      }
      sums[c] = cs_sum(sum)
      total += Double(sums[c])
    }
    return total
  }
}
