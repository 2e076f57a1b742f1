import CSupport

/// A team of OpenMP threads: `run` is one parallel region, `parallelFor` shares out a loop.
///
/// A body's result must not depend on which thread ran it, nor on the number of threads: each
/// output element has one writer and one order of addition. Inside a body denormals are zero, as
/// input and as output, on every thread and for every count; the caller's mode is restored.
///
/// A team is a value; its threads are the process's (one OpenMP pool for each thread that calls
/// `run`), so teams of several sizes may take turns. A program calls `run` on one thread only, a
/// ``TeamThread``. A body must not call `run` of a team of more
/// than one thread.
public struct ThreadTeam: Sendable {
  /// Number of threads.
  public let count: Int
  /// The logical CPU of each thread, nil if they are not bound.
  private let cpus: [Int32]?
  /// More threads than CPUs, so one that waits must not spin.
  private let passive: Bool

  /// A team of `count` threads (at least one), not bound to CPUs.
  public init(count: Int) {
    precondition(count >= 1, "ThreadTeam: count \(count) < 1")
    self.count = count
    cpus = nil
    passive = count > Int(cs_process_cpu_count())
  }

  /// The team of another plan for the thread that owns `owned`.
  public init(plan: ThreadPlan, besides owned: ThreadTeam) { self.init(plan: plan) }

  /// The team of a plan. If the plan binds threads, each is bound when it first runs and stays so;
  /// that includes the thread that calls `run`. For ``TeamThread`` alone, so that no other thread of a
  /// program gets bound.
  init(plan: ThreadPlan) {
    count = plan.count
    cpus = plan.cpus.map { $0.map(Int32.init) }
    passive = plan.oversubscribed
  }

  /// Runs `body(thread)` once on each thread, thread in 0..<count, and waits.
  public func run(_ body: (Int) -> Void) {
    let given = withoutActuallyEscaping(body) { escaping in
      var box = RegionBody(body: escaping)
      return withUnsafeMutablePointer(to: &box) { pointer in
        start(pointer) { context, thread in
          context?.assumingMemoryBound(to: RegionBody.self).pointee.body(Int(thread))
        }
      }
    }
    guard given == count else {
      // Not a precondition: the system can cause it, so a release build has to say it too.
      fatalError(
        "ThreadTeam.run: OpenMP gave \(given) of \(count) threads (or run inside of run)")
    }
  }

  private func start(
    _ context: UnsafeMutableRawPointer,
    _ body: @convention(c) (UnsafeMutableRawPointer?, Int32) -> Void
  ) -> Int {
    guard let cpus else {
      return Int(cs_team_run(Int32(count), nil, passive ? 1 : 0, body, context))
    }
    return cpus.withUnsafeBufferPointer {
      Int(cs_team_run(Int32(count), $0.baseAddress, passive ? 1 : 0, body, context))
    }
  }

  /// A thread's contiguous part of `n` things, in the order of the threads: the same one each time, so
  /// that memory stays with the thread that touched it first.
  public func share(of n: Int, thread: Int) -> Range<Int> {
    n * thread / count..<n * (thread + 1) / count
  }

  /// Waits for the whole team; every thread inside `run` must call it equally often.
  public func barrier() {
    if count > 1 { cs_team_barrier() }
  }

  /// Calls `body` once for each item of 0..<n, handed out to threads as they become free, with the
  /// number of the thread, whose buffers it may use.
  public func forEach(_ n: Int, _ body: (_ item: Int, _ thread: Int) -> Void) {
    let counter = WorkCounter()
    run { thread in
      while true {
        let item = counter.next()
        if item >= n { break }
        body(item, thread)
      }
    }
  }

  /// Calls `body` with consecutive ranges of at most `grain` indices that cover 0..<n, handed out
  /// to threads as they become free.
  public func parallelFor(_ n: Int, grain: Int = 1, _ body: (Range<Int>) -> Void) {
    precondition(grain >= 1, "ThreadTeam.parallelFor: grain \(grain) < 1")
    if count == 1 || n <= grain {
      // A region all the same: its threads flush denormals, and results must not depend on n.
      ThreadTeam(count: 1).run { _ in
        for start in stride(from: 0, to: n, by: grain) { body(start..<min(start + grain, n)) }
      }
      return
    }
    forEach((n + grain - 1) / grain) { item, _ in
      body(item * grain..<min((item + 1) * grain, n))
    }
  }

  /// Like ``parallelFor(_:grain:_:)``, but each thread goes through a part of 0..<n of its own, the
  /// same one each time, from its start to its end, before it helps the others with theirs: so what a
  /// thread reads is one stream of memory, placed where the thread is. `body` gets the number of the
  /// thread too.
  public func parallelShares(
    _ n: Int, grain: Int = 1, _ body: (_ range: Range<Int>, _ thread: Int) -> Void
  ) {
    precondition(grain >= 1, "ThreadTeam.parallelShares: grain \(grain) < 1")
    if count == 1 || n <= grain { return parallelFor(n, grain: grain) { body($0, 0) } }
    let counters = WorkCounters(count: count)
    run { thread in
      for other in 0..<count {
        let owner = (thread + other) % count
        let part = share(of: n, thread: owner)
        while true {
          let start = part.lowerBound + grain * counters.next(owner)
          if start >= part.upperBound { break }
          body(start..<min(start + grain, part.upperBound), thread)
        }
      }
    }
  }
}

private struct RegionBody {
  let body: (Int) -> Void
}
