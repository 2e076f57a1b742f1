import Glibc
import Machine
import Testing

@testable import Optimizers

/// Sophia written out in `Double`, one coordinate at a time, from arXiv 2305.14342 (v3) Algorithm 3,
/// its version 1, and the authors' `sophia.py`; `nesterov` is Algorithm 3 with β1·m + (1 − β1)·g for m.
struct ScalarSophia {
  enum Form { case v1, v3, code, nesterov }

  var form: Form
  var beta1: Double
  var beta2: Double
  /// ρ₁ of v1, γ of v3, rho of the code.
  var rho: Double
  /// B of the code's `step(bs)`; the other forms have it in ĥ.
  var labelTerms: Double
  /// Whether the update takes h / (1 − β2ⁿ), n the refreshes so far.
  var biasCorrected = false
  var refreshes = 0
  var m = 0.0
  var h = 0.0

  /// θ after the step, and whether the clip acted. `estimate` is B·ĝ² (v1, v3) or ĝ² (code).
  mutating func step(
    _ theta: Double, _ g: Double, _ estimate: Double?, rate: Double, decay: Double
  ) -> (theta: Double, clipped: Bool) {
    m = beta1 * m + (1 - beta1) * g
    if form != .code, let estimate { refresh(estimate) }
    let h = biasCorrected && refreshes > 0 ? h / (1 - pow(beta2, Double(refreshes))) : h
    let decayed = theta - rate * decay * theta
    let ratio: Double
    var limit = 1.0
    switch form {
    case .v1:
      ratio = m / max(h, 1e-12)
      limit = rho
    case .v3: ratio = m / max(rho * h, 1e-12)
    case .code: ratio = m / (rho * labelTerms * h + 1e-15)
    case .nesterov: ratio = (beta1 * m + (1 - beta1) * g) / max(rho * h, 1e-12)
    }
    if form == .code, let estimate { refresh(estimate) }
    return (decayed - rate * max(-limit, min(limit, ratio)), abs(ratio) > limit)
  }

  private mutating func refresh(_ estimate: Double) {
    h = beta2 * h + (1 - beta2) * estimate
    refreshes += 1
  }
}

@Suite struct FormulaTests {
  let team = ThreadTeam(count: 1)
  let count = Injected.count

  /// Each step from our own state, so that nothing but this step's rounding shows.
  @Test func paperStepIsWithinTwoUlps() throws {
    let settings = Sophia.Hyperparameters()
    let sophia = try Sophia(ranges: Injected.ranges, count: count, on: team)
    let run = try SophiaRun(sophia)
    let (m, h) = (try sophia.arena("m"), try sophia.arena("h"))
    var totalWins = 0
    for t in 0..<60 {
      let before = (theta: run.theta.values, m: m.values, h: h.values)
      let statistics = run.step(t, on: team)
      var wins = 0
      for i in 0..<count {
        var scalar = ScalarSophia(
          form: .v3, beta1: settings.beta1, beta2: settings.beta2, rho: settings.rho,
          labelTerms: 1, m: Double(before.m[i]), h: Double(before.h[i]))
        let gHat = Double(Injected.sampled(t, i))
        let expected = scalar.step(
          Double(before.theta[i]), Double(run.g.base[i]),
          t % 10 == 0 ? Double(Injected.labelTerms) * gHat * gHat : nil,
          rate: Injected.learningRate(t), decay: i < Injected.decayed ? settings.weightDecay : 0)
        // Ulps of the largest term of each sum.
        let thetaUlp = max(abs(before.theta[i]), Float(Injected.learningRate(t))).ulp
        let theta = Double(run.theta.base[i])
        #expect(abs(theta - expected.theta) <= 2 * Double(thetaUlp), "θ[\(i)], step \(t)")
        let mUlp = max(abs(before.m[i]), abs(run.g.base[i])).ulp
        #expect(abs(Double(m.base[i]) - scalar.m) <= 2 * Double(mUlp), "m[\(i)], step \(t)")
        let hUlp = h.base[i].ulp
        #expect(abs(Double(h.base[i]) - scalar.h) <= 4 * Double(hUlp), "h[\(i)], step \(t)")
        wins += abs(m.base[i]) < Float(settings.rho) * h.base[i] ? 1 : 0
      }
      #expect(statistics.wins == wins, "step \(t)")
      totalWins += wins
    }
    #expect(totalWins > 1000 && totalWins < 60 * count - 1000, "some should clip and some not")
  }

  /// v1 with (η₁, ρ₁) is v3 with γ = ρ₁ and η₃ = ρ₁·η₁.
  @Test func paperFormEqualsVersionOneConverted() throws {
    let rho = 0.0625
    try compare(form: .paper, rho: rho, rateFactor: rho, scalar: .v1, labelTerms: 1)
  }

  /// Version 1 in its own units.
  @Test func versionOneFormEqualsVersionOne() throws {
    try compare(form: .v1, rho: 0.0625, rateFactor: 1, scalar: .v1, labelTerms: 1)
  }

  @Test func nesterovFormEqualsTheScalar() throws {
    try compare(form: .nesterov, rho: 0.05, rateFactor: 1, scalar: .nesterov, labelTerms: 1)
  }

  /// h / (1 − β2ⁿ), where the scalar counts n by itself, in each form.
  @Test(arguments: zip(Sophia.Form.allCases, [ScalarSophia.Form.v3, .v1, .code, .nesterov]))
  func correctedFormsEqualTheScalar(form: Sophia.Form, scalar: ScalarSophia.Form) throws {
    try compare(
      form: form, rho: 0.0078125, rateFactor: 1, scalar: scalar,
      labelTerms: scalar == .code ? Double(Injected.labelTerms) : 1, biasCorrected: true)
  }

  /// With ρ = 2⁻⁴ the conversion between version 1 and 3 rounds nowhere: the same bits, with the
  /// correction of h and without it.
  @Test(arguments: [false, true])
  func versionOneIsThePapersFormAtAnotherRate(biasCorrected: Bool) throws {
    let rho = 0x1p-4
    var thetas: [[Float]] = []
    var wins: [[Int]] = []
    for form in [Sophia.Form.paper, .v1] {
      var settings = Sophia.Hyperparameters()
      (settings.form, settings.rho, settings.biasCorrectsH) = (form, rho, biasCorrected)
      settings.epsilon = form == .v1 ? 0x1p-36 : 0x1p-40
      settings.weightDecay = form == .v1 ? 0x1p-7 : 0x1p-3
      let sophia = try Sophia(settings, ranges: Injected.ranges, count: count, on: team)
      let run = try SophiaRun(sophia)
      wins.append(
        (0..<40).map { run.step($0, rateFactor: form == .v1 ? 1 : rho, on: team).wins })
      thetas.append(run.theta.values)
    }
    #expect(thetas[0] == thetas[1])
    #expect(wins[0] == wins[1])
  }

  /// The code with rho and bs is v3 with γ = rho and h₃ = bs·h_code.
  @Test func officialFormEqualsCodeConverted() throws {
    try compare(
      form: .official, rho: 0.05, rateFactor: 1, scalar: .code,
      labelTerms: Double(Injected.labelTerms))
  }

  /// With ε out of reach, the code's denominator is the paper's: same h, same update.
  @Test func formsAgreeWhereEpsilonDoesNotMatter() throws {
    var thetas: [[Float]] = []
    for form in [Sophia.Form.paper, .official] {
      var settings = Sophia.Hyperparameters()
      settings.form = form
      settings.epsilon = 1e-30
      let sophia = try Sophia(settings, ranges: Injected.ranges, count: count, on: team)
      try sophia.arena("h").fill { 0.01 + abs(Injected.sampled(5, $0)) }
      let run = try SophiaRun(sophia)
      for t in 1..<9 { _ = run.step(t, on: team) }
      thetas.append(run.theta.values)
    }
    #expect(thetas[0] == thetas[1])
  }

  private func compare(
    form: Sophia.Form, rho: Double, rateFactor: Double, scalar: ScalarSophia.Form,
    labelTerms: Double, biasCorrected: Bool = false
  ) throws {
    var settings = Sophia.Hyperparameters()
    settings.form = form
    settings.rho = rho
    settings.biasCorrectsH = biasCorrected
    let sophia = try Sophia(settings, ranges: Injected.ranges, count: count, on: team)
    let run = try SophiaRun(sophia)
    var scalars = [ScalarSophia](
      repeating: ScalarSophia(
        form: scalar, beta1: settings.beta1, beta2: settings.beta2, rho: rho,
        labelTerms: labelTerms, biasCorrected: biasCorrected), count: count)
    var theta = run.theta.values.map(Double.init)
    let terms = Double(Injected.labelTerms) / labelTerms
    var clipped = 0
    for t in 0..<60 {
      _ = run.step(t, rateFactor: rateFactor, on: team)
      for i in 0..<count {
        let gHat = Double(Injected.sampled(t, i))
        let (next, clip) = scalars[i].step(
          theta[i], Double(run.g.base[i]),
          sophia.wantsCurvature(step: t) ? terms * gHat * gHat : nil,
          rate: Injected.learningRate(t),
          // The decay's rate is η of ours: v1 decays by its own η₁, so λ₁ = ρ₁·λ₃.
          decay: i < Injected.decayed ? settings.weightDecay * rateFactor : 0)
        theta[i] = next
        clipped += clip ? 1 : 0
        #expect(abs(Double(run.theta.base[i]) - next) <= 1e-6, "θ[\(i)], step \(t)")
      }
    }
    #expect(clipped > 1000 && clipped < 60 * count - 1000)
  }
}

/// Parameters and injected gradients for a Sophia under test.
struct SophiaRun {
  let sophia: Sophia
  let theta: Arena
  let g: Arena
  private let gHat: Arena

  init(_ sophia: Sophia, count: Int = Injected.count) throws {
    self.sophia = sophia
    theta = try Arena.filled(count, Injected.theta)
    g = try Arena(count: count)
    gHat = try Arena(count: count)
  }

  func step(_ t: Int, rateFactor: Double = 1, on team: ThreadTeam) -> StepStatistics {
    g.fill { Injected.gradient(t, $0) }
    gHat.fill { Injected.sampled(t, $0) }
    let curvature = Curvature(gradient: gHat.view(), labelTerms: Injected.labelTerms)
    return sophia.step(
      theta.view(), gradient: g.view(), step: t,
      learningRate: rateFactor * Injected.learningRate(t),
      curvature: sophia.wantsCurvature(step: t) ? curvature : nil, on: team)
  }
}
