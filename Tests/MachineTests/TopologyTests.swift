import Testing

@testable import Machine

@Suite struct TopologyTests {
  @Test func twoPackagesWithSMT() throws {
    let machine = try Topology(synthetic: "pack:2 numa:1 core:64 pu:2")
    #expect(machine.packages == 2)
    #expect(machine.nodes.map(\.index) == [0, 1])
    #expect(machine.cores.count == 128)
    #expect(machine.cpus.description == "0-255")
    #expect(machine.cores[0] == Topology.Core(cpus: [0, 1], package: 0, node: 0))
    #expect(machine.cores[127] == Topology.Core(cpus: [254, 255], package: 1, node: 1))
  }

  @Test func subNUMAClusters() throws {
    let machine = try Topology(synthetic: "pack:2 numa:4 core:16 pu:2")
    #expect(machine.packages == 2 && machine.nodes.count == 8 && machine.cores.count == 128)
    for (i, core) in machine.cores.enumerated() {
      #expect(core.node == i / 16 && core.package == i / 64)
    }
  }

  @Test func nodesWithACPUOfTheMaskGiveTheFirstOfEachCore() throws {
    let machine = try Topology(synthetic: "numa:3 core:2 pu:2")
    // Cores 0-1, 2-3 | 4-5, 6-7 | 8-9, 10-11.
    let nodes = machine.nodeCPUs(within: CPUSet([1, 2, 3, 10, 11]))
    #expect(nodes.map(\.node) == [0, 2])
    #expect(nodes.map(\.cpus) == [CPUSet([1, 2]), CPUSet([10])])
  }

  @Test func cachesByLevel() throws {
    let machine = try Topology(
      synthetic: "pack:1 l3:2(size=33554432) l2:4(size=1048576) l1d:1(size=32768) core:1 pu:1")
    #expect(
      machine.caches == [
        Topology.Cache(level: 1, bytes: 32768, instances: 8),
        Topology.Cache(level: 2, bytes: 1 << 20, instances: 8),
        Topology.Cache(level: 3, bytes: 32 << 20, instances: 2),
      ])
    #expect(machine.cacheBytes(level: 2) == 1 << 20 && machine.cacheBytes(level: 4) == nil)
  }

  @Test func machineWithoutPackagesAndCores() throws {
    let machine = try Topology(synthetic: "pu:3")
    #expect(machine.cores.map(\.cpus) == [[0], [1], [2]])
    #expect(machine.packages == 1 && machine.nodes.count == 1)
  }

  @Test func readsXML() throws {
    let machine = try Topology(xml: Self.xml)
    #expect(
      machine.cores == [
        Topology.Core(cpus: [0, 2], package: 0, node: 0),
        Topology.Core(cpus: [1, 3], package: 0, node: 0),
      ])
    #expect(machine.nodes == [Topology.Node(index: 0, bytes: 1 << 30)])
  }

  @Test(arguments: ["", "nonsense", "pack:0", "pack:2 core:x"])
  func refusesWhatItCannotRead(text: String) {
    #expect(throws: MachineError.topology("'\(text)'")) { try Topology(synthetic: text) }
  }

  @Test func refusesBrokenXML() {
    #expect(throws: MachineError.topology("the XML document")) { try Topology(xml: "<topology>") }
  }

  @Test func thisMachineHasCoresAndMemory() throws {
    let machine = try Topology.ofThisMachine()
    #expect(machine.packages >= 1 && !machine.cores.isEmpty && !machine.nodes.isEmpty)
    #expect(machine.cores.allSatisfy { !$0.cpus.isEmpty })
    #expect(machine.nodes.reduce(0) { $0 + $1.bytes } > 0)
  }

  /// Linux numbers hyperthreads so: CPU 2 is core 0's second.
  static let xml = """
    <?xml version="1.0" encoding="UTF-8"?>
    <!DOCTYPE topology SYSTEM "hwloc2.dtd">
    <topology version="2.0">
      <object type="Machine" os_index="0" cpuset="0xf" complete_cpuset="0xf" allowed_cpuset="0xf"
       nodeset="0x1" complete_nodeset="0x1" allowed_nodeset="0x1" gp_index="1">
        <object type="NUMANode" os_index="0" cpuset="0xf" complete_cpuset="0xf" nodeset="0x1"
         complete_nodeset="0x1" gp_index="2" local_memory="1073741824"/>
        <object type="Package" os_index="0" cpuset="0xf" complete_cpuset="0xf" nodeset="0x1"
         complete_nodeset="0x1" gp_index="3">
          <object type="Core" os_index="0" cpuset="0x5" complete_cpuset="0x5" nodeset="0x1"
           complete_nodeset="0x1" gp_index="4">
            <object type="PU" os_index="0" cpuset="0x1" complete_cpuset="0x1" nodeset="0x1"
             complete_nodeset="0x1" gp_index="5"/>
            <object type="PU" os_index="2" cpuset="0x4" complete_cpuset="0x4" nodeset="0x1"
             complete_nodeset="0x1" gp_index="6"/>
          </object>
          <object type="Core" os_index="1" cpuset="0xa" complete_cpuset="0xa" nodeset="0x1"
           complete_nodeset="0x1" gp_index="7">
            <object type="PU" os_index="1" cpuset="0x2" complete_cpuset="0x2" nodeset="0x1"
             complete_nodeset="0x1" gp_index="8"/>
            <object type="PU" os_index="3" cpuset="0x8" complete_cpuset="0x8" nodeset="0x1"
             complete_nodeset="0x1" gp_index="9"/>
          </object>
        </object>
      </object>
    </topology>
    """
}
