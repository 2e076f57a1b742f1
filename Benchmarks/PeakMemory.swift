import Glibc
import Machine

/// The largest resident memory of this process, as Linux counts it (proc(5)).
enum PeakMemory {
  /// Starts counting anew from what is resident now.
  static func reset() {
    let descriptor = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = write(descriptor, "5", 1)
    close(descriptor)
  }

  /// Bytes since the last reset, or nil where the system does not tell.
  static func bytes() -> Int? {
    let lines = SystemFiles.real.read("/proc/self/status")?.split(separator: "\n") ?? []
    guard let line = lines.first(where: { $0.hasPrefix("VmHWM:") }) else { return nil }
    return line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first
      .flatMap { Int($0) }.map { $0 * 1024 }
  }
}
