import ArgumentParser
import CSupport
import Glibc
import Synchronization

/// SIGINT, SIGTERM and SIGHUP ask the run to stop after the step, or within an evaluation; a second SIGINT
/// ends the program at once, as it would have without us. SIGPIPE (nobody reads) and SIGXFSZ (a file may not grow) end no run:
/// the write fails, and that is handled. A signal that was ignored when the program
/// started (`nohup`, `&` in a script) stays ignored. SIGQUIT and what else another process may send end the
/// program by the signal.
enum Interrupts {
  private static let received = Atomic<Int32>(0)

  /// Whether a stop was asked for.
  static var isRequested: Bool { received.load(ordering: .relaxed) != 0 }

  /// What a shell expects of a program that a signal stopped: 128 and its number.
  static var exitCode: ExitCode { ExitCode(128 + received.load(ordering: .relaxed)) }

  /// Whether a stop was asked for; asked once more it is false.
  static func take() -> Bool { received.exchange(0, ordering: .relaxed) != 0 }

  /// For a session with a user: SIGINT, however often, only asks the text under way to stop, or ends
  /// the wait for a line. SIGTERM and SIGHUP end the program as they would without us.
  static func installForSession() {
    // Without SA_RESTART, which `signal` sets.
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { number in
      Interrupts.received.store(number, ordering: .relaxed)
    }
    sigaction(SIGINT, &action, nil)
    signal(SIGPIPE, SIG_IGN)
  }

  /// Signals from outside that no function here takes end the program, without the crash report that
  /// is for faults of its own.
  static func endByForeignSignals() { cs_end_by_foreign_signals() }

  /// Says that the wish is known; with nothing but what a handler may call.
  private static func acknowledge() {
    let text: StaticString = "\nstopping after what is under way; Ctrl-C again stops at once\n"
    _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
  }

  /// Throws the exit code if a stop was asked for.
  static func check() throws { if isRequested { throw exitCode } }

  /// Installs the handlers.
  static func install() {
    let handler: @convention(c) (Int32) -> Void = { number in
      // What the interrupted code has yet to read of its own call.
      let saved = errno
      defer { errno = saved }
      Interrupts.received.store(number, ordering: .relaxed)
      if number == SIGINT {
        signal(SIGINT, SIG_DFL)
        if isatty(STDERR_FILENO) != 0 { Interrupts.acknowledge() }
      }
    }
    for number in [SIGINT, SIGTERM, SIGHUP] {
      let before = signal(number, SIG_IGN)
      let wasIgnored = unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
      if !wasIgnored { signal(number, handler) }
    }
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
  }
}
