import Kernels
import Machine
import Testing

extension KernelsTests {
  @Suite struct PeakProbeTests {
    @Test func findsSomeSpeed() {
      let speed = PeakProbe.gigaflops(on: ThreadTeam(count: 1), repetitions: 1)
      #expect(speed > 0 && speed.isFinite)
    }
  }
}
