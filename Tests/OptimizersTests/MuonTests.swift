import Machine
import Testing

@testable import Optimizers

/// Muon: torch's numbers, the same bits for any number of threads and on any CPU, what it leaves to
/// others and what alone.
@Suite struct MuonTests {
  enum Rest: CaseIterable {
    case adamW, sophia

    var settings: Muon.Hyperparameters {
      var settings = Muon.Hyperparameters()
      if self == .sophia {
        var sophia = Sophia.Hyperparameters()
        (sophia.interval, sophia.biasCorrectsH, sophia.rho) = (2, true, 1 / 128)
        (settings.rest, settings.restRate) = (.sophia(sophia), 0.375)
      }
      return settings
    }
  }

  /// The matrices of `make_steps.py`: three side by side, a wide one, a tall one.
  private let matrices =
    MatrixRange.sideBySide(3, offset: 0, rows: 6, columns: 18, decayed: true)
    + MatrixRange.sideBySide(1, offset: 108, rows: 6, columns: 10, decayed: true)
    + MatrixRange.sideBySide(1, offset: 168, rows: 12, columns: 5, decayed: true)
  private let rest = [ParameterRange(offset: 228, count: 72, decayed: false)]

  /// Sizes that are no multiples of any tile, large enough for all threads; a gap of 7 coordinates.
  private let large =
    MatrixRange.sideBySide(3, offset: 3, rows: 67, columns: 201, decayed: true)
    + MatrixRange.sideBySide(1, offset: 13_477, rows: 61, columns: 150, decayed: false)
    + MatrixRange.sideBySide(1, offset: 22_627, rows: 300, columns: 70, decayed: true)
  private let largeRest = [ParameterRange(offset: 43_634, count: 1_000, decayed: true)]
  private let largeCount = 44_640

  /// Steps at `rateFactor` times the injected learning rates; what is sampled for a coordinate that is
  /// not `curved` is NaN.
  private func run(
    _ optimizer: some Optimizer, _ theta: Arena, _ steps: Range<Int>, rateFactor: Double = 1,
    curved: (Int) -> Bool = { _ in true }, on team: ThreadTeam
  ) throws -> StepStatistics {
    let (g, gHat) = (try Arena(count: theta.count), try Arena(count: theta.count))
    var statistics = StepStatistics()
    for t in steps {
      g.fill { Injected.gradient(t, $0) }
      gHat.fill { curved($0) ? Injected.sampled(t, $0) : .nan }
      let curvature = Curvature(gradient: gHat.view(), labelTerms: Injected.labelTerms)
      statistics = optimizer.step(
        theta.view(), gradient: g.view(), step: t,
        learningRate: rateFactor * Injected.learningRate(t), gradientScale: 0.75,
        curvature: optimizer.wantsCurvature(step: t) ? curvature : nil, on: team)
    }
    return statistics
  }

  private func isLargeRest(_ i: Int) -> Bool {
    largeRest.contains { i >= $0.offset && i < $0.offset + $0.count }
  }

  /// Torch's own code in float64. Each of five iterations multiplies the smallest singular values, and
  /// fp32's rounding with them, by up to 3.4; but a step is at most 9e-4 of a direction and, gradients
  /// being given, no error feeds back, so the bound is that of the other optimizers: 1e-6 of the
  /// largest parameter. m, which no iteration touches, is as exact as AdamW's.
  @Test func equalsTorch() throws {
    let team = ThreadTeam(count: 2)
    var settings = Muon.Hyperparameters()
    (settings.weightDecay, settings.restRate) = (0.1, 0.5)
    let muon = try Muon(
      settings, matrices: matrices, ranges: rest, count: Injected.count, on: team)
    let expected = try Injected.rows(of: "muon")
    try #require(expected.count == 12)
    let theta = try Arena.filled(Injected.count, Injected.theta)
    let g = try Arena(count: Injected.count)
    for t in 0..<Injected.steps {
      g.fill { Injected.gradient(t, $0) }
      _ = muon.step(
        theta.view(), gradient: g.view(), step: t, learningRate: Injected.learningRate(t), on: team)
      guard t % 20 == 19 else { continue }
      let reference = expected[t / 20]
      let worst = zip(theta.values, reference).map { abs(Double($0) - $1) }.max() ?? .infinity
      let largest = reference.map(abs).max() ?? 0
      #expect(worst <= 1e-6 * largest, "θ after \(t + 1) steps: \(worst / largest)")
    }
    let (m, v) = (try muon.arena("m").values, try muon.arena("v").values)
    for i in 0..<Injected.count {
      let scale = max(abs(expected[10][i]), Double(abs(Injected.gradient(199, i))) / 27)
      #expect(abs(Double(m[i]) - expected[10][i]) <= 1e-6 * scale, "m[\(i)]")
      #expect(abs(Double(v[i]) - expected[11][i]) <= 1e-6 * expected[11][i], "v[\(i)]")
    }
  }

  /// Threads enter no bit of θ, state or statistics; coordinates in no matrix and no range, full of
  /// NaN, are neither read nor written, and no curvature is read in matrices; and the bits are those of
  /// every machine.
  @Test(
    arguments: [(.adamW, 0x699f_e76a_9d27_4a2b), (.sophia, 0x8e2d_482f_ad18_7b55)]
      as [(Rest, UInt64)])
  func bitsAreTheSameForAnyThreadsOnEveryMachine(rest: Rest, checksum: UInt64) throws {
    let moving = { i in
      self.isLargeRest(i)
        || self.large.contains { matrix in
          let (row, column) = (i - matrix.offset).quotientAndRemainder(dividingBy: matrix.rowStride)
          return i >= matrix.offset && row < matrix.rows && column < matrix.columns
        }
    }
    var first: (bits: [UInt32], statistics: StepStatistics)?
    for threads in [1, 2, 3, 7] {
      let team = ThreadTeam(count: threads)
      let muon = try Muon(
        rest.settings, matrices: large, ranges: largeRest, count: largeCount, on: team)
      let theta = try Arena.filled(largeCount) { moving($0) ? Injected.theta($0) : .nan }
      let statistics = try run(muon, theta, 0..<3, curved: isLargeRest, on: team)
      #expect(statistics.count == 3 * 67 * 67 + 61 * 150 + 300 * 70 + 1_000)
      #expect(statistics.thetaSquares.isFinite && statistics.quarantined == 0)
      #expect(statistics.clippable == (rest == .sophia ? 1_000 : 0))
      #expect((0..<largeCount).allSatisfy { theta.base[$0].isNaN == !moving($0) })
      let arenas = [theta] + muon.state.map(\.arena)
      let bits = arenas.flatMap { $0.values.map(\.bitPattern) }
      if let first {
        #expect(first.bits == bits && first.statistics == statistics, "\(threads) threads")
      } else {
        first = (bits, statistics)
      }
    }
    // FNV-1a over the bits.
    let hash = (first?.bits ?? []).reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    #expect(hash == checksum, "\(String(hash, radix: 16))")
  }

  /// With Sophia for the rest, matrices move as with AdamW for it, and the rest as under a Sophia of its
  /// own at the rest's rate: to the bit, win rate and ‖h‖ with them.
  @Test func sophiaAndMuonEachMoveTheirOwn() throws {
    let team = ThreadTeam(count: 2)
    let settings = Rest.sophia.settings
    guard case .sophia(let own) = settings.rest else { return }
    let both = try Muon(
      settings, matrices: large, ranges: largeRest, count: largeCount, on: team)
    let muon = try Muon(matrices: large, ranges: largeRest, count: largeCount, on: team)
    let sophia = try Sophia(own, ranges: largeRest, count: largeCount, on: team)
    #expect((0..<6).map(both.wantsCurvature) == (0..<6).map(sophia.wantsCurvature))
    #expect(!muon.wantsCurvature(step: 0))
    let thetas = try (0..<3).map { _ in try Arena.filled(largeCount, Injected.theta) }
    let mixed = try run(both, thetas[0], 0..<5, on: team)
    let matrices = try run(muon, thetas[1], 0..<5, on: team)
    let rest = try run(sophia, thetas[2], 0..<5, rateFactor: settings.restRate, on: team)
    let (m, h) = (try both.arena("m"), try both.arena("h"))
    let (matricesM, restM) = (try muon.arena("m"), try sophia.arena("m"))
    let restH = try sophia.arena("h")
    for i in 0..<largeCount {
      let isRest = isLargeRest(i)
      #expect(thetas[0].base[i] == thetas[isRest ? 2 : 1].base[i], "θ[\(i)]")
      #expect(m.base[i] == (isRest ? restM : matricesM).base[i], "m[\(i)]")
      #expect(h.base[i] == restH.base[i], "h[\(i)]")
    }
    #expect(mixed.count == matrices.count && mixed.clippable == rest.count)
    #expect(mixed.wins == rest.wins && rest.wins > 100 && rest.wins < 900)
    #expect(mixed.winRate == rest.winRate && mixed.curvatureNorm == rest.curvatureNorm)
    #expect(both.state.map(\.name) == ["m", "h"])
    #expect(both.state[1].holds(43_634) && !both.state[1].holds(43_633))
  }

  /// The direction has singular values between 0.68 and 1.13 (the published range), so its squares add
  /// up to about the shorter side, scale apart; and moved parameters tell the same.
  @Test func directionsAreNearlyOrthogonal() throws {
    let team = ThreadTeam(count: 2)
    for (rows, columns) in [(40, 24), (24, 40), (33, 33), (1, 20), (20, 1), (1, 1)] {
      let count = rows * columns
      let muon = try Muon(
        matrices: MatrixRange.sideBySide(
          1, offset: 0, rows: rows, columns: columns, decayed: false), ranges: [], count: count,
        on: team)
      let theta = try Arena(count: count)
      let g = try Arena.filled(count) { 1e-3 * Injected.theta($0) }
      let statistics = muon.step(
        theta.view(), gradient: g.view(), step: 0, learningRate: 0x1p-5, on: team)
      let scale = max(1, Double(columns) / Double(rows))
      let mean = statistics.updateSquares / scale / Double(min(rows, columns))
      #expect(mean > 0.45 && mean < 1.3, "\(rows)×\(columns): \(mean)")
      let moved = statistics.thetaNorm * 0x1p5
      #expect(abs(moved - statistics.updateNorm) <= 1e-5 * moved)
      // Downhill.
      #expect(zip(g.values, theta.values).reduce(0) { $0 + $1.0 * $1.1 } < 0)
    }
  }

  @Test func withoutGradientOnlyDecayMoves() throws {
    let team = ThreadTeam(count: 1)
    let muon = try Muon(matrices: matrices, ranges: rest, count: Injected.count, on: team)
    let theta = try Arena.filled(Injected.count, Injected.theta)
    let g = try Arena(count: Injected.count)
    _ = muon.step(theta.view(), gradient: g.view(), step: 0, learningRate: 0.5, on: team)
    for i in 0..<Injected.count {
      let expected = i < 228 ? Injected.theta(i) * (1 - 0.5 * 0.01) : Injected.theta(i)
      #expect(abs(theta.base[i] - expected) <= expected.ulp)
    }
  }

  /// θ, the state where it holds something, and the step number are all that a run needs to go on.
  @Test(arguments: Rest.allCases) func stateResumes(of other: Rest) throws {
    let team = ThreadTeam(count: 1)
    let optimizers = try (0..<3).map { _ in
      try Muon(other.settings, matrices: matrices, ranges: rest, count: Injected.count, on: team)
    }
    let whole = try Arena.filled(Injected.count, Injected.theta)
    let resumed = try Arena.filled(Injected.count, Injected.theta)
    _ = try run(optimizers[0], whole, 0..<9, on: team)
    _ = try run(optimizers[1], resumed, 0..<4, on: team)
    for (from, to) in zip(optimizers[1].state, optimizers[2].state) {
      #expect(from.name == to.name)
      #expect(from.holds(227) == (from.name == "m") && from.holds(228))
      for i in 0..<Injected.count where from.holds(i) { to.arena.base[i] = from.arena.base[i] }
    }
    _ = try run(optimizers[2], resumed, 4..<9, on: team)
    #expect(whole.values == resumed.values)
  }
}
