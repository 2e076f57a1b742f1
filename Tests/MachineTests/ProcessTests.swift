import CSupport
import Glibc
import Testing

@testable import Machine

@Suite struct ProcessTests {
  @Test func theArgumentsAreThoseOfTheProcess() throws {
    var count: Int32 = 0
    let words = try #require(cs_arguments(&count))
    let arguments = (0..<Int(count)).compactMap { words[$0].map { String(cString: $0) } }
    let text = try #require(SystemFiles.real.read("/proc/self/cmdline"))
    #expect(arguments.count == Int(count) && count >= 1)
    #expect(arguments.map { $0 + "\0" }.joined() == text)
  }

  /// OpenMP registers in memory: nothing of this process is among the files that others see.
  @Test func openMPLeavesNothingInSharedMemory() {
    ThreadTeam(count: 2).run { _ in }
    let name = "/__KMP_REGISTERED_LIB_\(getpid())_\(getuid())"
    #expect(access("/dev/shm" + name, F_OK) != 0)
    // Others' names reach the system as before.
    let own = "/sophia-rt-test-\(getpid())"
    let descriptor = shm_open(own, O_CREAT | O_RDWR, 0o600)
    #expect(descriptor >= 0)
    #expect(access("/dev/shm" + own, F_OK) == 0)
    #expect(shm_unlink(own) == 0 && access("/dev/shm" + own, F_OK) != 0)
    close(descriptor)
  }

  @Test func threadsThatTheSystemGivesAreCounted() {
    for count in [1, 2, 7] { #expect(cs_team_possible(Int32(count)) == Int32(count)) }
  }

  @Test func memoryThatIsRefusedIsNamed() {
    #expect("\(MemoryError(bytes: 300_000, errno: ENOMEM))".hasPrefix("cannot allocate 293 KiB: "))
    #expect("\(MemoryError(bytes: 3 << 30, errno: ENOMEM))".hasPrefix("cannot allocate 3 GiB: "))
  }
}
