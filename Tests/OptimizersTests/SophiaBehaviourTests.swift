import Machine
import Testing

@testable import Optimizers

/// What Sophia promises at the edges: no curvature yet, too much of it, and numbers that are none.
@Suite struct SophiaBehaviourTests {
  let team = ThreadTeam(count: 1)
  let rate = 0x1p-10

  /// What the update is clipped to, at the ρ that all forms are made with here.
  private func limit(_ form: Sophia.Form) -> Float { form == .v1 ? 0.05 : 1 }

  private func make(_ form: Sophia.Form, count: Int, decayed: Bool = false) throws -> Sophia {
    var settings = Sophia.Hyperparameters()
    settings.form = form
    return try Sophia(
      settings, ranges: [ParameterRange(offset: 0, count: count, decayed: decayed)], count: count,
      on: team)
  }

  private func step(
    _ sophia: Sophia, _ theta: Arena, _ g: (Int) -> Float, curvature: Curvature? = nil
  ) throws -> StepStatistics {
    let gradient = try Arena.filled(theta.count, g)
    return sophia.step(
      theta.view(), gradient: gradient.view(), step: 0, learningRate: rate, curvature: curvature,
      on: team)
  }

  @Test(arguments: Sophia.Form.allCases)
  func withoutCurvatureEachStepIsTheLearningRate(form: Sophia.Form) throws {
    let sophia = try make(form, count: 40)
    let theta = try Arena(count: 40)
    let statistics = try step(sophia, theta) { $0 % 2 == 0 ? 1e-3 : -1e-3 }
    let moved = 0x1p-10 * limit(form)
    for i in 0..<40 { #expect(theta.base[i] == (i % 2 == 0 ? -moved : moved)) }
    #expect(statistics.wins == 0)
    let squares = 40 * Double(limit(form) * limit(form))
    #expect(abs(statistics.updateSquares - squares) <= 1e-6 * squares)
  }

  @Test func decayComesOnTop() throws {
    let sophia = try make(.paper, count: 20, decayed: true)
    let theta = try Arena.filled(20) { _ in 0.5 }
    _ = try step(sophia, theta) { _ in 1e-3 }
    let expected = 0.5 - rate * 0.2 * 0.5 - rate
    for i in 0..<20 { #expect(abs(Double(theta.base[i]) - expected) <= 0x1p-25) }
  }

  @Test(arguments: Sophia.Form.allCases)
  func hugeCurvatureStopsAndNegativeCurvatureIsASignStep(form: Sophia.Form) throws {
    let sophia = try make(form, count: 40)
    try sophia.arena("h").fill { $0 < 20 ? 1e30 : -1e-3 }
    let theta = try Arena(count: 40)
    let statistics = try step(sophia, theta) { _ in -1e-3 }
    for i in 0..<20 { #expect(theta.base[i] > 0 && theta.base[i] < 1e-30) }
    for i in 20..<40 { #expect(theta.base[i] == 0x1p-10 * limit(form)) }
    #expect(statistics.wins == 20)
  }

  @Test(arguments: Sophia.Form.allCases)
  func refreshThatIsNotFiniteIsQuarantined(form: Sophia.Form) throws {
    let sophia = try make(form, count: 40)
    let h = try sophia.arena("h")
    h.fill { _ in 0.25 }
    let bad: [Int: Float] = [3: .nan, 17: .infinity, 39: 1e30]
    let gHat = try Arena.filled(40) { bad[$0] ?? 0.5 }
    let theta = try Arena(count: 40)
    let statistics = try step(
      sophia, theta, { _ in 1e-3 }, curvature: Curvature(gradient: gHat.view(), labelTerms: 2))
    #expect(statistics.quarantined == 3)
    for i in 0..<40 {
      let expected: Float = bad[i] == nil ? 0.2525 : 0.25
      #expect(abs(h.base[i] - expected) <= expected.ulp, "h[\(i)]")
    }
    #expect(theta.values.allSatisfy { $0.isFinite })
  }

  @Test(arguments: Sophia.Form.allCases)
  func notANumberShows(form: Sophia.Form) throws {
    let sophia = try make(form, count: 40)
    try sophia.arena("h").fill { $0 == 9 ? .nan : 0 }
    let theta = try Arena(count: 40)
    let statistics = try step(sophia, theta) { $0 == 4 ? .nan : 1e-3 }
    for i in 0..<40 { #expect(theta.base[i].isNaN == (i == 4 || i == 9), "θ[\(i)]") }
    #expect(statistics.thetaNorm.isNaN && statistics.momentumNorm.isNaN)
    #expect(statistics.curvatureNorm.isNaN)
  }

  @Test func refreshPhaseIsThatOfTheForm() throws {
    let paper = try make(.paper, count: 1)
    let official = try make(.official, count: 1)
    let v1 = try make(.v1, count: 1)
    #expect((0..<25).filter(paper.wantsCurvature) == [0, 10, 20])
    #expect((0..<25).filter(v1.wantsCurvature) == [0, 10, 20])
    // As many as were wanted before the update: in the code the one of the step itself comes after.
    #expect([0, 9, 10, 24].map(paper.hyperparameters.refreshes) == [1, 1, 2, 3])
    #expect([0, 9, 10, 24].map(v1.hyperparameters.refreshes) == [1, 1, 2, 3])
    #expect([0, 9, 10, 24].map(official.hyperparameters.refreshes) == [0, 0, 1, 2])
    #expect((0..<25).filter(official.wantsCurvature) == [9, 19])
  }

  /// The paper's h is there for the update of its own step, the official one only for the next.
  @Test func refreshComesBeforeTheUpdateInThePaperAndAfterItInTheCode() throws {
    for form in Sophia.Form.allCases {
      let sophia = try make(form, count: 16)
      let theta = try Arena(count: 16)
      let gHat = try Arena.filled(16) { _ in 1 }
      let curvature = Curvature(gradient: gHat.view(), scale: 0.5, labelTerms: 400)
      _ = try step(sophia, theta, { _ in 1e-3 }, curvature: curvature)
      // h = 0.01·400·0.25 = 1, ρ·h = 0.05, m = 4e-5; β1·m + (1 − β1)·g = 7.84e-5.
      #expect(abs(try sophia.arena("h").base[0] - 1) < 1e-6)
      let update = -theta.base[0] / 0x1p-10
      switch form {
      case .paper: #expect(abs(update - 8e-4) < 1e-8)
      case .v1: #expect(abs(update - 4e-5) < 1e-9)
      case .official: #expect(update == 1)
      case .nesterov: #expect(abs(update - 1.568e-3) < 1e-8)
      }
    }
  }

  /// A gradient that stays away leaves zeros, not subnormal numbers.
  @Test func averagesDecayToZero() throws {
    let sophia = try make(.paper, count: 17)
    try sophia.arena("m").fill { _ in 0x1p-119 }
    let theta = try Arena(count: 17)
    for _ in 0..<40 { _ = try step(sophia, theta) { _ in 0 } }
    #expect(try sophia.arena("m").values.allSatisfy { $0 == 0 })
  }

  @Test func gradientScaleIsPartOfTheGradient() throws {
    let (a, b) = (try make(.paper, count: 33), try make(.paper, count: 33))
    let (thetaA, thetaB) = (try Arena(count: 33), try Arena(count: 33))
    let g = try Arena.filled(33) { Injected.gradient(0, $0) }
    let quarter = try Arena.filled(33) { 0.25 * Injected.gradient(0, $0) }
    _ = a.step(
      thetaA.view(), gradient: g.view(), step: 0, learningRate: rate, gradientScale: 0.25, on: team)
    _ = b.step(thetaB.view(), gradient: quarter.view(), step: 0, learningRate: rate, on: team)
    #expect(try a.arena("m").values == b.arena("m").values)
    #expect(thetaA.values == thetaB.values)
  }
}
