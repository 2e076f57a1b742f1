import Synchronization

/// An atomic counter that hands out indices inside a parallel region. It orders nothing else: what
/// threads write for each other is ordered by the team's barrier or the end of the region.
public struct WorkCounter: ~Copyable, Sendable {
  private let value = Atomic<Int>(0)

  /// A counter at 0.
  public init() {}

  /// Adds `amount` and returns the value before.
  public func next(_ amount: Int = 1) -> Int {
    value.wrappingAdd(amount, ordering: .relaxed).oldValue
  }
}

/// Several counters, a cache line each, so that threads at different ones do not slow each other.
public struct WorkCounters: ~Copyable, @unchecked Sendable {
  private static let spacing = ArenaLayout.line * MemoryLayout<Float>.stride
  private let memory: UnsafeMutableRawPointer
  private let count: Int

  /// `count` counters at 0.
  public init(count: Int) {
    self.count = count
    memory = .allocate(byteCount: count * Self.spacing, alignment: Self.spacing)
    for index in 0..<count { counter(index).initialize(to: WorkCounter()) }
  }

  deinit {
    for index in 0..<count { counter(index).deinitialize(count: 1) }
    memory.deallocate()
  }

  /// Adds `amount` to a counter and returns its value before.
  public func next(_ index: Int, by amount: Int = 1) -> Int {
    counter(index).pointee.next(amount)
  }

  private func counter(_ index: Int) -> UnsafeMutablePointer<WorkCounter> {
    precondition(index >= 0 && index < count, "WorkCounters: \(index) of \(count)")
    return (memory + index * Self.spacing).assumingMemoryBound(to: WorkCounter.self)
  }
}
