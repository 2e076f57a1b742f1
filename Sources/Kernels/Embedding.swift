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

  /// Adds each row of `dout` to its token's row, in the order of (b, t): columns are shared out, and
  /// where there are too few for the team the tokens too, so a row's chain has one writer.
  /// - dwte: (V, C), added to; - dout: (B, T, C); - tokens: (B, T), or the rows that stand for them.
  public static func addTokenGradients(
    dwte: UnsafeMutablePointer<Float>, dout: UnsafePointer<Float>, tokens: UnsafePointer<UInt16>,
    B: Int, T: Int, C: Int, on team: ThreadTeam
  ) {
    let blocks = ColumnBlocks(C, mostParts: mostTokenParts, threads: team.count)
    blocks.forEach(on: team) { columns, part in
      for n in 0..<(B * T) where Int(tokens[n]) % blocks.parts == part {
        let (row, d) = (dwte + Int(tokens[n]) * C, dout + n * C)
        add(row + columns.lowerBound, d + columns.lowerBound, columns.count)
      }
    }
  }

  /// Adds rows to others, each to one of its own: dwte[tokens[i]] += rows[i].
  /// - dwte: (V, C); - rows: (tokens.count, C); - tokens: all different.
  public static func addRows(
    dwte: UnsafeMutablePointer<Float>, rows: UnsafePointer<Float>, tokens: [Int], C: Int,
    on team: ThreadTeam
  ) {
    team.parallelFor(tokens.count, grain: 8) { range in
      for i in range { add(dwte + tokens[i] * C, rows + i * C, C) }
    }
  }

  /// Parts into which the tokens of a batch are divided at most, each of which looks at all of them.
  static let mostTokenParts = 16

  /// out += other over (count).
  @inline(__always)
  private static func add(
    _ out: UnsafeMutablePointer<Float>, _ other: UnsafePointer<Float>, _ count: Int
  ) {
    Vector.forEach(count) { at, n in
      cs_store_partial(
        out + at, cs_load_partial(out + at, n, 0) + cs_load_partial(other + at, n, 0), n)
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
