import Glibc
import Testing

@testable import Optimizers

@Suite struct ScheduleTests {
  @Test func warmupIsLinearAndNeverZero() {
    let schedule = Schedule(peak: 6e-4, warmup: 99, steps: 1000)
    for t in 0...99 {
      #expect(abs(schedule.learningRate(step: t) - 6e-4 * Double(t + 1) / 100) <= 2e-19)
    }
    #expect(schedule.learningRate(step: 0) > 0)
    #expect(schedule.learningRate(step: 99) == 6e-4)
  }

  @Test func cosineIsTheClosedForm() {
    let schedule = Schedule(peak: 1, warmup: 20, steps: 1020, minimumRatio: 0.05)
    for t in 20...1020 {
      let expected = 0.05 + 0.95 * (1 + cos(Double.pi * Double(t - 20) / 1000)) / 2
      #expect(abs(schedule.learningRate(step: t) - expected) <= 4e-16, "step \(t)")
    }
    #expect(schedule.learningRate(step: 520) == 0.525)
    #expect(schedule.learningRate(step: 1020) == 0.05)
    #expect(schedule.learningRate(step: 5000) == 0.05)
  }

  @Test func constantStaysAtThePeak() {
    let schedule = Schedule(.constant, peak: 3e-4, warmup: 0, steps: 10)
    #expect([0, 5, 10, 1_000_000].allSatisfy { schedule.learningRate(step: $0) == 3e-4 })
  }

  @Test func warmupAsLongAsTheRunStillEndsAtTheMinimum() {
    let schedule = Schedule(peak: 1, warmup: 10, steps: 10, minimumRatio: 0.1)
    #expect(schedule.learningRate(step: 9) == 10.0 / 11)
    #expect(schedule.learningRate(step: 10) == 0.1)
  }

  /// The bits that every CPU gives.
  @Test func halfCosineHasKnownBits() {
    #expect(Schedule.halfCosine(0) == 1)
    #expect(Schedule.halfCosine(0.5) == 0.5)
    #expect(Schedule.halfCosine(1) == 0)
    #expect(Schedule.halfCosine(0.3).bitPattern == 0x3fe96791823aad2f)
  }

  @Test func hyperparametersOutsideTheirRangeAreNamed() {
    #expect(throws: Never.self) { try Sophia.Hyperparameters().validate() }
    #expect(throws: Never.self) { try Sophia.Hyperparameters.official.validate() }
    #expect(throws: Never.self) { try Sophia.Hyperparameters.v1.validate() }
    #expect(throws: Never.self) { try AdamW.Hyperparameters().validate() }
    #expect(throws: Never.self) { try Lion.Hyperparameters().validate() }
    #expect(throws: Never.self) { try Schedule(peak: 1, warmup: 0, steps: 1).validate() }
    var sophia = Sophia.Hyperparameters()
    sophia.beta2 = 1
    #expect(throws: HyperparameterError.self) { try sophia.validate() }
    var lion = Lion.Hyperparameters()
    lion.beta2 = 1
    #expect(throws: HyperparameterError.self) { try lion.validate() }
    var adamW = AdamW.Hyperparameters()
    adamW.epsilon = .nan
    let error = #expect(throws: HyperparameterError.self) { try adamW.validate() }
    #expect(error?.description == "epsilon is nan, expected 1e-30 ≤ epsilon ≤ 1")
    #expect(throws: HyperparameterError.self) {
      try Schedule(peak: -1, warmup: 0, steps: 1).validate()
    }
  }
}
