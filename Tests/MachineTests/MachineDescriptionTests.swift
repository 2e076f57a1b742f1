import Testing

@testable import Machine

@Suite struct MachineDescriptionTests {
  @Test func rowsOfAMachineThatIsNotHere() throws {
    let topology = try Topology(
      synthetic:
        "pack:2 numa:1(memory=34359738368) l3:1(size=33554432) core:4 l1d:1(size=32768) pu:2")
    let memory = try #require(
      MemoryLimit(meminfo: MemoryLimitTests.meminfo, cgroup: CgroupLimits()))
    let machine = MachineDescription(
      cpuModel: "Some CPU", topology: topology,
      plan: try ThreadPlan(topology: topology, affinity: topology.cpus), memory: memory)
    let rows = machine.rows
    #expect(
      rows.map(\.label) == [
        "CPU", "cores", "instructions", "caches", "NUMA nodes", "memory", "threads",
      ])
    #expect(rows[1].text == "2 packages, 8 physical cores, 16 logical CPUs")
    #expect(rows[2].text.hasPrefix(InstructionSet.built + " (sse3 "))
    #expect(rows[3].text == "L1d 32 KiB × 8, L3 32 MiB × 2")
    #expect(rows[4].text == "2 (32 GiB, 32 GiB)")
    #expect(rows[6].text == machine.plan.description)
  }

  @Test(arguments: [
    (
      "processor\t: 0\nmodel name\t: AMD EPYC  9654: 96-Core \nmodel name : b",
      "AMD EPYC 9654: 96-Core"
    ),
    ("model name\t:\n", "unknown CPU"), ("model name\n", "unknown CPU"), ("", "unknown CPU"),
  ])
  func cpuModel(cpuinfo: String, model: String) {
    #expect(MachineDescription.cpuModel(cpuinfo) == model)
  }

  @Test func thisMachine() throws {
    let machine = try MachineDescription.ofThisMachine(threads: 2)
    #expect(machine.plan.count == 2)
    #expect(machine.memory.total > 0 && !machine.cpuModel.isEmpty)
    #expect(throws: MachineError.self) { try MachineDescription.ofThisMachine(cpus: "x") }
  }
}
