public import Machine

/// ‖g‖₂ and whether g is finite, in one pass. Squares are added in `Double`, by lanes within chunks
/// of a fixed length and chunk by chunk in index order: the same bits for any number of threads.
public struct GradientNorm: Sendable, Equatable {
  /// Σ g². Not finite exactly if some g is not.
  public let squared: Double
  /// The first coordinate that is NaN or infinite; the caller's table knows which tensor that is.
  public let firstNonFinite: Int?

  /// ‖g‖₂.
  public var norm: Double { squared.squareRoot() }

  /// What to multiply g with so that its norm is at most `limit` (`torch.nn.utils.clip_grad_norm_`
  /// without its 1e-6): 1 if it already is.
  public func scale(clippingTo limit: Double) -> Float {
    norm > limit ? Float(limit / norm) : 1
  }

  /// Measures the whole of `g`.
  public init(of g: TensorView, on team: ThreadTeam) {
    let chunks = (g.count + ChunkPlan.length - 1) / ChunkPlan.length
    var partials = [Double](repeating: 0, count: chunks)
    partials.withUnsafeMutableBufferPointer { partials in
      team.run { thread in
        for chunk in team.share(of: chunks, thread: thread) {
          let start = chunk * ChunkPlan.length
          partials[chunk] = Self.squares(g.base + start, min(ChunkPlan.length, g.count - start))
        }
      }
    }
    var squared = 0.0
    for partial in partials { squared += partial }
    self.squared = squared
    // The square of a finite Float is finite in Double, so one sum tells of each of its terms.
    firstNonFinite =
      partials.firstIndex { !$0.isFinite }.flatMap { chunk in
        (chunk * ChunkPlan.length..<g.count).first { !g.base[$0].isFinite }
      }
  }

  /// Σ g² of `count` floats: 16 lanes, added in one fixed tree.
  static func squares(_ g: UnsafePointer<Float>, _ count: Int) -> Double {
    var low = SIMD8<Double>()
    var high = SIMD8<Double>()
    var i = 0
    while i < count {
      let v = i + 16 <= count ? Lanes.load(g + i, 16) : Lanes.load(g + i, count - i)
      let (a, b) = (SIMD8<Double>(v.lowHalf), SIMD8<Double>(v.highHalf))
      // Squares of floats are exact in Double, so an FMA here would give the same bits.
      low += a * a
      high += b * b
      i += 16
    }
    let eight = low + high
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    return two.x + two.y
  }
}
