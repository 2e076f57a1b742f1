import Glibc

/// The thread that owns a process's team of threads: it alone calls ``ThreadTeam/run(_:)``.
///
/// A team binds the thread that calls it, threads that a bound thread makes inherit its CPU, and
/// OpenMP keeps a pool of threads for each thread that calls it. So a program computes on one thread
/// that does nothing else, and all its other threads stay unbound.
public final class TeamThread: Sendable {
  private let thread: pthread_t

  /// Starts a thread for the rest of the process, or until `body` returns, whose team has the threads
  /// of `plan`. No signal is handled on it or on the team's threads. Throws
  /// ``MachineError/noThread(_:)``.
  public init(
    _ plan: ThreadPlan, _ body: @escaping @Sendable (ThreadTeam) -> Void
  ) throws(MachineError) {
    var none = sigset_t()
    sigfillset(&none)
    thread = try Self.start(
      Work(signals: Self.withoutFaults(none)) { body(ThreadTeam(plan: plan)) })
  }

  /// Waits until the thread's body has returned; to be called once.
  public func join() { pthread_join(thread, nil) }

  /// Runs `body` with the team of a plan on a thread of its own, and waits. Signals are handled on that
  /// thread meanwhile, so that they end what it waits for, and not on the caller's.
  ///
  /// Where the system makes no thread, the caller becomes the owner: no thread can come after it that
  /// would inherit its CPU.
  public static func run<Value, Failure: Error>(
    _ plan: ThreadPlan, _ body: (ThreadTeam) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    var result: Result<Value, Failure>?
    let compute = { () -> Void in
      do throws(Failure) {
        result = .success(try body(ThreadTeam(plan: plan)))
      } catch {
        result = .failure(error)
      }
    }
    withoutActuallyEscaping(compute) { compute in
      var (all, before) = (sigset_t(), sigset_t())
      sigfillset(&all)
      all = withoutFaults(all)
      pthread_sigmask(SIG_SETMASK, &all, &before)
      do throws(MachineError) {
        pthread_join(try start(Work(signals: before, body: compute)), nil)
        pthread_sigmask(SIG_SETMASK, &before, nil)
      } catch {
        pthread_sigmask(SIG_SETMASK, &before, nil)
        compute()
      }
    }
    guard let result else { preconditionFailure("TeamThread.run: the body has not run") }
    return try result.get()
  }

  /// What a new thread gets.
  private final class Work {
    /// The signals that it blocks.
    let signals: sigset_t
    let body: () -> Void

    init(signals: sigset_t, body: @escaping () -> Void) {
      (self.signals, self.body) = (signals, body)
    }
  }

  /// As the first thread of a process usually has.
  private static let stackBytes = 8 << 20

  private static func start(_ work: Work) throws(MachineError) -> pthread_t {
    var (thread, attributes) = (pthread_t(), pthread_attr_t())
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackBytes)
    let context = Unmanaged.passRetained(work)
    let code = pthread_create(
      &thread, &attributes,
      { context in
        guard let context else { return nil }
        let work = Unmanaged<Work>.fromOpaque(context).takeRetainedValue()
        var signals = work.signals
        pthread_sigmask(SIG_SETMASK, &signals, nil)
        work.body()
        return nil
      }, context.toOpaque())
    if code != 0 {
      context.release()
      throw .noThread(code)
    }
    return thread
  }

  /// A fault is the thread's own: blocked, it would end the process without a word.
  private static func withoutFaults(_ signals: sigset_t) -> sigset_t {
    var signals = signals
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS] {
      sigdelset(&signals, fault)
    }
    return signals
  }
}
