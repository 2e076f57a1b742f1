/// The limits that Linux control groups, versions 1 and 2, put on this process: the smallest over
/// its group and all ancestors that can be seen.
public struct CgroupLimits: Sendable, Equatable {
  /// CPUs' worth of time that may be used, such as 7.65; nil without a limit.
  public var cpuQuota: Double?
  /// Bytes that may still be allocated: limit − usage + reclaimable file cache; nil without a limit.
  public var memoryAvailable: Int?
  /// The memory limit that `memoryAvailable` comes from, in bytes.
  public var memoryLimit: Int?

  /// No limits.
  public init() {}

  /// Reads the limits out of /proc/self/cgroup, /proc/self/mountinfo and the mounted hierarchies.
  /// What is absent or cannot be parsed limits nothing.
  public init(files: SystemFiles) {
    let hierarchies = Hierarchy.all(
      groups: files.read("/proc/self/cgroup") ?? "",
      mounts: files.read("/proc/self/mountinfo") ?? "")
    for hierarchy in hierarchies {
      for directory in hierarchy.directories {
        if hierarchy.controls("cpu") {
          lowerQuota(to: Self.quota(hierarchy.version, directory, files))
        }
        if hierarchy.controls("memory") { lowerMemory(hierarchy.version, directory, files) }
      }
    }
  }

  private mutating func lowerQuota(to quota: Double?) {
    if let quota { cpuQuota = min(quota, cpuQuota ?? quota) }
  }

  /// v2: cpu.max is "765000 100000" or "max 100000"; v1: cpu.cfs_quota_us, −1 for none.
  private static func quota(_ version: Int, _ directory: String, _ files: SystemFiles) -> Double? {
    let text =
      if version == 2 {
        files.read(directory + "/cpu.max")
      } else if let quota = files.read(directory + "/cpu.cfs_quota_us"),
        let period = files.read(directory + "/cpu.cfs_period_us")
      {
        quota + " " + period
      } else {
        String?.none
      }
    let words = text?.split(whereSeparator: \.isWhitespace) ?? []
    guard words.count == 2, let quota = Int(words[0]), let period = Int(words[1]),
      quota > 0, period > 0
    else { return nil }
    return Double(quota) / Double(period)
  }

  private mutating func lowerMemory(_ version: Int, _ directory: String, _ files: SystemFiles) {
    func number(_ file: String) -> Int? {
      files.read(directory + "/" + file).flatMap { Int($0.filter { !$0.isWhitespace }) }
    }
    // Above memory.high the kernel slows a group down until it is useless.
    let limits =
      version == 2
      ? [number("memory.max"), number("memory.high")] : [number("memory.limit_in_bytes")]
    let usage = number(version == 2 ? "memory.current" : "memory.usage_in_bytes")
    guard let limit = limits.compactMap({ $0 }).min(), limit >= 0, let usage else { return }
    // Usage counts the page cache of mapped and read files, which gives way to allocations.
    let prefix = version == 2 ? "" : "total_"
    let statistics = files.read(directory + "/memory.stat") ?? ""
    let reclaimable = [prefix + "inactive_file", prefix + "active_file"]
      .compactMap { KeyedNumbers.value(of: $0, in: statistics) }.reduce(0) { $0 &+ $1 }
    let used = max(0, usage - min(max(0, reclaimable), max(0, usage)))
    let available = max(0, limit - min(used, limit))
    if memoryAvailable.map({ available < $0 }) ?? true {
      memoryAvailable = available
      memoryLimit = limit
    }
  }
}

/// One mounted cgroup hierarchy and where this process is in it.
private struct Hierarchy {
  let version: Int
  /// Names of the v1 controllers.
  let controllers: [Substring]
  /// The directory of our group, then those of its ancestors up to the mount point.
  let directories: [String]

  func controls(_ controller: String) -> Bool {
    version == 2 || controllers.contains { $0 == controller }
  }

  /// - groups: /proc/self/cgroup, lines "hierarchy:controllers:path" (v2 has no controllers)
  /// - mounts: /proc/self/mountinfo, "id parent dev root point options … - type source options"
  static func all(groups: String, mounts: String) -> [Hierarchy] {
    let mounts = mounts.split(separator: "\n").compactMap(Mount.init)
    return groups.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return nil }
      let (controllers, path) = (fields[1].split(separator: ","), String(fields[2]))
      let version = controllers.isEmpty ? 2 : 1
      let candidates = mounts.filter {
        $0.version == version && controllers.allSatisfy($0.options.contains)
      }
      // A bind mount may show another part of the tree: one that holds our group comes first.
      guard let mount = candidates.first(where: { $0.holds(path) }) ?? candidates.first
      else { return nil }
      return Hierarchy(
        version: version, controllers: controllers, directories: mount.directories(of: path))
    }
  }
}

private struct Mount {
  let version: Int
  let root: String
  let point: String
  let options: [Substring]

  init?(_ line: Substring) {
    let fields = line.split(separator: " ")
    guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count >= dash + 4 else {
      return nil
    }
    switch fields[dash + 1] {
    case "cgroup2": version = 2
    case "cgroup": version = 1
    default: return nil
    }
    root = Self.unescaped(fields[3])
    point = Self.unescaped(fields[4])
    options = fields[dash + 3].split(separator: ",")
  }

  /// The part of `path` below this mount's root; nil if it lies elsewhere.
  private func below(_ path: String) -> [Substring]? {
    let (root, path) = (root.split(separator: "/"), path.split(separator: "/"))
    guard path.starts(with: root), !path.contains("..") else { return nil }
    return Array(path.dropFirst(root.count))
  }

  func holds(_ path: String) -> Bool { below(path) != nil }

  func directories(of path: String) -> [String] {
    let names = below(path) ?? []
    return (0...names.count).reversed().map { depth in
      names[..<depth].reduce(point == "/" ? "" : point) { $0 + "/" + $1 }
    }
  }

  /// mountinfo writes a space as \040.
  private static func unescaped(_ field: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(field.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3,
        let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Files of lines "name number" or "name: number kB".
enum KeyedNumbers {
  /// The number of the first line whose first word is `key`.
  static func value(of key: String, in text: String) -> Int? {
    for line in text.split(separator: "\n") {
      let words = line.split(whereSeparator: \.isWhitespace)
      if words.count >= 2, words[0] == key { return Int(words[1]) }
    }
    return nil
  }
}
