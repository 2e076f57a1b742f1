import Machine
import Testing

@testable import Optimizers

/// What Lion promises at the edges: nothing to go by, decay on top, and numbers that are none.
@Suite struct LionBehaviourTests {
  let team = ThreadTeam(count: 1)

  private func step(_ theta: Arena, decayed: Bool, _ g: (Int) -> Float) throws -> StepStatistics {
    let ranges = [ParameterRange(offset: 0, count: theta.count, decayed: decayed)]
    let lion = try Lion(ranges: ranges, count: theta.count, on: team)
    let gradient = try Arena.filled(theta.count, g)
    return lion.step(
      theta.view(), gradient: gradient.view(), step: 0, learningRate: 0x1p-10, on: team)
  }

  /// A coordinate with a gradient moves by η, however small that is; one without stays.
  @Test func eachStepIsTheLearningRateOrNothing() throws {
    let theta = try Arena(count: 40)
    let statistics = try step(theta, decayed: true) { [1e-30, 0, -1e3][$0 % 3] }
    for i in 0..<40 { #expect(theta.base[i] == [-0x1p-10, 0, 0x1p-10][i % 3]) }
    #expect(statistics.updateSquares == 27)
    #expect(statistics.wins == 0 && statistics.curvatureSum == 0)
  }

  @Test func decayComesOnTop() throws {
    let theta = try Arena.filled(20) { _ in 0.5 }
    _ = try step(theta, decayed: true) { _ in 1e-3 }
    let expected = 0.5 - 0x1p-10 * 0.2 * 0.5 - 0x1p-10
    for i in 0..<20 { #expect(abs(Double(theta.base[i]) - expected) <= 0x1p-25) }
  }

  @Test func notANumberShows() throws {
    let theta = try Arena(count: 40)
    let statistics = try step(theta, decayed: false) { $0 == 4 ? .nan : 1e-3 }
    for i in 0..<40 { #expect(theta.base[i].isNaN == (i == 4), "θ[\(i)]") }
    #expect(statistics.thetaNorm.isNaN && statistics.momentumNorm.isNaN)
  }
}
