import Machine

/// A run of parameters in a flat arena that are treated alike. Coordinates that lie in no range
/// (padding) are neither read nor written, and no statistic counts them.
public struct ParameterRange: Sendable, Equatable {
  /// First coordinate.
  public var offset: Int
  /// Number of coordinates.
  public var count: Int
  /// Whether weight decay applies: matrices yes; gains, biases and embeddings as the caller decides.
  public var decayed: Bool
  /// What the learning rate, which decay is multiplied with too, takes as a factor here.
  public var rateFactor: Float

  /// The coordinates `offset ..< offset + count`.
  public init(offset: Int, count: Int, decayed: Bool, rateFactor: Float = 1) {
    self.offset = offset
    self.count = count
    self.decayed = decayed
    self.rateFactor = rateFactor
  }

  /// Whether its coordinates are treated as `other`'s are.
  func isTreated(as other: Self) -> Bool {
    decayed == other.decayed && rateFactor == other.rateFactor
  }
}

/// How a pass over an arena is cut: chunks of a fixed length, each with the pieces of the ranges
/// that lie in it. A thread takes a contiguous share of the chunks, the same in every pass, so pages
/// stay with the thread that touched them first; sums are added chunk by chunk in index order, so
/// their bits depend on the ranges alone and never on the number of threads.
struct ChunkPlan: Sendable {
  /// Floats a chunk; in chunks of this length an arena is first touched.
  static let length = Arena.chunk

  /// The ranges, in order; neighbours that are treated alike are one piece.
  private let pieces: [ParameterRange]
  /// The pieces of chunk c are `starts[c] ..< starts[c + 1]`.
  private let starts: [Int]

  /// Number of chunks.
  var count: Int { starts.count - 1 }

  /// Cuts `ranges` (ascending, disjoint, inside `0 ..< count`).
  init(_ ranges: [ParameterRange], count: Int) {
    var pieces: [ParameterRange] = []
    var starts = [0]
    var end = 0
    for range in ranges {
      precondition(
        range.offset >= end && range.count >= 0 && range.offset + range.count <= count,
        "ParameterRange \(range.offset)+\(range.count) overlaps or lies outside 0..<\(count)")
      end = range.offset + range.count
      var offset = range.offset
      while offset < end {
        while offset >= starts.count * Self.length { starts.append(pieces.count) }
        let n = min(end, starts.count * Self.length) - offset
        let isNewChunk = starts.last == pieces.count
        if !isNewChunk, let last = pieces.last, last.isTreated(as: range),
          last.offset + last.count == offset
        {
          pieces[pieces.count - 1].count += n
        } else {
          var piece = range
          (piece.offset, piece.count) = (offset, n)
          pieces.append(piece)
        }
        offset += n
      }
    }
    starts.append(pieces.count)
    self.pieces = pieces
    self.starts = starts
  }

  /// Calls `body` on every piece, and adds up what it returns in index order.
  func reduce(
    on team: ThreadTeam, _ body: (ParameterRange) -> StepStatistics
  ) -> StepStatistics {
    var partials = [StepStatistics](repeating: StepStatistics(), count: count)
    partials.withUnsafeMutableBufferPointer { partials in
      team.run { thread in
        for chunk in team.share(of: count, thread: thread) {
          for piece in pieces[starts[chunk]..<starts[chunk + 1]] { partials[chunk] += body(piece) }
        }
      }
    }
    var sum = StepStatistics()
    for partial in partials { sum += partial }
    return sum
  }
}
