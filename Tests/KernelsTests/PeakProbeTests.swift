import Kernels
import Machine
import Testing

extension KernelsTests {
  @Suite struct PeakProbeTests {
    @Test func findsSomeSpeed() {
      for operation in [PeakProbe.Operation.fp32, .int8] {
        let speed = PeakProbe.gigaops(operation, on: ThreadTeam(count: 1), repetitions: 1)
        // No core does less than one operation in 100 cycles, or more than 64 lanes' worth of dots in a
        // sixteenth of one: a compiler that folds the chain would come out above.
        #expect(speed > 0.01 && speed < 16_000, "\(operation)")
      }
    }
  }
}
