import Glibc

/// How much memory this process may still take: what the machine has left, or what its control
/// group has, whichever is less.
public struct MemoryLimit: Sendable, Equatable, CustomStringConvertible {
  /// Bytes that can be allocated now without swapping or being killed.
  public let available: Int
  /// Bytes of the machine's memory.
  public let total: Int
  /// The control group's limit in bytes, if that is what `available` comes from.
  public let cgroupLimit: Int?

  /// - meminfo: the text of /proc/meminfo ("MemAvailable:   12345 kB")
  /// - cgroup: the limits of the control groups
  /// Nil if meminfo lacks MemTotal or MemAvailable (Linux has them since 3.14).
  public init?(meminfo: String, cgroup: CgroupLimits) {
    guard let total = KeyedNumbers.value(of: "MemTotal:", in: meminfo),
      let available = KeyedNumbers.value(of: "MemAvailable:", in: meminfo)
    else { return nil }
    self.init(
      available: available.multipliedReportingOverflow(by: 1024).partialValue,
      total: total.multipliedReportingOverflow(by: 1024).partialValue, cgroup: cgroup)
  }

  init(available: Int, total: Int, cgroup: CgroupLimits) {
    self.total = total
    if let inGroup = cgroup.memoryAvailable, inGroup < available {
      (self.available, cgroupLimit) = (inGroup, cgroup.memoryLimit)
    } else {
      (self.available, cgroupLimit) = (available, nil)
    }
  }

  /// The limit as it is now.
  public static func current(files: SystemFiles = .real) -> MemoryLimit {
    let cgroup = CgroupLimits(files: files)
    if let limit = MemoryLimit(meminfo: files.read("/proc/meminfo") ?? "", cgroup: cgroup) {
      return limit
    }
    let page = sysconf(Int32(_SC_PAGESIZE))
    return MemoryLimit(
      available: page * sysconf(Int32(_SC_AVPHYS_PAGES)),
      total: page * sysconf(Int32(_SC_PHYS_PAGES)), cgroup: cgroup)
  }

  /// "21.9 GiB available of 23.5 GiB", with the control group's limit if that is the reason.
  public var description: String {
    let machine = "\(ByteCount(available)) available of \(ByteCount(total))"
    return cgroupLimit.map { machine + ", cgroup limit \(ByteCount($0))" } ?? machine
  }
}

extension MemoryLimit {
  /// Whether there is memory for what is going to be taken.
  /// - parts: each part's bytes, with a name for the user
  /// - advice: what to do if there is not
  /// - Throws: ``MemoryShortage``
  public func require(
    _ parts: [(name: String, bytes: Int)], advice: String
  ) throws(MemoryShortage) {
    var needed = 0
    for part in parts {
      let sum = needed.addingReportingOverflow(part.bytes)
      needed = sum.overflow ? .max : sum.partialValue
    }
    guard needed <= available else {
      throw MemoryShortage(parts: parts, needed: needed, limit: self, advice: advice)
    }
  }
}

/// Work that the machine has no memory for.
public struct MemoryShortage: Error, CustomStringConvertible {
  /// What it takes.
  public let parts: [(name: String, bytes: Int)]
  /// All of it, in bytes.
  public let needed: Int
  /// What there is.
  public let limit: MemoryLimit
  /// What to do.
  public let advice: String

  /// One line for the user, with both amounts.
  public var description: String {
    let list = parts.map { "\($0.name) \(ByteCount($0.bytes))" }.joined(separator: ", ")
    return "not enough memory: \(ByteCount(needed)) needed (\(list)), \(limit): \(advice)"
  }
}

/// Bytes for people: "512 B", "32.0 KiB", "1.5 GiB".
public struct ByteCount: Sendable, Equatable, CustomStringConvertible {
  /// The number of bytes.
  public let bytes: Int

  /// A number of bytes.
  public init(_ bytes: Int) { self.bytes = bytes }

  /// The number with one decimal and a binary unit; whole numbers have none.
  public var description: String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    var (value, unit) = (Double(bytes), 0)
    while value >= 1024 && unit + 1 < units.count { (value, unit) = (value / 1024, unit + 1) }
    let tenths = Int((value * 10).rounded())
    return tenths % 10 == 0
      ? "\(tenths / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }
}
