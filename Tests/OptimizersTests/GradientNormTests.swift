import Machine
import Testing

@testable import Optimizers

@Suite struct GradientNormTests {
  @Test func isTheNormForAnyLengthAndAnyNumberOfThreads() throws {
    for count in Array(0...40) + [ChunkPlan.length - 1, 3 * ChunkPlan.length + 5] {
      let arena = try Arena.filled(count + 3) { $0 < 3 ? .nan : Injected.gradient(0, $0) }
      let g = arena.view(3)
      let expected = g.buffer.reduce(0.0) { $0 + Double($1) * Double($1) }
      let one = GradientNorm(of: g, on: ThreadTeam(count: 1))
      #expect(abs(one.squared - expected) <= 1e-13 * expected)
      #expect(one.firstNonFinite == nil)
      for threads in [2, 3, 7] {
        #expect(GradientNorm(of: g, on: ThreadTeam(count: threads)) == one)
      }
    }
  }

  /// Floats whose squares are beyond `Float` are finite all the same.
  @Test func hugeIsNotInfinite() throws {
    let g = try Arena.filled(40) { _ in 2e38 }
    let norm = GradientNorm(of: g.view(), on: ThreadTeam(count: 1))
    #expect(norm.firstNonFinite == nil)
    #expect(abs(norm.norm / (Double(2e38 as Float) * 40.0.squareRoot()) - 1) < 1e-14)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity], [0, 15, 16, 20_000, 49_999])
  func namesTheFirstThatIsNotFinite(value: Float, index: Int) throws {
    let g = try Arena.filled(50_000) { $0 == index || $0 == 49_999 ? value : 1 }
    for threads in [1, 3] {
      let norm = GradientNorm(of: g.view(), on: ThreadTeam(count: threads))
      #expect(norm.firstNonFinite == index)
      #expect(!norm.squared.isFinite)
    }
  }

  @Test func clipsToALimit() throws {
    let g = try Arena.filled(4) { _ in 2 }
    let norm = GradientNorm(of: g.view(), on: ThreadTeam(count: 1))
    #expect(norm.norm == 4)
    #expect(norm.scale(clippingTo: 1) == 0.25)
    #expect(norm.scale(clippingTo: 4) == 1)
  }
}
