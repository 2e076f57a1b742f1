import CSupport
import Glibc
import Testing

@testable import Machine

@Suite struct TeamThreadTests {
  /// The CPUs that the calling thread may run on, as the system lists them.
  private static func affinity() -> String? {
    SystemFiles.real.read("/proc/thread-self/status")?.split(separator: "\n").first {
      $0.hasPrefix("Cpus_allowed_list:")
    }.map(String.init)
  }

  /// The CPU of a thread that the caller makes, or -1 if it may run on several.
  private static func cpuOfNewThread() -> Int {
    let cpu = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    defer { cpu.deallocate() }
    cpu.pointee = -2
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { context in
        context?.assumingMemoryBound(to: Int.self).pointee = Int(cs_bound_cpu())
        return nil
      }, cpu)
    pthread_join(thread, nil)
    return cpu.pointee
  }

  /// A bound team leaves its caller's CPUs alone, and so those of threads made later.
  @Test func theCallerStaysUnbound() async {
    await #expect(processExitsWith: .success) {
      let before = Self.affinity()
      let free = Int(cs_bound_cpu())
      let plan = try ThreadPlan.forThisMachine(cpus: "\(CPUSet.ofThisProcess)")
      let bound = TeamThread.run(plan) { team in Self.bindings(of: team) }
      #expect(bound == plan.cpus && before != nil)
      #expect(Self.affinity() == before && Self.cpuOfNewThread() == free)
      try TeamThread(plan) { team in precondition(Self.bindings(of: team) == plan.cpus) }.join()
      #expect(Self.affinity() == before && Self.cpuOfNewThread() == free)
    }
  }

  /// The CPU of each thread of a team.
  private static func bindings(of team: ThreadTeam) -> [Int] {
    let cpus = UnsafeMutableBufferPointer<Int>.allocate(capacity: team.count)
    defer { cpus.deallocate() }
    team.run { thread in cpus[thread] = Int(cs_bound_cpu()) }
    return Array(cpus)
  }

  /// Whether each thread of a team takes interrupts.
  private static func takesInterrupts(_ team: ThreadTeam) -> [Bool] {
    let takes = UnsafeMutableBufferPointer<Bool>.allocate(capacity: team.count)
    defer { takes.deallocate() }
    team.run { thread in takes[thread] = takesInterrupts() }
    return Array(takes)
  }

  private static func takesInterrupts() -> Bool {
    var mask = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &mask)
    return sigismember(&mask, SIGINT) == 0
  }

  @Test func whatTheBodyGivesComesOut() throws {
    struct Fault: Error {}
    let plan = try ThreadPlan.forThisMachine(threads: 1)
    let (caller, count) = (cs_thread_identity(), TeamThread.run(plan) { team in team.count })
    let owner = TeamThread.run(plan) { _ in cs_thread_identity() }
    #expect(count == 1 && owner != caller)
    do {
      try TeamThread.run(plan) { (_: ThreadTeam) throws(Fault) in throw Fault() }
      Issue.record("no error")
    } catch {
      #expect(type(of: error) == Fault.self)
    }
  }

  /// A signal ends what the owner waits for: neither the waiting caller nor a thread of the team takes
  /// it. The caller takes it again afterwards.
  @Test func signalsAreTheOwners() async {
    await #expect(processExitsWith: .success) {
      let plan = try ThreadPlan.forThisMachine(threads: 3)
      // A thread of Swift's own pool may take none.
      var interrupt = sigset_t()
      sigemptyset(&interrupt)
      sigaddset(&interrupt, SIGINT)
      pthread_sigmask(SIG_UNBLOCK, &interrupt, nil)
      for _ in 0..<2 {
        let takes = TeamThread.run(plan) { team in
          [Self.takesInterrupts(team), Self.takesInterrupts(team)]
        }
        #expect(takes[1] == [true, false, false] && Self.takesInterrupts())
      }
      try TeamThread(plan) { _ in precondition(!Self.takesInterrupts()) }.join()
    }
  }
}
