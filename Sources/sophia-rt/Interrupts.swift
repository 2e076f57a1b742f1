import Glibc
import Synchronization

/// SIGINT, SIGTERM and SIGHUP ask the run to stop after the step; a second SIGINT ends the program at
/// once, as it would have without us. SIGPIPE ends no run.
enum Interrupts {
  private static let requested = Atomic<Bool>(false)

  /// Whether a stop was asked for.
  static var isRequested: Bool { requested.load(ordering: .relaxed) }

  /// Installs the handlers.
  static func install() {
    let handler: @convention(c) (Int32) -> Void = { number in
      Interrupts.requested.store(true, ordering: .relaxed)
      if number == SIGINT { signal(SIGINT, SIG_DFL) }
    }
    for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, handler) }
    signal(SIGPIPE, SIG_IGN)
  }

  /// Forgets a request (an interactive session goes on after Ctrl-C).
  static func reset() {
    requested.store(false, ordering: .relaxed)
    install()
  }
}
