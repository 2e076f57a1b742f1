import Testing

@testable import Machine

@Suite struct ThreadPlanTests {
  let big: Topology
  init() throws { big = try Topology(synthetic: "pack:2 numa:1 core:64 pu:2") }

  private func all(_ topology: Topology) -> CPUSet { topology.cpus }

  @Test func oneThreadACore() throws {
    let plan = try ThreadPlan(topology: big, affinity: all(big))
    #expect(plan.count == 128)
    #expect(plan.cpus == (0..<128).map { 2 * $0 })
    #expect(!plan.oversubscribed)
    #expect(
      plan.description
        == "128 threads: 128 physical cores on 2 NUMA nodes, affinity 0-255, no cgroup quota")
  }

  @Test func twoCoresInOneLine() throws {
    let small = try Topology(synthetic: "pack:1 core:2 pu:1")
    let plan = try ThreadPlan(topology: small, affinity: all(small))
    #expect(plan.description == "2 threads: 2 physical cores, affinity 0-1, no cgroup quota")
    #expect(plan.cpus == [0, 1])
  }

  @Test func threadsOfANodeAreConsecutive() throws {
    let clusters = try Topology(synthetic: "pack:2 numa:4 core:16 pu:2")
    let plan = try ThreadPlan(topology: clusters, affinity: all(clusters))
    let cpus = try #require(plan.cpus)
    #expect(plan.count == 128 && plan.description.contains("on 8 NUMA nodes"))
    let nodes = cpus.compactMap { cpu in clusters.cores.first { $0.cpus.contains(cpu) }?.node }
    #expect(nodes == (0..<8).flatMap { Array(repeating: $0, count: 16) })
  }

  @Test func siblingsNumberedApartAreStillOneCore() throws {
    // As Linux numbers them: CPUs 0 and 1 are two cores, 2 and 3 their siblings.
    let plan = try ThreadPlan(
      topology: try Topology(xml: TopologyTests.xml), affinity: CPUSet(0..<4))
    #expect(plan.cpus == [0, 1])
  }

  @Test(arguments: [
    (7.65, 7, "7.65"), (8.0, 8, "8"), (1.0, 1, "1"), (0.5, 1, "0.50"), (0.05, 1, "0.05"),
    (2.001, 2, "2"), (127.99, 127, "127.99"),
  ])
  func quotaIsRoundedDown(quota: Double, count: Int, text: String) throws {
    let plan = try ThreadPlan(topology: big, affinity: all(big), quota: quota)
    #expect(plan.count == count)
    // Other containers of this machine would be bound to the same first cores.
    #expect(plan.cpus == nil)
    #expect(plan.description.contains(", cgroup quota of \(text) CPUs, not bound"))
  }

  @Test(arguments: [
    ("1", 1, "OMP_NUM_THREADS 1"), (" 4 ", 4, "OMP_NUM_THREADS 4"),
    ("8,2", 8, "OMP_NUM_THREADS 8"), ("500", 128, "OMP_NUM_THREADS 500"),
    ("0", 128, "OMP_NUM_THREADS ignored: not a number"),
    ("-3", 128, "OMP_NUM_THREADS ignored: not a number"),
    ("", 128, "OMP_NUM_THREADS ignored: not a number"),
    ("four", 128, "OMP_NUM_THREADS ignored: not a number"),
  ])
  func openMPsNumberIsAtMost(text: String, count: Int, reason: String) throws {
    let plan = try ThreadPlan(topology: big, affinity: all(big), openMPThreads: text)
    #expect(plan.count == count && (plan.cpus == nil) == (count < 128))
    #expect(plan.description.contains(", \(reason)"), "\(plan)")
    // What the user says here goes before it.
    let own = try ThreadPlan(topology: big, affinity: all(big), openMPThreads: text, threads: 7)
    #expect(own.count == 7 && !own.description.contains("OMP_NUM_THREADS"))
    let named = try ThreadPlan(
      topology: big, affinity: all(big), openMPThreads: text, cpus: CPUSet([3, 5]))
    #expect(named.count == 2 && !named.description.contains("OMP_NUM_THREADS"))
  }

  @Test func quotaAboveTheCoresChangesNothing() throws {
    let plan = try ThreadPlan(topology: big, affinity: all(big), quota: 200)
    #expect(plan.count == 128 && plan.cpus?.count == 128)
    #expect(plan.description.hasSuffix("cgroup quota of 200 CPUs"))
  }

  @Test func affinityWithOneHyperthreadOfSomeCores() throws {
    // Core 0 by its second thread, core 1 by both, core 2 not at all, core 3 by its first.
    let plan = try ThreadPlan(topology: big, affinity: CPUSet([1, 2, 3, 6]))
    #expect(plan.cpus == [1, 2, 6])
    #expect(
      plan.description
        == "3 threads: 3 of 128 physical cores, affinity 1-3,6, no cgroup quota")
  }

  @Test func affinityOfTheSecondPackage() throws {
    let plan = try ThreadPlan(topology: big, affinity: CPUSet(128..<256))
    #expect(plan.cpus == (64..<128).map { 2 * $0 })
    #expect(!plan.description.contains("NUMA"))
  }

  @Test func affinityUnknownToTheTopologyGivesOneThread() throws {
    let plan = try ThreadPlan(topology: big, affinity: CPUSet([4000]))
    #expect(plan.count == 1 && plan.cpus == nil)
  }

  @Test func threadsOverride() throws {
    let few = try ThreadPlan(topology: big, affinity: all(big), threads: 3)
    #expect(few.count == 3 && few.cpus == nil && !few.oversubscribed)
    #expect(few.description.hasPrefix("3 threads: --threads 3, 128 physical cores"))
    #expect(few.description.hasSuffix("not bound"))
    let smt = try ThreadPlan(topology: big, affinity: all(big), threads: 256)
    #expect(smt.cpus == Array(0..<256) && !smt.oversubscribed)
    let over = try ThreadPlan(topology: big, affinity: all(big), threads: 257)
    #expect(over.count == 257 && over.cpus == nil && over.oversubscribed)
    #expect(over.description.hasSuffix("more threads than CPUs"))
  }

  @Test func threadsOverrideTheQuotaAndSaySo() throws {
    let plan = try ThreadPlan(topology: big, affinity: all(big), quota: 4, threads: 8)
    #expect(plan.count == 8)
    #expect(plan.description.contains("over the cgroup quota of 4 CPUs"))
  }

  @Test(arguments: [0, -1, 1025, Int.max, Int.min])
  func refusesThreadCounts(threads: Int) {
    #expect(throws: MachineError.threadCount(threads, limit: 1024, "more only wait for each other"))
    {
      try ThreadPlan(topology: big, affinity: big.cpus, threads: threads)
    }
  }

  @Test func cpusOverride() throws {
    let list = try CPUSet(parsing: "200,3,0-1")
    let plan = try ThreadPlan(topology: big, affinity: all(big), cpus: list)
    #expect(plan.cpus == [0, 1, 3, 200])
    #expect(plan.description == "4 threads: --cpus 0-1,3,200, no cgroup quota")
    let fewer = try ThreadPlan(topology: big, affinity: all(big), threads: 2, cpus: list)
    #expect(fewer.cpus == [0, 1])
  }

  @Test func refusesCPUsItCannotHave() throws {
    let (mask, missing) = (CPUSet(0..<4), CPUSet([2, 256]))
    #expect(throws: MachineError.noSuchCPU(256, existing: big.cpus)) {
      try ThreadPlan(topology: big, affinity: mask, cpus: missing)
    }
    #expect(throws: MachineError.cpuNotAllowed(5, allowed: mask)) {
      try ThreadPlan(topology: big, affinity: mask, cpus: CPUSet([3, 5]))
    }
    #expect(throws: MachineError.threadCount(3, limit: 2, "one a CPU of --cpus 2-3")) {
      try ThreadPlan(topology: big, affinity: mask, threads: 3, cpus: CPUSet([2, 3]))
    }
    #expect(throws: MachineError.self) {
      try ThreadPlan(topology: big, affinity: mask, cpus: CPUSet([]))
    }
  }

  @Test func errorsAreOneLineThatNamesTheFlag() {
    #expect(
      "\(MachineError.noSuchCPU(9, existing: CPUSet(0..<2)))"
        == "--cpus: CPU 9 does not exist; this machine has 0-1")
    #expect(
      "\(MachineError.cpuNotAllowed(1, allowed: CPUSet([0])))".hasPrefix(
        "--cpus: CPU 1 is not in the affinity mask of this process, 0;"))
    #expect(
      "\(MachineError.threadCount(0, limit: 8, "why"))" == "--threads 0: expected 1 to 8 (why)")
  }

  @Test func thisMachineHasAPlan() throws {
    let plan = try ThreadPlan.forThisMachine()
    #expect((1...CPUSet.ofThisProcess.count).contains(plan.count))
    #expect(try ThreadPlan.forThisMachine(threads: 3).count == 3)
    let first = try #require(CPUSet.ofThisProcess.cpus.first)
    #expect(try ThreadPlan.forThisMachine(cpus: "\(first)").cpus == [first])
  }
}
