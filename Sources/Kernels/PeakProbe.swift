internal import CSupport
public import Machine

/// The machine's fp32 FMA peak, measured: register-only chains, as many as the GEMM tile has
/// accumulators, on every thread of the team.
public enum PeakProbe {
  /// GFLOP/s of the whole team, the best of `repetitions` short runs (2 flops an FMA and lane).
  public static func gigaflops(on team: ThreadTeam, repetitions: Int = 5) -> Double {
    let steps = 400_000
    let clock = ContinuousClock()
    var best = 0.0
    let sums = UnsafeMutablePointer<Float>.allocate(capacity: team.count * 16)
    defer { sums.deallocate() }
    for _ in 0..<repetitions {
      let began = clock.now
      team.run { thread in sums[thread * 16] = chains(steps, Float(thread)) }
      let time = began.duration(to: clock.now).components
      let seconds = Double(time.seconds) + Double(time.attoseconds) * 1e-18
      let flops = Double(team.count * steps) * 2 * 16 * Double(registers)
      best = max(best, flops / seconds * 1e-9)
    }
    return best
  }

  /// Accumulators in logical vectors.
  private static var registers: Int { Blocking.current.MR * Blocking.current.NV }

  @inline(never)
  private static func chains(_ steps: Int, _ seed: Float) -> Float {
    Blocking.current.NV == 2
      ? run(MicroKernel<12, 2>.self, steps, seed) : run(MicroKernel<6, 1>.self, steps, seed)
  }

  @inline(__always)
  private static func run<let MR: Int, let NV: Int>(
    _: MicroKernel<MR, NV>.Type, _ steps: Int, _ seed: Float
  ) -> Float {
    var tile = MicroKernel<MR, NV>.zero()
    let (x, y) = (SIMD16<Float>(repeating: 0.999_999), SIMD16<Float>(repeating: 1e-7 + seed * 1e-9))
    for _ in 0..<steps {
      for i in 0..<MR { for j in 0..<NV { tile[i][j] = cs_fma(tile[i][j], x, y) } }
    }
    var sum = SIMD16<Float>()
    for i in 0..<MR { for j in 0..<NV { sum += tile[i][j] } }
    return cs_sum(sum)
  }
}
