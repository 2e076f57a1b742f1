import Testing

@testable import Machine

@Suite struct CPUSetTests {
  @Test(arguments: [
    ("0", [0]), ("0-3,8,10-11", [0, 1, 2, 3, 8, 10, 11]), ("5,1,5,0-1", [0, 1, 5]),
    ("007", [7]), ("8191", [8191]),
  ])
  func parses(list: String, cpus: [Int]) throws {
    #expect(try CPUSet(parsing: list).cpus == cpus)
  }

  @Test(arguments: [
    "", ",", "1,", "a", "-1", "1-", "1-2-3", " 1", "+1", "1 2", "0x1", "3-1", "8192",
    "0-99999999999999999999", "٣", "1,\u{0}",
  ])
  func refuses(list: String) {
    #expect {
      try CPUSet(parsing: list)
    } throws: { error in
      guard case .cpuList(list, _) = error as? MachineError else { return false }
      return "\(error)".hasPrefix("--cpus '") && "\(error)".contains("0-3,8,10-11")
    }
  }

  @Test(arguments: ["0", "0-3,8,10-11", "0-1,3-8191"])
  func printsWhatItParses(list: String) throws {
    #expect(try CPUSet(parsing: list).description == list)
  }

  @Test func containsItsMembersOnly() {
    let members = [0, 1, 5, 63, 64, 200]
    let set = CPUSet(members)
    for cpu in -1..<300 { #expect(set.contains(cpu) == members.contains(cpu)) }
    #expect(CPUSet([]).description == "none" && !CPUSet([]).contains(0))
  }

  @Test func processHasACPU() throws {
    let cpus = CPUSet.ofThisProcess
    #expect(cpus.count >= 1)
    let topology = try Topology.ofThisMachine()
    #expect(cpus.cpus.allSatisfy(topology.cpus.contains))
  }
}
