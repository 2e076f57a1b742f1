import CSupport

/// What a machine is made of, read once through hwloc: a value, so that plans can be computed for
/// machines that we do not have.
public struct Topology: Sendable, Equatable {
  /// A physical core.
  public struct Core: Sendable, Equatable {
    /// Its logical CPUs by the system's numbers; more than one with SMT.
    public let cpus: [Int]
    /// Index of its package.
    public let package: Int
    /// The system's number of its NUMA node.
    public let node: Int

    /// A core of the given logical CPUs, package and NUMA node.
    public init(cpus: [Int], package: Int, node: Int) {
      self.cpus = cpus
      self.package = package
      self.node = node
    }
  }

  /// A NUMA node.
  public struct Node: Sendable, Equatable {
    /// The system's number.
    public let index: Int
    /// Local memory in bytes, 0 if unknown.
    public let bytes: Int
  }

  /// The data caches of one level.
  public struct Cache: Sendable, Equatable {
    /// 1, 2, 3, …
    public let level: Int
    /// Bytes of one of them.
    public let bytes: Int
    /// How many there are.
    public let instances: Int
  }

  /// Cores in hwloc's logical order: neighbours in the list share caches, then node, then package.
  public let cores: [Core]
  /// NUMA nodes; at least one.
  public let nodes: [Node]
  /// Data caches, innermost first. Empty where the system hides them.
  public let caches: [Cache]

  /// Number of packages (sockets).
  public var packages: Int { Set(cores.map(\.package)).count }
  /// Every logical CPU.
  public var cpus: CPUSet { CPUSet(cores.flatMap(\.cpus)) }
  /// Bytes of one cache of a level, nil where unknown.
  public func cacheBytes(level: Int) -> Int? {
    caches.first { $0.level == level && $0.bytes > 0 }?.bytes
  }

  /// The NUMA nodes that have a CPU of `affinity`: the system's number of each, and the first such CPU
  /// of each of its cores.
  public func nodeCPUs(within affinity: CPUSet) -> [(node: Int, cpus: CPUSet)] {
    nodes.compactMap { node in
      let cpus = cores.filter { $0.node == node.index }
        .compactMap { $0.cpus.first(where: affinity.contains) }
      return cpus.isEmpty ? nil : (node.index, CPUSet(cpus))
    }
  }

  /// The machine that we run on. Throws ``MachineError/topology(_:)``.
  public static func ofThisMachine() throws(MachineError) -> Topology {
    try Topology(source: CS_THIS_MACHINE, text: "", name: "this machine")
  }

  /// A machine in hwloc's synthetic language, such as "pack:2 numa:4 core:16 pu:2".
  /// Throws ``MachineError/topology(_:)``.
  public init(synthetic: String) throws(MachineError) {
    try self.init(source: CS_SYNTHETIC, text: synthetic, name: "'\(synthetic)'")
  }

  /// A machine as `lstopo --of xml` writes it. Throws ``MachineError/topology(_:)``.
  public init(xml: String) throws(MachineError) {
    try self.init(source: CS_XML, text: xml, name: "the XML document")
  }

  private init(source: cs_topology_source, text: String, name: String) throws(MachineError) {
    guard let topology = cs_topology_open(source, text) else { throw .topology(name) }
    defer { cs_topology_close(topology) }

    let logical = Self.all(cs_cpu()) { cs_topology_cpus(topology, $0, $1) }
    var cores: [Core] = []
    var lastCore: Int32?
    for cpu in logical {
      var siblings = [Int(cpu.cpu)]
      if cpu.core == lastCore, let core = cores.popLast() { siblings = core.cpus + siblings }
      cores.append(Core(cpus: siblings, package: Int(cpu.package), node: Int(cpu.node)))
      lastCore = cpu.core
    }
    guard !cores.isEmpty else { throw .topology(name) }
    self.cores = cores
    nodes = Self.all(cs_numa_node()) { cs_topology_nodes(topology, $0, $1) }
      .map { Node(index: Int($0.node), bytes: Int($0.bytes)) }
    caches = Self.all(cs_cache()) { cs_topology_caches(topology, $0, $1) }
      .map { Cache(level: Int($0.level), bytes: Int($0.bytes), instances: Int($0.instances)) }
  }

  /// Everything that `fill(buffer, capacity)`, which returns the full count, has to give.
  private static func all<Row>(
    _ empty: Row, _ fill: (UnsafeMutablePointer<Row>?, Int32) -> Int32
  ) -> [Row] {
    var rows = [Row](repeating: empty, count: Int(fill(nil, 0)))
    _ = rows.withUnsafeMutableBufferPointer { fill($0.baseAddress, Int32($0.count)) }
    return rows
  }
}
