import Machine
import Optimizers

/// A copy of θ and of the optimizer's state, for ``SpikeGuard`` to go back to.
///
/// It lies in memory: a copy moves 24 bytes a parameter where a step's matrix products do hundreds of
/// operations a parameter, and going back needs no disk. 12 bytes a parameter (8 with Lion) are the
/// price; and a checkpoint, too, is larger by as much, or a resumed run could not go back to where the
/// run that was never interrupted does.
final class LastGoodState {
  /// The copies, under the names of a checkpoint: θ, then the state.
  let parts: [NamedArena]
  private let live: [Arena]
  /// What is copied, in pieces of at most 65,536 floats.
  private let pieces: [(part: Int, at: Int, count: Int)]

  /// Room for copies of `theta` and `state`. Throws ``MemoryError``.
  init(theta: Arena, state: [NamedArena], on team: ThreadTeam) throws(MemoryError) {
    let originals = [NamedArena(name: "theta", arena: theta)] + state
    var parts: [NamedArena] = []
    var pieces: [(part: Int, at: Int, count: Int)] = []
    for (index, part) in originals.enumerated() {
      let arena =
        part.ranges == nil
        ? try Arena(count: part.arena.count, touchedBy: team)
        : try Arena(count: part.arena.count, pages: .sparse)
      parts.append(NamedArena(name: part.name, arena: arena, ranges: part.ranges))
      for range in part.ranges ?? [
        ParameterRange(offset: 0, count: part.arena.count, decayed: false)
      ] {
        let end = range.offset + range.count
        for at in stride(from: range.offset, to: end, by: 1 << 16) {
          pieces.append((index, at, min(1 << 16, end - at)))
        }
      }
    }
    (self.parts, self.pieces, live) = (parts, pieces, originals.map(\.arena))
  }

  /// Takes the state as it is.
  func keep(on team: ThreadTeam) {
    copy(on: team) { (from: live[$0].base, to: parts[$0].arena.base) }
  }

  /// Brings the state back.
  func restore(on team: ThreadTeam) {
    copy(on: team) { (from: parts[$0].arena.base, to: live[$0].base) }
  }

  private func copy(
    on team: ThreadTeam,
    _ arenas: (Int) -> (from: UnsafeMutablePointer<Float>, to: UnsafeMutablePointer<Float>)
  ) {
    team.parallelShares(pieces.count) { range, _ in
      for piece in pieces[range] {
        let (from, to) = arenas(piece.part)
        (to + piece.at).update(from: from + piece.at, count: piece.count)
      }
    }
  }
}
