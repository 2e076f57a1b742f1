import Glibc

/// What a user or the system can get wrong about the machine; each is one line.
public enum MachineError: Error, Equatable, CustomStringConvertible {
  /// hwloc could not load a topology; what it was given.
  case topology(String)
  /// A list of CPUs that cannot be read: the list, and what is wrong with it.
  case cpuList(String, String)
  /// A CPU that the machine lacks, and those it has.
  case noSuchCPU(Int, existing: CPUSet)
  /// A CPU outside of the process's affinity mask, and the mask.
  case cpuNotAllowed(Int, allowed: CPUSet)
  /// A number of threads outside of 1...limit, and why the limit.
  case threadCount(Int, limit: Int, String)
  /// The system makes no more threads; its error number.
  case noThread(Int32)
  /// Fewer threads than wanted, because the environment says so.
  case threadLimit(Int, wanted: Int)
  /// Fewer threads than wanted, because the system makes no more.
  case threadsRefused(Int, wanted: Int)

  /// Whether the user's flags are at fault, not the system.
  public var isOfFlags: Bool {
    switch self {
    case .cpuList, .noSuchCPU, .cpuNotAllowed, .threadCount: true
    case .topology, .threadLimit, .threadsRefused, .noThread: false
    }
  }

  /// One line: where, expected, found, what to do.
  public var description: String {
    switch self {
    case .topology(let source):
      "hwloc cannot read the topology of \(source)"
    case .cpuList(let list, let detail):
      "--cpus '\(list)': \(detail); expected numbers and ranges such as 0-3,8,10-11"
    case .noSuchCPU(let cpu, let existing):
      "--cpus: CPU \(cpu) does not exist; this machine has \(existing)"
    case .cpuNotAllowed(let cpu, let allowed):
      "--cpus: CPU \(cpu) is not in the affinity mask of this process, \(allowed); "
        + "choose from it or widen it (taskset, cpuset)"
    case .threadCount(let count, let limit, let reason):
      "--threads \(count): expected 1 to \(limit) (\(reason))"
    case .noThread(let code):
      "the system makes no thread for the computation: \(String(cString: strerror(code))): raise the "
        + "limit (ulimit -u, the pids.max of a control group)"
    case .threadLimit(let limit, let wanted):
      "OMP_THREAD_LIMIT=\(limit), where \(wanted) threads are wanted: unset it, or give --threads \(limit)"
    case .threadsRefused(let possible, let wanted):
      "the system lets this process have \(possible) of \(wanted) threads (ulimit -u, the pids.max of a "
        + "control group, memory for stacks): raise the limit, or give --threads \(possible)"
    }
  }
}
