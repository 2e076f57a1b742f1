import Kernels
import Machine
import Transformer

/// Causal attention of one layer.
struct AttentionBenchmark {
  private let bench: Bench
  private let shape: Attention.Shape

  init(_ settings: BenchmarkSettings, _ bench: Bench) {
    self.bench = bench
    let config = settings.config
    shape = Attention.Shape(
      B: settings.batch, T: settings.T, H: config.heads, D: config.headSize,
      scale: config.attentionScale(layer: 0))
  }

  func run(_ report: (Measurement) -> Void) throws {
    let (B, T, H, D, team) = (shape.B, shape.T, shape.H, shape.D, bench.team)
    let (rows, wide) = (B * T * H, B * T * H * D)
    let qkv = try Arena(count: 3 * wide)
    let dqkv = try Arena(count: 3 * wide)
    let out = try Arena(count: wide)
    let dout = try Arena(count: wide)
    let rowMax = try Arena(count: rows)
    let rowInverse = try Arena(count: rows)
    for arena in [qkv, dout] { RandomValues.fill(arena.view(), on: team) }
    let scratch = try Attention.Scratch(T: T, D: D, threads: team.count)
    func forward() {
      Attention.forward(
        out: out.base, rowMax: rowMax.base, rowInverse: rowInverse.base, qkv: qkv.base,
        shape: shape, on: team, scratch: scratch)
    }
    func backward() {
      Attention.backward(
        dqkv: dqkv.base, dout: dout.base, out: out.base, rowMax: rowMax.base,
        rowInverse: rowInverse.base, qkv: qkv.base, shape: shape, on: team, scratch: scratch)
    }
    // A product over the causal half takes this; the forward has two, the backward five with the
    // scores that it computes again.
    let product = 2 * Double(B * H * D) * Double(T * (T + 1) / 2)
    let name = "\(B)×\(H)×\(T)×\(D)"
    report(
      bench.measure(
        "forward \(name)", .gigaflops, amount: 2 * product, limit: .peak(.fp32), forward))
    report(
      bench.measure(
        "forward + backward \(name)", .gigaflops, amount: 7 * product, limit: .peak(.fp32)
      ) {
        forward()
        backward()
      })
  }
}
