internal import CSupport
public import Machine

/// The machine's arithmetic peaks, measured: chains in registers, as many as the GEMM tile has
/// accumulators, on every thread of the team.
public enum PeakProbe {
  /// What a chain repeats.
  public enum Operation: Sendable {
    /// An fp32 FMA: 2 operations a lane.
    case fp32
    /// Four products of 8-bit integers and their sum (VPDPBUSD, or what stands in for it): 8 a lane.
    case int8
  }

  /// 10⁹ operations a second of the whole team, the best of `repetitions` short runs.
  public static func gigaops(
    _ operation: Operation = .fp32, on team: ThreadTeam, repetitions: Int = 5
  ) -> Double {
    let steps = 400_000
    let clock = ContinuousClock()
    var best = 0.0
    let sums = UnsafeMutablePointer<Float>.allocate(capacity: team.count * 16)
    defer { sums.deallocate() }
    for _ in 0..<repetitions {
      let began = clock.now
      team.run { thread in sums[thread * 16] = chains(operation, steps, thread) }
      let time = began.duration(to: clock.now).components
      let seconds = Double(time.seconds) + Double(time.attoseconds) * 1e-18
      let perStep = (operation == .fp32 ? 2 : 8) * 16 * chains(operation)
      best = max(best, Double(team.count * steps * perStep) / seconds * 1e-9)
    }
    return best
  }

  /// Accumulators in logical vectors. With 16 registers products of integers leave room for fewer.
  private static func chains(_ operation: Operation) -> Int {
    let t = Blocking.current
    return operation == .int8 && t.NV == 1 ? 4 : t.MR * t.NV
  }

  @inline(never)
  private static func chains(_ operation: Operation, _ steps: Int, _ seed: Int) -> Float {
    switch (operation, Blocking.current.NV) {
    case (.fp32, 2): run(MicroKernel<12, 2>.self, steps, Float(seed))
    case (.fp32, _): run(MicroKernel<6, 1>.self, steps, Float(seed))
    case (.int8, 2): dots(InlineArray<24, SIMD16<Int32>>(repeating: .zero), steps, seed)
    case (.int8, _): dots(InlineArray<4, SIMD16<Int32>>(repeating: .zero), steps, seed)
    }
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

  @inline(__always)
  private static func dots<let count: Int>(
    _ zeros: InlineArray<count, SIMD16<Int32>>, _ steps: Int, _ seed: Int
  ) -> Float {
    var sums = zeros
    // Of equal products a compiler makes a single one: weights differ from lane to lane, factors from
    // step to step, and where a product is an instruction of its own, from chain to chain.
    var w = SIMD64<UInt8>()
    for lane in 0..<64 { w[lane] = UInt8(truncatingIfNeeded: seed + lane + 1) }
    let apart = CS_DOT4_IS_ONE_INSTRUCTION == 1 ? 0 : 1
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 64 + count) { factors in
      for i in 0..<64 + count { factors.initializeElement(at: i, to: Int32(0x0102_0304 * i % 127)) }
      guard let factors = factors.baseAddress else { return }
      for step in 0..<steps {
        for i in 0..<count {
          sums[i] = cs_dot4(sums[i], w, factors[step % 64 + apart * i])
        }
      }
    }
    var sum = SIMD16<Int32>()
    for i in 0..<count { sum &+= sums[i] }
    return Float(sum.wrappedSum())
  }
}
