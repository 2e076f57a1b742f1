import Kernels
import Machine
import Testing

extension KernelsTests {
  @Suite struct PeakProbeTests {
    @Test func findsSomeSpeed() {
      for operation in [PeakProbe.Operation.fp32, .int8] {
        let speed = PeakProbe.gigaops(operation, on: ThreadTeam(count: 1), repetitions: 1)
        // A chain that the compiler folded would come out far above what any core can do.
        #expect(speed > 0.01 && speed < 16_000, "\(operation)")
      }
    }
  }
}
