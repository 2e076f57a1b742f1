import Testing

@testable import Machine

/// Containers and control groups of all kinds, described by their files.
@Suite struct CgroupTests {
  static let v2Mount = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"

  private func v2(_ group: String, _ files: [String: String]) -> CgroupLimits {
    let proc = [
      "/proc/self/cgroup": "0::\(group)\n",
      "/proc/self/mountinfo": "22 28 0:21 / /proc rw - proc proc rw\n" + Self.v2Mount,
    ]
    return CgroupLimits(files: SystemFiles(files.merging(proc) { $1 }))
  }

  @Test func nothingThereLimitsNothing() {
    #expect(CgroupLimits(files: SystemFiles([:])) == CgroupLimits())
    #expect(v2("/a", [:]) == CgroupLimits())
  }

  @Test(arguments: [
    ("765000 100000\n", 7.65), ("50000 100000\n", 0.5), ("max 100000\n", nil), ("garbage", nil),
    ("", nil), ("0 100000", nil), ("100000 0", nil), ("-1 100000", nil), ("1 2 3", nil),
  ])
  func quotaOfVersion2(text: String, quota: Double?) {
    #expect(v2("/a", ["/sys/fs/cgroup/a/cpu.max": text]).cpuQuota == quota)
  }

  @Test func nestedGroupsTakeTheSmallest() {
    let limits = v2(
      "/a/b/c",
      [
        "/sys/fs/cgroup/a/b/c/cpu.max": "max 100000", "/sys/fs/cgroup/a/b/cpu.max": "400000 100000",
        "/sys/fs/cgroup/a/cpu.max": "250000 100000", "/sys/fs/cgroup/cpu.max": "900000 100000",
        "/sys/fs/cgroup/x/cpu.max": "100000 100000",
      ])
    #expect(limits.cpuQuota == 2.5)
  }

  @Test func containerWithItsOwnNamespaceSeesTheRoot() {
    #expect(v2("/", ["/sys/fs/cgroup/cpu.max": "200000 100000"]).cpuQuota == 2)
    // A group above the namespace's root cannot be seen.
    #expect(v2("/../other", ["/sys/fs/cgroup/cpu.max": "200000 100000"]).cpuQuota == 2)
  }

  static let v1Mounts = """
    33 25 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
    34 25 0:29 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory
    35 25 0:30 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw

    """

  @Test func version1() {
    let cpu = "/sys/fs/cgroup/cpu,cpuacct/jobs"
    let memory = "/sys/fs/cgroup/memory/jobs"
    let limits = CgroupLimits(
      files: SystemFiles([
        "/proc/self/cgroup": "4:memory:/jobs/7\n3:cpu,cpuacct:/jobs/7\n1:name=systemd:/x\n0::/\n",
        "/proc/self/mountinfo": Self.v1Mounts,
        cpu + "/7/cpu.cfs_quota_us": "-1\n", cpu + "/7/cpu.cfs_period_us": "100000\n",
        cpu + "/cpu.cfs_quota_us": "150000\n", cpu + "/cpu.cfs_period_us": "50000\n",
        memory + "/7/memory.limit_in_bytes": "9223372036854771712\n",
        memory + "/7/memory.usage_in_bytes": "1000\n",
        memory + "/memory.limit_in_bytes": "5000\n", memory + "/memory.usage_in_bytes": "3000\n",
        memory + "/memory.stat":
          "inactive_file 1\ntotal_active_file 100\ntotal_inactive_file 400\n",
      ]))
    #expect(limits.cpuQuota == 3)
    #expect(limits.memoryAvailable == 2500)
    #expect(limits.memoryLimit == 5000)
  }

  @Test func version1BindMountInAContainer() {
    // The host's path, but the mount shows only the part below it.
    let limits = CgroupLimits(
      files: SystemFiles([
        "/proc/self/cgroup": "3:cpu:/docker/abc/inner\n",
        "/proc/self/mountinfo": """
        40 25 0:28 /docker/other /mnt/a\\040b rw - cgroup cgroup rw,cpu
        41 25 0:28 /docker/abc /mnt/c\\040d rw - cgroup cgroup rw,cpu

        """,
        "/mnt/c d/inner/cpu.cfs_quota_us": "400000", "/mnt/c d/inner/cpu.cfs_period_us": "100000",
        "/mnt/c d/cpu.cfs_quota_us": "300000", "/mnt/c d/cpu.cfs_period_us": "100000",
        "/mnt/a b/cpu.cfs_quota_us": "100000", "/mnt/a b/cpu.cfs_period_us": "100000",
      ]))
    #expect(limits.cpuQuota == 3)
  }

  @Test func aControllerIsFoundByItsWholeName() {
    let limits = CgroupLimits(
      files: SystemFiles([
        "/proc/self/cgroup": "3:cpuacct:/a\n", "/proc/self/mountinfo": Self.v1Mounts,
        "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "100000",
        "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000",
      ]))
    #expect(limits.cpuQuota == nil)
  }

  @Test func memoryOfVersion2() {
    let group = "/sys/fs/cgroup/a"
    var files = [group + "/memory.max": "10000\n", group + "/memory.current": "7000\n"]
    #expect(v2("/a", files).memoryAvailable == 3000)
    files[group + "/memory.stat"] = "anon 1\nfile 2500\ninactive_file 1500\nactive_file 500\n"
    #expect(v2("/a", files).memoryAvailable == 5000)
    files[group + "/memory.high"] = "6000\n"
    #expect(v2("/a", files).memoryAvailable == 1000)
    #expect(v2("/a", files).memoryLimit == 6000)
    files["/sys/fs/cgroup/memory.max"] = "20000"
    files["/sys/fs/cgroup/memory.current"] = "19500"
    #expect(v2("/a", files).memoryAvailable == 500)
  }

  @Test func oddMemoryNumbersStayInRange() {
    let group = "/sys/fs/cgroup/a"
    let over = [group + "/memory.max": "100", group + "/memory.current": "200"]
    #expect(v2("/a", over).memoryAvailable == 0)
    let max = [group + "/memory.max": "max", group + "/memory.current": "200"]
    #expect(v2("/a", max).memoryAvailable == nil)
    let negative = [group + "/memory.max": "100", group + "/memory.current": "\(Int.min)"]
    #expect(v2("/a", negative).memoryAvailable == 100)
    var cached = [group + "/memory.max": "100", group + "/memory.current": "90"]
    cached[group + "/memory.stat"] = "inactive_file 9223372036854775807\nactive_file 1\n"
    #expect((0...100).contains(v2("/a", cached).memoryAvailable ?? -1))
  }
}

@Suite struct MemoryLimitTests {
  static let meminfo = """
    MemTotal:       24641900 kB
    MemFree:        21000000 kB
    MemAvailable:   22000000 kB

    """

  @Test func theMachineAlone() throws {
    let limit = try #require(MemoryLimit(meminfo: Self.meminfo, cgroup: CgroupLimits()))
    #expect(limit.available == 22_000_000 << 10 && limit.total == 24_641_900 << 10)
    #expect(limit.description == "21 GiB available of 23.5 GiB")
  }

  @Test func theControlGroupIfLess() throws {
    var cgroup = CgroupLimits()
    (cgroup.memoryAvailable, cgroup.memoryLimit) = (3 << 30, 4 << 30)
    let limit = try #require(MemoryLimit(meminfo: Self.meminfo, cgroup: cgroup))
    #expect(limit.available == 3 << 30)
    #expect(limit.description == "3 GiB available of 23.5 GiB, cgroup limit 4 GiB")
    (cgroup.memoryAvailable, cgroup.memoryLimit) = (30 << 30, 40 << 30)
    let loose = try #require(MemoryLimit(meminfo: Self.meminfo, cgroup: cgroup))
    #expect(loose.available == 22_000_000 << 10 && loose.cgroupLimit == nil)
  }

  @Test(arguments: ["", "MemTotal: 1 kB\n", "MemTotal: x kB\nMemAvailable: y kB\n"])
  func withoutTheNumbersThereIsNone(meminfo: String) {
    #expect(MemoryLimit(meminfo: meminfo, cgroup: CgroupLimits()) == nil)
  }

  @Test func thisMachineHasMemory() {
    let limit = MemoryLimit.current()
    #expect(limit.available > 0 && limit.available <= limit.total)
    // Where /proc is hidden too.
    let hidden = MemoryLimit.current(files: SystemFiles([:]))
    #expect(hidden.available > 0 && hidden.total == limit.total)
  }

  @Test(arguments: [
    (0, "0 B"), (512, "512 B"), (32768, "32 KiB"), (1536 << 20, "1.5 GiB"), (1 << 40, "1 TiB"),
  ])
  func bytesForPeople(bytes: Int, text: String) { #expect("\(ByteCount(bytes))" == text) }
}
