import CSupport
public import Machine

/// The mean over M groups of what each says of the curvature's diagonal, in an arena of its own.
///
/// The square of one gradient to drawn labels, B·ĝ², has a relative standard deviation of √2 whatever
/// the number of its terms; the mean of B_m·ĝ_m² over M groups has the same expectation and √(2/M).
/// Groups are added in order, element by element, so no thread count enters the bits.
public final class DiagonalMean: Sendable {
  /// M.
  public let groups: Int
  private let arena: Arena

  /// Room for `count` coordinates. Throws ``MemoryError``.
  public convenience init(
    groups: Int, count: Int, on team: ThreadTeam
  ) throws(MemoryError) {
    self.init(groups: groups, in: try Arena(count: count, touchedBy: team))
  }

  /// The mean goes into `arena`, which may be what a single group is read from.
  public init(groups: Int, in arena: Arena) {
    precondition(groups >= 1, "DiagonalMean: \(groups) groups")
    (self.groups, self.arena) = (groups, arena)
  }

  /// Adds group `m`, in 0..<M, in order; group 0 overwrites what was there: mean (+)= B_m·ĝ_m² / M.
  /// - gradient: ĝ_m over `scale`, (count). - labelTerms: B_m.
  public func addSquare(
    _ m: Int, of gradient: TensorView, scale: Float, labelTerms: Int, on team: ThreadTeam
  ) {
    let weight = Float(Double(labelTerms) / Double(groups))
    add(m, gradient, on: team) { i, left in
      let gHat = Lanes.load(gradient.base + i, left) * scale
      return gHat * gHat * weight
    }
  }

  /// Adds group `m`'s Hutchinson estimate, in order as ``addSquare(_:of:scale:labelTerms:on:)``:
  /// mean (+)= u ⊙ (H·u) / M. - direction: u; - product: H·u, (count).
  public func addProduct(
    _ m: Int, of direction: TensorView, and product: TensorView, on team: ThreadTeam
  ) {
    precondition(
      direction.count == product.count, "DiagonalMean: u of \(direction.count) coordinates")
    let weight = Float(1 / Double(groups))
    add(m, product, on: team) { i, left in
      Lanes.load(direction.base + i, left) * Lanes.load(product.base + i, left) * weight
    }
  }

  /// The mean, once all groups were added.
  public var curvature: Curvature { Curvature(diagonal: arena.view()) }

  private func add(
    _ m: Int, _ view: TensorView, on team: ThreadTeam,
    _ term: (_ at: Int, _ left: Int) -> SIMD16<Float>
  ) {
    precondition(
      m >= 0 && m < groups && view.count == arena.count,
      "DiagonalMean: group \(m) of \(groups), \(view.count) of \(arena.count) coordinates")
    let (grain, count, out) = (ChunkPlan.length, arena.count, arena.base)
    team.parallelShares((count + grain - 1) / grain) { chunks, _ in
      for i in stride(
        from: chunks.lowerBound * grain, to: min(count, chunks.upperBound * grain), by: 16)
      {
        let left = count - i
        let sum = m == 0 ? term(i, left) : Lanes.load(out + i, left) + term(i, left)
        Lanes.store(out + i, sum, left)
      }
    }
  }
}
