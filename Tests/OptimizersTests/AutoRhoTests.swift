import Glibc
import Machine
import Testing

@testable import Optimizers

/// The rule that holds the win rate in a band, and a step with a ρ from outside.
@Suite struct AutoRhoTests {
  private func statistics(_ wins: Int, of clippable: Int) -> StepStatistics {
    var statistics = StepStatistics()
    (statistics.wins, statistics.clippable) = (wins, clippable)
    return statistics
  }

  private func make(_ low: Double, _ high: Double, start: Double = 0.05) throws -> AutoRho {
    AutoRho(try #require(AutoRho.Band(low: low, high: high)), start: start)
  }

  /// Win rates seen in steps of 100 coordinates, and what ρ is multiplied with.
  @Test(
    arguments: [
      ([30], 1), ([10], 1), ([50], 1), ([8], 1.25), ([4, 12], 1.25), ([2], 2), ([0, 0], 2),
      ([80], 0.625), ([100], 0.5), ([100, 20], 0.5 / 0.6), ([], 1),
    ] as [([Int], Double)])
  func theRuleIsAsWritten(wins: [Int], factor: Double) throws {
    var auto = try make(0.1, 0.5)
    for count in wins { auto.add(statistics(count, of: 100)) }
    #expect(auto.rho == 0.05, "adjusted between refreshes")
    auto.adjust()
    #expect(abs(auto.rho - 0.05 * factor) <= 1e-15)
    #expect(auto.wins == 0 && auto.clippable == 0)
    // Nothing seen since: nothing to do.
    let rho = auto.rho
    auto.adjust()
    #expect(auto.rho == rho)
  }

  @Test func rhoStaysWithinAFactorOfAThousand() throws {
    var (up, down) = (try make(0.1, 0.5), try make(0.1, 0.5))
    for _ in 0..<40 {
      up.add(statistics(0, of: 10))
      down.add(statistics(10, of: 10))
      up.adjust()
      down.adjust()
    }
    #expect(up.rho == 50 && down.rho == 0.05 / 1000)
  }

  /// |m| / h spread evenly over four decades: from any start the win rate comes to the band, and stays.
  @Test(arguments: [1e-4, 0.01, 0.05, 1.0])
  func aBandIsReachedAndHeld(start: Double) throws {
    var auto = try make(0.2, 0.3, start: start)
    let ratios = (0..<1000).map { pow(10, Double($0) / 250 - 4) }
    for refresh in 0..<60 {
      let wins = ratios.count { $0 < auto.rho }
      let rate = Double(wins) / 1000
      if refresh > 30 { #expect(rate > 0.195 && rate < 0.305, "refresh \(refresh): \(rate)") }
      for _ in 0..<10 { auto.add(statistics(wins, of: 1000)) }
      auto.adjust()
    }
  }

  @Test func goesOnFromWhatACheckpointHas() throws {
    let band = try #require(AutoRho.Band("0.1:0.5"))
    var whole = AutoRho(band, start: 0.05)
    whole.add(statistics(3, of: 100))
    whole.adjust()
    whole.add(statistics(70, of: 100))
    var resumed = try #require(
      AutoRho(
        band, start: 0.05, rho: whole.rho, wins: whole.wins, clippable: whole.clippable))
    #expect(resumed == whole)
    whole.adjust()
    resumed.adjust()
    #expect(resumed == whole)
    for (rho, wins, clippable) in [
      (51.0, 0, 0), (4e-5, 0, 0), (.nan, 0, 0), (0.05, 2, 1), (0.05, -1, 1),
    ] {
      #expect(AutoRho(band, start: 0.05, rho: rho, wins: wins, clippable: clippable) == nil)
    }
  }

  @Test func bandsAreReadStrictly() {
    #expect(AutoRho.Band("0.1:0.5")?.description == "0.1:0.5")
    #expect(AutoRho.Band("0:1") != nil)
    for text in [
      "", "0.1", "0.5:0.1", "0.1:0.1", "-0.1:0.5", "0.1:1.5", "a:b", "0.1:0.2:0.3", "nan:nan",
      "0.1:", ":0.5", "0.1:nan", " 0.1:0.5",
    ] { #expect(AutoRho.Band(text) == nil, "\(text)") }
  }

  /// A ρ from outside is the hyperparameter's in all that it does.
  @Test(arguments: Sophia.Form.allCases, [false, true])
  func aGivenRhoTakesThePlaceOfTheHyperparameter(form: Sophia.Form, corrected: Bool) throws {
    let team = ThreadTeam(count: 1)
    var settings = Sophia.Hyperparameters()
    (settings.form, settings.biasCorrectsH) = (form, corrected)
    var other = settings
    other.rho = 0.3
    let optimizers = try [settings, other, settings].map {
      try Sophia($0, ranges: Injected.ranges, count: Injected.count, on: team)
    }
    let thetas = try optimizers.map { _ in try Arena.filled(Injected.count, Injected.theta) }
    let (g, gHat) = (try Arena(count: Injected.count), try Arena(count: Injected.count))
    for t in 0..<25 {
      g.fill { Injected.gradient(t, $0) }
      gHat.fill { Injected.sampled(t, $0) }
      let curvature = Curvature(gradient: gHat.view(), labelTerms: Injected.labelTerms)
      let statistics = zip(optimizers, thetas).enumerated().map { i, pair in
        var told = pair.0.wantsCurvature(step: t) ? curvature : Curvature()
        if i == 0 { told.rho = 0.3 }
        return pair.0.step(
          pair.1.view(), gradient: g.view(), step: t, learningRate: Injected.learningRate(t),
          curvature: told, on: team)
      }
      #expect(statistics[0] == statistics[1])
    }
    #expect(thetas[0].values == thetas[1].values)
    #expect(thetas[0].values != thetas[2].values)
  }
}
