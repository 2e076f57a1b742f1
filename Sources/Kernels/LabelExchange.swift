internal import CSupport
public import Machine

/// From the gradients of a tied head for labels y to those for labels ŷ: the logits' gradients
/// differ by scale·(onehot(y) - onehot(ŷ)).
public enum LabelExchange {
  /// out = dinp + scale·(wte[y] - wte[ŷ]), row by row.
  /// - out, dinp: (R, C); - wte: (V, C); - targets y and labels ŷ: (R).
  public static func gather(
    out: UnsafeMutablePointer<Float>, dinp: UnsafePointer<Float>, wte: UnsafePointer<Float>,
    targets: UnsafePointer<UInt16>, labels: UnsafePointer<UInt16>, scale: Float, R: Int, C: Int,
    on team: ThreadTeam
  ) {
    team.parallelFor(R, grain: 16) { rows in
      for r in rows {
        let (y, drawn) = (wte + Int(targets[r]) * C, wte + Int(labels[r]) * C)
        Vector.forEach(C) { at, count in
          let change = cs_load_partial(y + at, count, 0) - cs_load_partial(drawn + at, count, 0)
          let d = cs_fma(
            change, SIMD16(repeating: scale), cs_load_partial(dinp + r * C + at, count, 0))
          cs_store_partial(out + r * C + at, d, count)
        }
      }
    }
  }

  /// dwte[y] += scale·inp[r] and dwte[ŷ] -= scale·inp[r], rows in order; columns are shared out, and
  /// where there are too few for the team the rows of dwte too.
  /// - dwte: (V, C), added to; - inp: (R, C), the head's input.
  public static func scatter(
    dwte: UnsafeMutablePointer<Float>, inp: UnsafePointer<Float>, targets: UnsafePointer<UInt16>,
    labels: UnsafePointer<UInt16>, scale: Float, R: Int, C: Int, on team: ThreadTeam
  ) {
    let blocks = ColumnBlocks(C, mostParts: Embedding.mostTokenParts, threads: team.count)
    blocks.forEach(on: team) { columns, part in
      let (at, width) = (columns.lowerBound, columns.count)
      for r in 0..<R where targets[r] != labels[r] {
        let x = inp + r * C + at
        let (target, label) = (Int(targets[r]), Int(labels[r]))
        if target % blocks.parts == part { add(dwte + target * C + at, x, scale, width) }
        if label % blocks.parts == part { add(dwte + label * C + at, x, -scale, width) }
      }
    }
  }

  /// out += x·scale over (count), the product rounded first.
  @inline(__always)
  private static func add(
    _ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ scale: Float, _ count: Int
  ) {
    Vector.forEach(count) { v, n in
      let change = cs_load_partial(x + v, n, 0) * scale
      cs_store_partial(out + v, cs_load_partial(out + v, n, 0) + change, n)
    }
  }

  /// out = -other over (count), elementwise.
  public static func negate(
    out: UnsafeMutablePointer<Float>, other: UnsafePointer<Float>, count: Int, on team: ThreadTeam
  ) {
    Vector.forEachShare(count, on: team) { at, rest in
      cs_store_partial(out + at, -cs_load_partial(other + at, rest, 0), rest)
    }
  }

  /// out += other over (count), elementwise.
  public static func add(
    out: UnsafeMutablePointer<Float>, other: UnsafePointer<Float>, count: Int, on team: ThreadTeam
  ) {
    Vector.forEachShare(count, on: team) { at, rest in
      let sum = cs_load_partial(out + at, rest, 0) + cs_load_partial(other + at, rest, 0)
      cs_store_partial(out + at, sum, rest)
    }
  }
}
