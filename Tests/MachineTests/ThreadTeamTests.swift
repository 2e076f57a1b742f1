import CSupport
import Testing

@testable import Machine

/// Serialized: a team's threads are the process's, and these tests look at single threads.
@Suite(.serialized) struct ThreadTeamTests {
  static let counts = [1, 2, 3, 7, 2, 7, 1, 3, 16, 2]

  /// Calls `body` with zeroed integers that all threads may see.
  private func withSlots(_ n: Int, _ body: (UnsafeMutablePointer<Int>) -> Void) {
    let slots = UnsafeMutablePointer<Int>.allocate(capacity: n)
    slots.initialize(repeating: 0, count: n)
    body(slots)
    slots.deallocate()
  }

  @Test func everyThreadRunsOnceForEveryCountInTurn() {
    for count in Self.counts {
      let team = ThreadTeam(count: count)
      for _ in 0..<20 {
        withSlots(count) { ran in
          team.run { thread in ran[thread] += 1 }
          for thread in 0..<count { #expect(ran[thread] == 1) }
        }
      }
    }
  }

  @Test func threadsAreDifferentThreads() {
    for count in [2, 7] {
      withSlots(count) { identity in
        // The barrier holds each until all have come, so that none can do the work of two.
        let team = ThreadTeam(count: count)
        team.run { thread in
          team.barrier()
          identity[thread] = Int(bitPattern: cs_thread_identity())
        }
        #expect(Set((0..<count).map { identity[$0] }).count == count)
      }
    }
  }

  @Test(arguments: [1, 2, 3, 7])
  func barrierSeparatesPhases(count: Int) {
    let team = ThreadTeam(count: count)
    let phases = 200
    withSlots(count) { phase in
      withSlots(count) { late in
        team.run { thread in
          for p in 1...phases {
            phase[thread] = p
            team.barrier()
            for other in 0..<count where phase[other] != p { late[thread] += 1 }
            team.barrier()
          }
        }
        for thread in 0..<count { #expect(late[thread] == 0 && phase[thread] == phases) }
      }
    }
  }

  @Test(arguments: [1, 2, 3, 7], [0, 1, 2, 99, 100, 1001])
  func parallelForCoversEachIndexOnce(count: Int, n: Int) {
    for grain in [1, 3, 64, 2000] {
      withSlots(n + 1) { hits in
        ThreadTeam(count: count).parallelFor(n, grain: grain) { range in
          #expect(!range.isEmpty && range.count <= grain && range.lowerBound % grain == 0)
          for i in range { hits[i] += 1 }
        }
        for i in 0..<n { #expect(hits[i] == 1) }
        #expect(hits[n] == 0)
      }
    }
  }

  @Test(arguments: [1, 2, 3, 7], [0, 1, 2, 99, 100, 1001])
  func parallelSharesCoverEachIndexOnce(count: Int, n: Int) {
    for grain in [1, 3, 64, 2000] {
      withSlots(n + 1) { hits in
        ThreadTeam(count: count).parallelShares(n, grain: grain) { range, thread in
          #expect(!range.isEmpty && range.count <= grain && (0..<count).contains(thread))
          for i in range { hits[i] += 1 }
        }
        for i in 0..<n { #expect(hits[i] == 1) }
        #expect(hits[n] == 0)
      }
    }
  }

  @Test func sharesBeginWithTheThreadsOwnAndEndWithTheOthers() {
    let (count, n) = (3, 300)
    withSlots(n) { owner in
      withSlots(count) { identity in
        let team = ThreadTeam(count: count)
        team.run { thread in
          team.barrier()
          identity[thread] = Int(bitPattern: cs_thread_identity())
        }
        let begun = WorkCounter()
        let done = WorkCounter()
        team.parallelShares(n) { range, thread in
          let item = range.lowerBound
          owner[item] = Int(bitPattern: cs_thread_identity())
          #expect(owner[item] == identity[thread])
          if item % 100 == 0 {
            // Nobody goes on before all have begun, and one only when all the rest is done.
            _ = begun.next()
            while begun.next(0) < count {}
            if item == 200 { while done.next(0) < n - 1 {} }
          }
          _ = done.next()
        }
        for thread in 0..<count { #expect(owner[100 * thread] == identity[thread]) }
        for item in 201..<n { #expect(owner[item] != identity[2]) }
      }
    }
  }

  @Test(arguments: [1, 2, 3, 7])
  func denormalsAreZeroOnEveryThreadAndOnlyInside(count: Int) {
    let values = [Float.leastNormalMagnitude, 0.5, Float.leastNonzeroMagnitude, 0x1p20]
    let before = cs_float_mode()
    withSlots(count) { zeros in
      ThreadTeam(count: count).run { thread in
        // A result that is denormal, and an operand that is.
        if values[0] * values[1] == 0 { zeros[thread] += 1 }
        if values[2] * values[3] == 0 { zeros[thread] += 1 }
      }
      for thread in 0..<count { #expect(zeros[thread] == 2) }
    }
    #expect(cs_float_mode() == before)
    #expect(values[0] * values[1] != 0)
  }

  /// In a process of its own, so that the bound team makes the first threads.
  @Test func threadsOfAPlanAreBoundAndOthersAreNot() async {
    await #expect(processExitsWith: .success) {
      let mine = CPUSet.ofThisProcess
      // CPUs by name are bound under a quota too.
      let plan = try ThreadPlan.forThisMachine(cpus: "\(mine)")
      let team = ThreadTeam(plan: plan)
      for _ in 0..<2 {
        #expect(Self.bindings(of: team) == plan.cpus)
        // The bound team's threads, and new ones, which inherit the caller's binding.
        let free = mine.count == 1 ? mine.cpus[0] : -1
        #expect(Self.bindings(of: ThreadTeam(count: plan.count + 3)).allSatisfy { $0 == free })
      }
      team.run { _ in }
      #expect(Int(cs_bound_cpu()) == plan.cpus?.first)
    }
  }

  /// The CPU of each thread, −1 for one that may run on several.
  private static func bindings(of team: ThreadTeam) -> [Int] {
    let cpus = UnsafeMutableBufferPointer<Int>.allocate(capacity: team.count)
    defer { cpus.deallocate() }
    team.run { thread in cpus[thread] = Int(cs_bound_cpu()) }
    return Array(cpus)
  }

  @Test func aTeamOfOneMayRunInside() {
    withSlots(2) { ran in
      ThreadTeam(count: 2).run { thread in
        ThreadTeam(count: 1).run { _ in ran[thread] += 1 }
      }
      #expect(ran[0] == 1 && ran[1] == 1)
    }
  }

  @Test func aTeamOfTwoInsideTraps() async {
    await #expect(processExitsWith: .failure) {
      ThreadTeam(count: 2).run { _ in ThreadTeam(count: 2).run { _ in } }
    }
  }
}
