import CSupport
import Glibc

/// How many threads compute, and on which CPUs: physical cores ∩ affinity mask ∩ ⌊cgroup quota⌋, and
/// at most OMP_NUM_THREADS, unless the user says otherwise. One thread a core, numbered in hwloc's order: the threads of a
/// NUMA node are consecutive, and so are the nodes of a package.
///
/// Threads are bound where the plan takes every core it may use, or CPUs that the user names. With
/// fewer they are not: two such processes would be bound to the same first cores while others idle.
public struct ThreadPlan: Sendable, Equatable, CustomStringConvertible {
  /// Number of threads.
  public let count: Int
  /// The logical CPU of each thread, or nil if threads are not bound.
  public let cpus: [Int]?
  /// More threads than CPUs: they wait by sleeping.
  public let oversubscribed: Bool
  /// Why, in one line: "2 threads: 2 physical cores, affinity 0-1, no cgroup quota".
  public let description: String

  /// The plan for a machine.
  ///
  /// - topology: the machine
  /// - affinity: the CPUs that the process may run on
  /// - quota: CPUs' worth of time that its control group gives it, nil without a limit
  /// - openMPThreads: the environment's OMP_NUM_THREADS, nil if it is not set; a list's first number
  ///   counts, and what is no number limits nothing
  /// - threads: the user's number of threads; it overrides cores, quota and OMP_NUM_THREADS
  /// - cpus: the user's CPUs, one thread on each; it overrides cores and quota
  ///
  /// Throws ``MachineError`` for a number or CPUs that the machine cannot give.
  public init(
    topology: Topology, affinity: CPUSet, quota: Double? = nil, openMPThreads: String? = nil,
    threads: Int? = nil, cpus: CPUSet? = nil
  ) throws(MachineError) {
    let usable = Self.usable(topology, affinity)
    if let cpus {
      try Self.check(cpus, topology: topology, affinity: affinity)
      try Self.check(threads, limit: cpus.count, "one a CPU of --cpus \(cpus)")
      let list = Self.ordered(cpus, in: topology).prefix(threads ?? cpus.count)
      self.init(
        count: list.count, cpus: Array(list),
        reasons: ["--cpus \(cpus)", Self.text(quota, for: list.count)])
      return
    }
    let logical = usable.reduce(0) { $0 + $1.cpus.count }
    try Self.check(threads, limit: max(Self.most, logical), "more only wait for each other")
    let floor = quota.map { max(1, Int($0)) } ?? Int.max
    let asked = threads == nil ? openMPThreads.map(OpenMPThreads.init) : nil
    let count = threads ?? max(1, min(usable.count, floor, asked?.count ?? .max))

    var reasons = [
      Self.cores(usable, of: topology), "affinity \(affinity)", Self.text(quota, for: count),
    ]
    if let threads { reasons.insert("--threads \(threads)", at: 0) }
    if let asked { reasons.append(asked.description) }
    let whole = count == usable.count || count == logical
    if count < usable.count { reasons.append("not bound") }
    if count > logical { reasons.append("more threads than CPUs") }
    self.init(
      count: count,
      cpus: whole && logical > 0 ? Self.place(count, on: usable) : nil,
      oversubscribed: count > max(logical, 1), reasons: reasons)
  }

  private init(count: Int, cpus: [Int]?, oversubscribed: Bool = false, reasons: [String]) {
    self.count = count
    self.cpus = cpus
    self.oversubscribed = oversubscribed
    description = "\(count) thread\(count == 1 ? "" : "s"): " + reasons.joined(separator: ", ")
  }

  /// The plan for the machine, the affinity mask and the control group that we run in.
  ///
  /// - threads: the user's number of threads, or nil
  /// - cpus: the user's list of CPUs such as "0-3,8", or nil
  public static func forThisMachine(
    threads: Int? = nil, cpus: String? = nil
  ) throws(MachineError) -> ThreadPlan {
    var list: CPUSet?
    if let cpus { list = try CPUSet(parsing: cpus) }
    let plan = try ThreadPlan(
      topology: Topology.ofThisMachine(), affinity: .ofThisProcess,
      quota: CgroupLimits(files: .real).cpuQuota, openMPThreads: OpenMPThreads.environment,
      threads: threads, cpus: list)
    // One thread needs nothing of OpenMP, which is not even started for it.
    guard plan.count > 1 else { return plan }
    let limit = Int(cs_team_limit())
    guard plan.count <= limit else { throw .threadLimit(limit, wanted: plan.count) }
    let possible = Int(cs_team_possible(Int32(plan.count)))
    guard plan.count <= possible else { throw .threadsRefused(possible, wanted: plan.count) }
    return plan
  }

  /// More threads than this are refused on any smaller machine.
  static let most = 1024

  private static func check(_ threads: Int?, limit: Int, _ why: String) throws(MachineError) {
    if let threads, !(1...max(1, limit)).contains(threads) {
      throw .threadCount(threads, limit: limit, why)
    }
  }

  private static func check(
    _ cpus: CPUSet, topology: Topology, affinity: CPUSet
  ) throws(MachineError) {
    let existing = topology.cpus
    for cpu in cpus.cpus {
      if !existing.contains(cpu) { throw .noSuchCPU(cpu, existing: existing) }
      if !affinity.contains(cpu) { throw .cpuNotAllowed(cpu, allowed: affinity) }
    }
    if cpus.count == 0 { throw .cpuList("", "it names no CPU") }
  }

  /// The cores of which the mask has a logical CPU, with those CPUs alone.
  private static func usable(_ topology: Topology, _ affinity: CPUSet) -> [Topology.Core] {
    topology.cores.compactMap { core in
      let allowed = core.cpus.filter(affinity.contains)
      return allowed.isEmpty
        ? nil : Topology.Core(cpus: allowed, package: core.package, node: core.node)
    }
  }

  /// The given CPUs in the order of the machine.
  private static func ordered(_ cpus: CPUSet, in topology: Topology) -> [Int] {
    topology.cores.flatMap(\.cpus).filter(cpus.contains)
  }

  /// `count` is the number of cores, or of all their logical CPUs.
  private static func place(_ count: Int, on cores: [Topology.Core]) -> [Int] {
    count == cores.count ? cores.compactMap(\.cpus.first) : cores.flatMap(\.cpus)
  }

  private static func text(_ quota: Double?, for count: Int) -> String {
    guard let quota else { return "no cgroup quota" }
    let hundredths = Int((min(quota, 1e6) * 100).rounded())
    let fraction = hundredths % 100
    let decimals = fraction == 0 ? "" : fraction < 10 ? ".0\(fraction)" : ".\(fraction)"
    let over = Double(count) > max(quota, 1) ? "over the " : ""
    return over + "cgroup quota of \(hundredths / 100)\(decimals) CPUs"
  }

  private static func cores(_ usable: [Topology.Core], of topology: Topology) -> String {
    let nodes = Set(usable.map(\.node)).count
    let of = usable.count < topology.cores.count ? " of \(topology.cores.count)" : ""
    let plural = topology.cores.count == 1 ? "" : "s"
    return "\(usable.count)\(of) physical core\(plural)"
      + (nodes > 1 ? " on \(nodes) NUMA nodes" : "")
  }
}

/// What OMP_NUM_THREADS says, as OpenMP reads it: a number, or one a level of nesting, of which the
/// first is ours.
struct OpenMPThreads: CustomStringConvertible {
  /// The number; nil if it is none.
  let count: Int?
  /// The variable and what came of it.
  let description: String

  /// The variable of this process, nil if it is not set.
  static var environment: String? { getenv("OMP_NUM_THREADS").map { String(cString: $0) } }

  init(_ text: String) {
    let first = text.split(separator: ",", omittingEmptySubsequences: false).first ?? ""
    let number = first.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
    count = Int(String(number)).flatMap { $0 >= 1 ? $0 : nil }
    description = count.map { "OMP_NUM_THREADS \($0)" } ?? "OMP_NUM_THREADS ignored: not a number"
  }
}
