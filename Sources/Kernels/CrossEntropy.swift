internal import CSupport
public import Machine

/// Softmax and cross-entropy of rows of logits, in place, with the draw of Sophia's labels.
public enum CrossEntropy {
  /// Columns whose exponentials are summed as one vector accumulator; the sums of blocks are added
  /// in order, in Double.
  private static let block = 256

  /// For each row: the loss -ln p[target], and logits become p·scale with `scale` taken off at the
  /// target: the gradient of scale·loss. With labels asked for, one label ŷ is drawn from p by
  /// inverse CDF in vocabulary order.
  /// - losses: (R), nats; - labels: (R) or nil; - logits: (R, ld), ld a multiple of 16, of which V columns are valid, the
  ///   others become 0; - targets: (R); - uniforms: (R), in [0, 1), or nil.
  public static func forwardBackward(
    losses: UnsafeMutablePointer<Double>, labels: UnsafeMutablePointer<UInt16>?,
    logits: UnsafeMutablePointer<Float>, ld: Int, targets: UnsafePointer<UInt16>,
    uniforms: UnsafePointer<Double>?, R: Int, V: Int, scale: Float, on team: ThreadTeam
  ) {
    precondition(ld >= V && ld % 16 == 0, "CrossEntropy: ld \(ld) for \(V) columns")
    team.parallelFor(R) { rows in
      for r in rows {
        let row = logits + r * ld
        let target = Int(targets[r])
        let logit = row[target]
        let (top, sum) = exponentials(row, V, ld)
        losses[r] = VectorMath.log(sum) + Double(top) - Double(logit)
        if let labels, let uniforms {
          labels[r] = UInt16(draw(row, V, sum * uniforms[r]))
        }
        let factor = Float(Double(scale) / sum)
        for v in stride(from: 0, to: ld, by: 16) {
          Vector.store(row + v, Vector.load(row + v) * factor)
        }
        row[target] -= scale
      }
    }
  }

  /// The loss alone; the logits are destroyed.
  /// - losses: (R), nats; - logits: (R, ld), ld a multiple of 16, of which V columns are valid;
  /// - targets: (R).
  public static func forward(
    losses: UnsafeMutablePointer<Double>, logits: UnsafeMutablePointer<Float>, ld: Int,
    targets: UnsafePointer<UInt16>, R: Int, V: Int, on team: ThreadTeam
  ) {
    precondition(ld >= V && ld % 16 == 0, "CrossEntropy: ld \(ld) for \(V) columns")
    team.parallelFor(R) { rows in
      for r in rows {
        let row = logits + r * ld
        let logit = row[Int(targets[r])]
        let (top, sum) = exponentials(row, V, ld)
        losses[r] = VectorMath.log(sum) + Double(top) - Double(logit)
      }
    }
  }

  /// ``forwardBackward(losses:labels:logits:ld:targets:uniforms:R:V:scale:on:)`` without the losses,
  /// and its tangent: the logits become scale·(p - onehot(target)), their tangents z' become
  /// scale·p∘(z' - Σ p·z').
  /// - logits, tangents: (R, ld), ld a multiple of 16, of which V columns are valid; - targets: (R).
  public static func backwardTangent(
    logits: UnsafeMutablePointer<Float>, tangents: UnsafeMutablePointer<Float>, ld: Int,
    targets: UnsafePointer<UInt16>, R: Int, V: Int, scale: Float, on team: ThreadTeam
  ) {
    precondition(ld >= V && ld % 16 == 0, "CrossEntropy: ld \(ld) for \(V) columns")
    team.parallelFor(R) { rows in
      for r in rows {
        let (row, change) = (logits + r * ld, tangents + r * ld)
        let (_, sum) = exponentials(row, V, ld)
        var weighted = 0.0
        for first in stride(from: 0, to: V, by: block) {
          var partial = SIMD16<Float>()
          Vector.forEach(min(block, V - first)) { at, count in
            partial = cs_fma(
              cs_load_partial(row + first + at, count, 0),
              cs_load_partial(change + first + at, count, 0), partial)
          }
          weighted += Double(cs_sum(partial))
        }
        let (average, factor) = (Float(weighted / sum), Float(Double(scale) / sum))
        Vector.forEach(V) { at, count in
          let p = cs_load_partial(row + at, count, 0) * factor
          cs_store_partial(row + at, p, count)
          cs_store_partial(
            change + at, p * (cs_load_partial(change + at, count, 0) - average), count)
        }
        row[Int(targets[r])] -= scale
      }
    }
  }

  /// logits → e^(logit - max), zeros past V; returns the maximum and the sum.
  @inline(__always)
  private static func exponentials(
    _ row: UnsafeMutablePointer<Float>, _ V: Int, _ ld: Int
  ) -> (top: Float, sum: Double) {
    var high = SIMD16<Float>(repeating: -.infinity)
    Vector.forEach(V) { at, count in
      high = cs_max(high, cs_load_partial(row + at, count, -.infinity))
    }
    let top = cs_hmax(high)
    var sum = 0.0
    for first in stride(from: 0, to: V, by: block) {
      var partial = SIMD16<Float>()
      Vector.forEach(min(block, V - first)) { at, count in
        let e = VectorMath.exp(cs_load_partial(row + first + at, count, -.infinity) - top)
        Vector.store(row + first + at, e)
        partial += e
      }
      sum += Double(cs_sum(partial))
    }
    for v in stride(from: (V + 15) / 16 * 16, to: ld, by: 16) { Vector.store(row + v, SIMD16()) }
    return (top, sum)
  }

  /// The first column at which the running sum passes `goal`.
  private static func draw(_ e: UnsafePointer<Float>, _ V: Int, _ goal: Double) -> Int {
    var before = 0.0
    for first in stride(from: 0, to: V, by: block) {
      let count = min(block, V - first)
      var partial = SIMD16<Float>()
      Vector.forEach(count) { at, n in partial += cs_load_partial(e + first + at, n, 0) }
      let after = before + Double(cs_sum(partial))
      if goal < after || first + block >= V {
        var (running, last) = (before, first)
        for i in first..<(first + count) where e[i] > 0 {
          running += Double(e[i])
          last = i
          if goal < running { return i }
        }
        return last
      }
      before = after
    }
    return V - 1
  }
}
