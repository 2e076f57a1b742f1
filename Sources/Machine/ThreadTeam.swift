import CSupport

/// A team of OpenMP threads: `run` is one parallel region, `parallelFor` shares out a loop.
///
/// A body's result must not depend on which thread ran it, nor on the number of threads: each
/// output element has one writer and one order of addition.
public struct ThreadTeam: Sendable {
  /// Number of threads.
  public let count: Int

  /// A team of `count` threads (at least one).
  public init(count: Int) {
    precondition(count >= 1, "ThreadTeam: count \(count) < 1")
    self.count = count
  }

  /// Runs `body(thread)` once on each thread, thread in 0..<count, and waits.
  public func run(_ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { escaping in
      var box = RegionBody(body: escaping)
      withUnsafeMutablePointer(to: &box) { pointer in
        cs_team_run(
          Int32(count),
          { context, thread in
            context?.assumingMemoryBound(to: RegionBody.self).pointee.body(Int(thread))
          }, pointer)
      }
    }
  }

  /// Waits for the whole team; every thread inside `run` must call it equally often.
  public func barrier() {
    if count > 1 { cs_team_barrier() }
  }

  /// Calls `body` with consecutive ranges of at most `grain` indices that cover 0..<n, handed out
  /// to threads as they become free.
  public func parallelFor(_ n: Int, grain: Int = 1, _ body: (Range<Int>) -> Void) {
    precondition(grain >= 1, "ThreadTeam.parallelFor: grain \(grain) < 1")
    if count == 1 || n <= grain {
      var start = 0
      while start < n {
        body(start..<min(start + grain, n))
        start += grain
      }
      return
    }
    var counter = WorkCounter()
    withUnsafeMutablePointer(to: &counter) { counter in
      run { _ in
        while true {
          let start = counter.pointee.next(grain)
          if start >= n { break }
          body(start..<min(start + grain, n))
        }
      }
    }
  }
}

private struct RegionBody {
  let body: (Int) -> Void
}

/// An atomic counter that hands out indices inside a parallel region.
public struct WorkCounter {
  private var value: Int64 = 0

  /// A counter at 0.
  public init() {}

  /// Adds `amount` atomically and returns the value before.
  public mutating func next(_ amount: Int = 1) -> Int {
    Int(cs_fetch_add(&value, Int64(amount)))
  }

  /// Back to 0; not atomic: only one thread, between barriers.
  public mutating func reset() { value = 0 }
}
