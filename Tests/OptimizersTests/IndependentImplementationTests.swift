import Machine
import Testing

@testable import Optimizers

/// 200 steps of injected gradients against `sophia-opt`, `torch.optim.AdamW` and `lion-pytorch` run
/// in float64.
///
/// θ is rounded to `Float` 200 times on the way, so the bound is 1e-6 of the largest parameter, not
/// of each: the packages themselves, run in float32, end 0.9e-6 and 1.8e-6 of it away. How exact a
/// single step is, coordinate by coordinate, is for ``FormulaTests``.
@Suite struct IndependentImplementationTests {
  let team = ThreadTeam(count: 2)

  @Test func officialFormEqualsSophiaOpt() throws {
    let settings = Sophia.Hyperparameters.official
    let sophia = try Sophia(settings, ranges: Injected.ranges, count: Injected.count, on: team)
    let expected = try Injected.rows(of: "sophia_g")
    try run(sophia, against: expected)

    let (m, h) = (try sophia.arena("m").values, try sophia.arena("h").values)
    var (clipped, boundary) = (0, 0)
    for i in 0..<Injected.count {
      // The package averages ĝ² and multiplies by bs in the step; our h has B in it.
      let reference = Double(Injected.labelTerms) * expected[11][i]
      #expect(abs(Double(h[i]) - reference) <= 1e-6 * reference, "h[\(i)]")
      let ratio = abs(expected[10][i]) / (settings.rho * reference)
      if abs(ratio - 1) < 1e-5 {
        boundary += 1
      } else {
        #expect((abs(m[i]) >= Float(settings.rho) * h[i]) == (ratio > 1), "clip of \(i)")
      }
      clipped += ratio > 1 ? 1 : 0
    }
    #expect(boundary == 0)
    #expect(clipped == 182, "the fixture should clip some and not others")
  }

  @Test func adamWEqualsTorch() throws {
    let adamW = try AdamW(ranges: Injected.ranges, count: Injected.count, on: team)
    let expected = try Injected.rows(of: "adamw")
    try run(adamW, against: expected)
    let v = try adamW.arena("v").values
    for i in 0..<Injected.count {
      #expect(abs(Double(v[i]) - expected[11][i]) <= 1e-6 * expected[11][i], "v[\(i)]")
    }
  }

  @Test func lionEqualsLionPytorch() throws {
    let lion = try Lion(ranges: Injected.ranges, count: Injected.count, on: team)
    try run(lion, against: try Injected.rows(of: "lion"))
  }

  /// Steps through all gradients and compares θ every 20 steps, m at the end.
  private func run(_ optimizer: some Optimizer, against expected: [[Double]]) throws {
    try #require(expected.count >= 11)
    let theta = try Arena.filled(Injected.count, Injected.theta)
    let g = try Arena(count: Injected.count)
    let gHat = try Arena(count: Injected.count)
    for t in 0..<Injected.steps {
      g.fill { Injected.gradient(t, $0) }
      gHat.fill { Injected.sampled(t, $0) }
      let curvature = Curvature(gradient: gHat.view(), labelTerms: Injected.labelTerms)
      _ = optimizer.step(
        theta.view(), gradient: g.view(), step: t, learningRate: Injected.learningRate(t),
        gradientScale: 1, rho: nil,
        curvature: optimizer.wantsCurvature(step: t) ? curvature : nil, on: team)
      guard t % 20 == 19 else { continue }
      let reference = expected[t / 20]
      let worst = zip(theta.values, reference).map { abs(Double($0) - $1) }.max() ?? .infinity
      let largest = reference.map(abs).max() ?? 0
      #expect(worst <= 1e-6 * largest, "θ after \(t + 1) steps")
    }
    // m is what is left of gradients up to 27 times larger.
    let m = try optimizer.arena("m").values
    for i in 0..<Injected.count {
      let scale = max(abs(expected[10][i]), Double(abs(Injected.gradient(199, i))) / 27)
      #expect(abs(Double(m[i]) - expected[10][i]) <= 1e-6 * scale, "m[\(i)]")
    }
  }
}
