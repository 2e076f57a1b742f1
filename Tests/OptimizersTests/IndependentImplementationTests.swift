import Machine
import Testing

@testable import Optimizers

/// 200 steps of injected gradients against `sophia-opt`, `pytorch_optimizer`, `torch.optim.AdamW` and
/// `lion-pytorch` run in float64.
///
/// θ is rounded to `Float` 200 times on the way, so the bound is 1e-6 of the norm of all parameters,
/// and about as much of the largest one for each: the packages themselves, run in float32, end 0.9e-6
/// and 1.8e-6 of it away. How exact a single step is, coordinate by coordinate, is for
/// ``FormulaTests``.
@Suite struct IndependentImplementationTests {
  let team = ThreadTeam(count: 2)

  @Test func officialFormEqualsSophiaOpt() throws {
    let settings = Sophia.Hyperparameters.official
    let sophia = try Sophia(settings, ranges: Injected.ranges, count: Injected.count, on: team)
    let expected = try Injected.rows(of: "sophia_g")
    try run(sophia, against: expected)

    // The package averages ĝ² and multiplies by bs in the step; our h has B in it.
    let h = expected[11].map { Double(Injected.labelTerms) * $0 }
    try compare(sophia, m: expected[10], h: h, clipped: 182) { abs(h[$0]) }
  }

  /// Algorithm 3, the default: `SophiaH` given B·ĝ² for its diagonal, in version 1's units.
  @Test func paperFormEqualsPytorchOptimizer() throws {
    let sophia = try Sophia(ranges: Injected.ranges, count: Injected.count, on: team)
    let expected = try Injected.rows(of: "sophia_paper")
    // Where the worst of 300 coordinates is after 200 roundings of half an ulp: 1.2e-6.
    try run(sophia, against: expected, within: 1.5e-6)
    let h = expected[11]
    try compare(sophia, m: expected[10], h: h, clipped: 185) { abs(h[$0]) }
  }

  /// A given diagonal that is negative for many, as Sophia-H's is, and an ε that is the denominator of
  /// many whose update is not clipped; in version 1's units and in Algorithm 3's.
  @Test(arguments: [Sophia.Form.v1, .paper])
  func givenDiagonalsEqualPytorchOptimizer(form: Sophia.Form) throws {
    var settings = Sophia.Hyperparameters()
    (settings.form, settings.beta2, settings.rho) = (form, 0.9, 0.0625)
    (settings.epsilon, settings.weightDecay) =
      form == .v1 ? (0.0625, 0.2) : (0.0625 * 0.0625, 0.2 / 0.0625)
    let sophia = try Sophia(settings, ranges: Injected.ranges, count: Injected.count, on: team)
    let expected = try Injected.rows(of: "sophia_h")
    try run(sophia, against: expected, diagonal: true, rateFactor: form == .v1 ? 1 : 0.0625)
    #expect(expected[11].count { $0 < 0 } == 145)
    try compare(sophia, m: expected[10], h: expected[11], floor: 0.0625, clipped: 63) {
      4 / Double(1 << ($0 % 11))
    }
  }

  /// h to 1e-6 of `scale`, and the same coordinates clipped, none of them too near to the boundary to
  /// be told.
  private func compare(
    _ sophia: Sophia, m expected: [Double], h reference: [Double], floor: Double = 0,
    clipped count: Int, scale: (Int) -> Double
  ) throws {
    let (m, h) = (try sophia.arena("m").values, try sophia.arena("h").values)
    let rho = sophia.hyperparameters.rho
    var (clipped, boundary) = (0, 0)
    for i in 0..<Injected.count {
      #expect(abs(Double(h[i]) - reference[i]) <= 1e-6 * scale(i), "h[\(i)]")
      let ratio = abs(expected[i]) / (rho * max(reference[i], floor))
      if abs(ratio - 1) < 1e-5 {
        boundary += 1
      } else {
        let ours = abs(m[i]) >= Float(rho) * max(h[i], Float(floor))
        #expect(ours == (ratio > 1), "clip of \(i)")
      }
      clipped += ratio > 1 ? 1 : 0
    }
    #expect(boundary == 0)
    #expect(clipped == count, "the fixture should clip some and not others")
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
  private func run(
    _ optimizer: some Optimizer, against expected: [[Double]], diagonal: Bool = false,
    rateFactor: Double = 1, within bound: Double = 1e-6
  ) throws {
    try #require(expected.count >= 11)
    let theta = try Arena.filled(Injected.count, Injected.theta)
    let g = try Arena(count: Injected.count)
    let gHat = try Arena(count: Injected.count)
    for t in 0..<Injected.steps {
      g.fill { Injected.gradient(t, $0) }
      gHat.fill { diagonal ? Injected.diagonal(t, $0) : Injected.sampled(t, $0) }
      let curvature =
        diagonal
        ? Curvature(diagonal: gHat.view())
        : Curvature(gradient: gHat.view(), labelTerms: Injected.labelTerms)
      _ = optimizer.step(
        theta.view(), gradient: g.view(), step: t,
        learningRate: rateFactor * Injected.learningRate(t), gradientScale: 1,
        curvature: optimizer.wantsCurvature(step: t) ? curvature : nil, on: team)
      guard t % 20 == 19 else { continue }
      let reference = expected[t / 20]
      let errors = zip(theta.values, reference).map { Double($0) - $1 }
      func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      #expect(norm(errors) <= 1e-6 * norm(reference), "θ after \(t + 1) steps")
      let worst = errors.map(abs).max() ?? .infinity
      let largest = reference.map(abs).max() ?? 0
      #expect(worst <= bound * largest, "θ after \(t + 1) steps")
    }
    // m is what is left of gradients as large as these, which entered it divided by 20 to 29.
    let m = try optimizer.arena("m").values
    for i in 0..<Injected.count {
      let scale = max(abs(expected[10][i]), 0x1p-5 / Double(27 << (i % 9)))
      #expect(abs(Double(m[i]) - expected[10][i]) <= 1e-6 * scale, "m[\(i)]")
    }
  }
}
