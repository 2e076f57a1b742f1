/// The machine as `sophia-rt info` shows it.
public struct MachineDescription: Sendable, Equatable {
  /// The CPU's name as Linux gives it.
  public let cpuModel: String
  /// The kernel path of this build, "avx512" or "avx2".
  public let instructionPath: String
  /// The CPU features that this build may use.
  public let instructionFeatures: [String]
  /// Packages, NUMA nodes, cores, caches.
  public let topology: Topology
  /// Threads that would compute now, and why.
  public let plan: ThreadPlan
  /// Memory that could be taken now.
  public let memory: MemoryLimit

  /// A description of its parts.
  public init(cpuModel: String, topology: Topology, plan: ThreadPlan, memory: MemoryLimit) {
    self.cpuModel = cpuModel
    instructionPath = InstructionSet.built
    instructionFeatures = InstructionSet.features
    self.topology = topology
    self.plan = plan
    self.memory = memory
  }

  /// The machine that we run on, with the plan for the user's `--threads` and `--cpus`.
  /// Throws ``MachineError``.
  public static func ofThisMachine(
    threads: Int? = nil, cpus: String? = nil, files: SystemFiles = .real
  ) throws(MachineError) -> MachineDescription {
    let topology = try Topology.ofThisMachine()
    var list: CPUSet?
    if let cpus { list = try CPUSet(parsing: cpus) }
    return MachineDescription(
      cpuModel: Self.cpuModel(files.read("/proc/cpuinfo") ?? ""),
      topology: topology,
      plan: try ThreadPlan(
        topology: topology, affinity: .ofThisProcess, quota: CgroupLimits(files: files).cpuQuota,
        openMPThreads: OpenMPThreads.environment, threads: threads, cpus: list),
      memory: MemoryLimit.current(files: files))
  }

  /// The first "model name" of /proc/cpuinfo's text; "unknown CPU" if there is none.
  static func cpuModel(_ cpuinfo: String) -> String {
    for line in cpuinfo.split(separator: "\n") where line.hasPrefix("model name") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let words = line[line.index(after: colon)...].split(whereSeparator: \.isWhitespace)
      if !words.isEmpty { return words.joined(separator: " ") }
    }
    return "unknown CPU"
  }

  /// One line of a table.
  public struct Row: Sendable, Equatable {
    /// What it is about, one or two words.
    public let label: String
    /// The text beside it.
    public let text: String
  }

  /// Everything as lines of a table of two columns.
  public var rows: [Row] {
    var rows = [
      Row(label: "CPU", text: cpuModel),
      Row(label: "cores", text: cores),
      Row(
        label: "instructions",
        text: "\(instructionPath) (\(instructionFeatures.joined(separator: " ")))"),
    ]
    if !topology.caches.isEmpty { rows.append(Row(label: "caches", text: caches)) }
    rows.append(Row(label: "NUMA nodes", text: nodes))
    rows.append(Row(label: "memory", text: memory.description))
    rows.append(Row(label: "threads", text: plan.description))
    return rows
  }

  private var cores: String {
    let logical = topology.cpus.count
    return "\(topology.packages) package\(topology.packages == 1 ? "" : "s"), "
      + "\(topology.cores.count) physical core\(topology.cores.count == 1 ? "" : "s"), "
      + "\(logical) logical CPU\(logical == 1 ? "" : "s")"
  }

  private var caches: String {
    topology.caches.map { cache in
      let name = cache.level == 1 ? "L1d" : "L\(cache.level)"
      return "\(name) \(ByteCount(cache.bytes))"
        + (cache.instances > 1 ? " × \(cache.instances)" : "")
    }.joined(separator: ", ")
  }

  private var nodes: String {
    let sizes = topology.nodes.map { $0.bytes > 0 ? "\(ByteCount($0.bytes))" : "unknown size" }
    return "\(topology.nodes.count) (" + sizes.joined(separator: ", ") + ")"
  }
}
