import Machine
import Testing

@testable import Optimizers

/// The same bits for any number of threads, any alignment, any cut into ranges, and on any CPU.
@Suite struct DeterminismTests {
  enum Kind: CaseIterable { case paper, v1, official, nesterov, corrected, adamW, lion }

  private func make(
    _ kind: Kind, _ ranges: [ParameterRange], count: Int, on team: ThreadTeam
  ) throws -> any Optimizer {
    switch kind {
    case .paper: return try Sophia(ranges: ranges, count: count, on: team)
    case .v1: return try Sophia(.v1, ranges: ranges, count: count, on: team)
    case .nesterov:
      var nesterov = Sophia.Hyperparameters()
      nesterov.form = .nesterov
      return try Sophia(nesterov, ranges: ranges, count: count, on: team)
    case .corrected:
      var corrected = Sophia.Hyperparameters()
      corrected.biasCorrectsH = true
      return try Sophia(corrected, ranges: ranges, count: count, on: team)
    case .official: return try Sophia(.official, ranges: ranges, count: count, on: team)
    case .adamW: return try AdamW(ranges: ranges, count: count, on: team)
    case .lion: return try Lion(ranges: ranges, count: count, on: team)
    }
  }

  /// Steps on `theta`, whose coordinate i is coordinate `first + i` of the injected numbers.
  private func run(
    _ optimizer: some Optimizer, _ theta: TensorView, first: Int = 0, from start: Int = 0,
    steps: Int = 12, rateFactor: Double = 1, on team: ThreadTeam
  ) throws -> StepStatistics {
    // Three floats off any vector's alignment.
    let arenas = (try Arena(count: theta.count + 3), try Arena(count: theta.count + 3))
    defer { withExtendedLifetime(arenas) {} }
    let (g, gHat) = (arenas.0.view(3), arenas.1.view(3))
    var statistics = StepStatistics()
    for t in start..<steps {
      for i in 0..<theta.count {
        g.base[i] = Injected.gradient(t, first + i)
        gHat.base[i] = Injected.sampled(t, first + i)
      }
      let curvature = Curvature(gradient: gHat, labelTerms: Injected.labelTerms)
      statistics = optimizer.step(
        theta, gradient: g, step: t, learningRate: rateFactor * Injected.learningRate(t),
        gradientScale: 0.75,
        curvature: optimizer.wantsCurvature(step: t) ? curvature : nil, on: team)
    }
    return statistics
  }

  @Test(arguments: Kind.allCases)
  func threadsDoNotEnterTheBits(kind: Kind) throws {
    let count = 5 * ChunkPlan.length + 777
    let ranges = [
      ParameterRange(offset: 5, count: 40_001, decayed: true),
      ParameterRange(offset: 40_010, count: count - 40_017, decayed: false),
    ]
    var first: (bits: [Float], statistics: StepStatistics)?
    for threads in [1, 2, 3, 7] {
      let team = ThreadTeam(count: threads)
      let optimizer = try make(kind, ranges, count: count, on: team)
      let theta = try Arena.filled(count, Injected.theta)
      let statistics = try run(optimizer, theta.view(), on: team)
      let bits = theta.values + optimizer.state.flatMap(\.arena.values)
      if let first {
        #expect(first.bits == bits, "\(threads) threads")
        #expect(first.statistics == statistics, "\(threads) threads")
      } else {
        first = (bits, statistics)
      }
    }
  }

  /// Every length from 0 to 40 at every offset up to 3, between guards of NaN, equals the same
  /// coordinates of one long step; no guard changes and none is counted.
  @Test(arguments: Kind.allCases)
  func lengthsAndOffsetsDoNotEnterTheBits(kind: Kind) throws {
    let team = ThreadTeam(count: 1)
    let whole = try Arena.filled(50, Injected.theta)
    let all = [ParameterRange(offset: 0, count: 50, decayed: true)]
    _ = try run(make(kind, all, count: 50, on: team), whole.view(), on: team)
    for count in 0...40 {
      for offset in 0...3 {
        let arena = try Arena.filled(offset + count + 20) { _ in .nan }
        let theta = arena.view(offset, count: count)
        for i in 0..<count { theta.base[i] = Injected.theta(offset + i) }
        let ranges = [ParameterRange(offset: 0, count: count, decayed: true)]
        let optimizer = try make(kind, ranges, count: count, on: team)
        let statistics = try run(optimizer, theta, first: offset, on: team)
        #expect(statistics.count == count)
        #expect(statistics.thetaSquares.isFinite)
        for i in 0..<arena.count {
          let inside = i >= offset && i < offset + count
          #expect(inside ? arena.base[i] == whole.base[i] : arena.base[i].isNaN)
        }
      }
    }
  }

  /// Ranges whose borders are no multiples of 16, with gaps: each coordinate moves as its range
  /// says, gaps (full of NaN) stay and are not counted, and state in them stays zero.
  @Test(arguments: Kind.allCases)
  func rangesSayWhatDecaysAndWhatIsLeftAlone(kind: Kind) throws {
    let team = ThreadTeam(count: 3)
    let count = 2 * ChunkPlan.length + 100
    let ranges = [
      ParameterRange(offset: 1, count: 6, decayed: true),
      ParameterRange(offset: 7, count: 10, decayed: false),
      ParameterRange(offset: 30, count: 0, decayed: true),
      ParameterRange(offset: 30, count: 16_370, decayed: true),
      ParameterRange(offset: 16_403, count: 3, decayed: false),
      ParameterRange(offset: 16_406, count: count - 16_406 - 5, decayed: true),
    ]
    let range = { i in ranges.first { i >= $0.offset && i < $0.offset + $0.count } }
    let theta = try Arena.filled(count) { range($0) == nil ? .nan : Injected.theta($0) }
    let optimizer = try make(kind, ranges, count: count, on: team)
    let statistics = try run(optimizer, theta.view(), on: team)
    #expect(statistics.count == ranges.reduce(0) { $0 + $1.count })
    #expect(statistics.thetaSquares.isFinite)

    var references: [Bool: [Float]] = [:]
    for decayed in [true, false] {
      let arena = try Arena.filled(count, Injected.theta)
      let whole = [ParameterRange(offset: 0, count: count, decayed: decayed)]
      _ = try run(make(kind, whole, count: count, on: team), arena.view(), on: team)
      references[decayed] = arena.values
    }
    var wrong = 0
    for i in 0..<count {
      guard let range = range(i) else {
        let untouched = theta.base[i].isNaN && optimizer.state.allSatisfy { $0.arena.base[i] == 0 }
        wrong += untouched ? 0 : 1
        continue
      }
      wrong += theta.base[i] == references[range.decayed]?[i] ? 0 : 1
    }
    #expect(wrong == 0)
    #expect(references[true]?[100] != references[false]?[100])
  }

  /// A range with a factor moves, and counts in the statistics, as it would at a learning rate with
  /// that factor; its neighbour with another one does too, in the same chunk.
  @Test(arguments: Kind.allCases)
  func aRangeMayHaveAFactorOfTheLearningRate(kind: Kind) throws {
    let team = ThreadTeam(count: 2)
    let (count, border) = (ChunkPlan.length + 100, 5_003)
    let factors: [Float] = [0.125, 2]
    let theta = try Arena.filled(count, Injected.theta)
    let ranges = [
      ParameterRange(offset: 0, count: border, decayed: true, rateFactor: factors[0]),
      ParameterRange(offset: border, count: count - border, decayed: true, rateFactor: factors[1]),
    ]
    let both = try run(make(kind, ranges, count: count, on: team), theta.view(), on: team)
    var updates = 0.0
    for (part, factor) in zip([0..<border, border..<count], factors) {
      let alone = try Arena.filled(count, Injected.theta)
      let range = [ParameterRange(offset: part.lowerBound, count: part.count, decayed: true)]
      let statistics = try run(
        make(kind, range, count: count, on: team), alone.view(), rateFactor: Double(factor),
        on: team)
      #expect(part.allSatisfy { theta.base[$0] == alone.base[$0] }, "factor \(factor)")
      updates += Double(factor * factor) * statistics.updateSquares
    }
    #expect(abs(both.updateSquares - updates) <= 1e-9 * updates)
  }

  /// θ, the state arenas and the step number are all that a run needs to go on.
  @Test(arguments: Kind.allCases)
  func stateResumes(kind: Kind) throws {
    let team = ThreadTeam(count: 1)
    let (whole, resumed) = (
      try Arena.filled(Injected.count, Injected.theta),
      try Arena.filled(Injected.count, Injected.theta)
    )
    let optimizers = try (0..<3).map { _ in
      try make(kind, Injected.ranges, count: Injected.count, on: team)
    }
    _ = try run(optimizers[0], whole.view(), steps: 25, on: team)
    _ = try run(optimizers[1], resumed.view(), steps: 13, on: team)
    for (from, to) in zip(optimizers[1].state, optimizers[2].state) {
      #expect(from.name == to.name)
      to.arena.fill { from.arena.base[$0] }
    }
    _ = try run(optimizers[2], resumed.view(), from: 13, steps: 25, on: team)
    #expect(whole.values == resumed.values)
  }

  @Test func statisticsEqualANaiveRecount() throws {
    let team = ThreadTeam(count: 2)
    let count = ChunkPlan.length + 1234
    let ranges = [ParameterRange(offset: 0, count: count, decayed: false)]
    let sophia = try Sophia(ranges: ranges, count: count, on: team)
    let theta = try Arena.filled(count, Injected.theta)
    let before = try Arena.filled(count, Injected.theta)
    let statistics = try run(sophia, theta.view(), steps: 1, on: team)
    let (m, h) = (try sophia.arena("m").values, try sophia.arena("h").values)
    #expect(statistics.wins == zip(m, h).count { abs($0) < Float(0.05) * $1 })
    func isNear(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-6 * b }
    let squares = { (values: [Float]) in values.reduce(0.0) { $0 + Double($1) * Double($1) } }
    #expect(isNear(statistics.thetaSquares, squares(theta.values)))
    #expect(isNear(statistics.momentumSquares, squares(m)))
    #expect(isNear(statistics.curvatureSquares, squares(h)))
    #expect(isNear(statistics.curvatureSum, h.reduce(0.0) { $0 + Double(abs($1)) }))
    let moved = zip(before.values, theta.values).map { Float(Double($1) - Double($0)) }
    let step = statistics.updateNorm * Injected.learningRate(0)
    #expect(abs(squares(moved).squareRoot() - step) <= 1e-4 * step)
  }

  /// Checksums that hold for AVX2 and AVX-512 builds on any CPU.
  static let checksums: [(Kind, UInt64)] = [
    (.paper, 0x4431_1a4d_e8ef_b44c), (.official, 0xe2d5_39ee_f1c0_bffa),
    (.adamW, 0x715d_943b_38fa_e385), (.v1, 0xbc43_b1ec_c59e_f5a4),
    (.corrected, 0x9a53_b276_af1f_76a7), (.lion, 0x612f_2456_c598_1cc1),
    (.nesterov, 0xcc21_0025_e911_c448),
  ]

  @Test(arguments: checksums)
  func bitsAreTheSameOnEveryMachine(kind: Kind, checksum: UInt64) throws {
    let team = ThreadTeam(count: 2)
    let count = ChunkPlan.length + 3000
    let ranges = [
      ParameterRange(offset: 3, count: 9_000, decayed: true),
      ParameterRange(offset: 9_003, count: count - 9_003, decayed: false),
    ]
    let optimizer = try make(kind, ranges, count: count, on: team)
    let theta = try Arena.filled(count, Injected.theta)
    let statistics = try run(optimizer, theta.view(), steps: 21, on: team)
    let sums = [
      statistics.thetaSquares, statistics.momentumSquares, statistics.curvatureSquares,
      statistics.curvatureSum, statistics.updateSquares,
      GradientNorm(of: theta.view(), on: team).squared,
    ]
    // FNV-1a over the bits of θ, of the state and of the sums.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    let words = (theta.values + optimizer.state.flatMap(\.arena.values)).map(\.bitPattern)
    for word in words.map(UInt64.init) + sums.map(\.bitPattern) {
      hash = (hash ^ word) &* 0x100_0000_01B3
    }
    #expect(hash == checksum, "\(kind): \(String(hash, radix: 16))")
  }

  @Test func piecesStayInTheirChunkAndNeighboursThatAreAlikeAreOne() {
    let n = ChunkPlan.length
    let plan = ChunkPlan(
      [
        ParameterRange(offset: 0, count: 10, decayed: true),
        ParameterRange(offset: 10, count: n - 20, decayed: true),
        ParameterRange(offset: n - 10, count: 2 * n, decayed: false),
        ParameterRange(offset: 5 * n, count: n, decayed: false),
      ], count: 7 * n)
    var pieces: [ParameterRange] = []
    _ = plan.reduce(on: ThreadTeam(count: 1)) { piece in
      pieces.append(piece)
      return StepStatistics()
    }
    #expect(
      pieces == [
        ParameterRange(offset: 0, count: n - 10, decayed: true),
        ParameterRange(offset: n - 10, count: 10, decayed: false),
        ParameterRange(offset: n, count: n, decayed: false),
        ParameterRange(offset: 2 * n, count: n - 10, decayed: false),
        ParameterRange(offset: 5 * n, count: n, decayed: false),
      ])
    #expect(plan.count == 6)
  }
}
