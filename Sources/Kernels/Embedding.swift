internal import CSupport
public import Machine

/// Token plus position embedding.
public enum Embedding {
  /// out[b, t] = wte[token] + wpe[t].
  /// - out: (B, T, C); - tokens: (B, T), each below V; - wte: (V, C); - wpe: (≥ T, C).
  public static func forward(
    out: UnsafeMutablePointer<Float>, tokens: UnsafePointer<UInt16>, wte: UnsafePointer<Float>,
    wpe: UnsafePointer<Float>, B: Int, T: Int, C: Int, on team: ThreadTeam
  ) {
    team.parallelFor(B * T, grain: 32) { rows in
      for n in rows {
        let (token, position) = (wte + Int(tokens[n]) * C, wpe + n % T * C)
        Vector.forEach(C) { v, count in
          let sum = cs_load_partial(token + v, count, 0) + cs_load_partial(position + v, count, 0)
          cs_store_partial(out + n * C + v, sum, count)
        }
      }
    }
  }

  /// Adds each row of `dout` to its token's row, in the order of (b, t): columns are shared out, so
  /// a row's chain has one writer.
  /// - dwte: (V, C), added to; - dout: (B, T, C); - tokens: (B, T), or the rows that stand for them.
  public static func addTokenGradients(
    dwte: UnsafeMutablePointer<Float>, dout: UnsafePointer<Float>, tokens: UnsafePointer<UInt16>,
    B: Int, T: Int, C: Int, on team: ThreadTeam
  ) {
    team.parallelFor((C + 63) / 64) { blocks in
      for block in blocks {
        let at = 64 * block
        for n in 0..<(B * T) {
          let (row, d) = (dwte + Int(tokens[n]) * C + at, dout + n * C + at)
          Vector.forEach(min(64, C - at)) { v, count in
            cs_store_partial(
              row + v, cs_load_partial(row + v, count, 0) + cs_load_partial(d + v, count, 0), count)
          }
        }
      }
    }
  }

  /// dwpe[t] = start + Σ over b in order of dout[b, t].
  /// - dwpe: (T, C), added to when `continuing`, else overwritten; - dout: (B, T, C).
  public static func positionGradients(
    dwpe: UnsafeMutablePointer<Float>, continuing: Bool, dout: UnsafePointer<Float>, B: Int, T: Int,
    C: Int, on team: ThreadTeam
  ) {
    team.parallelFor(T, grain: 16) { positions in
      for t in positions {
        Vector.forEach(C) { v, count in
          var sum = continuing ? cs_load_partial(dwpe + t * C + v, count, 0) : SIMD16()
          for b in 0..<B { sum += cs_load_partial(dout + (b * T + t) * C + v, count, 0) }
          cs_store_partial(dwpe + t * C + v, sum, count)
        }
      }
    }
  }
}
