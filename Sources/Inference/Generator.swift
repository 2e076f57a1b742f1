public import Machine

/// One text, token by token: a request that has an engine to itself.
public final class Generator {
  /// The engine; its timing is the text's.
  public let engine: Engine
  private let id: Int
  /// Steps that `next` has not returned yet.
  private var steps: ArraySlice<SequenceStep> = []
  private var ended = false

  /// Throws an ``InferenceError`` that says what is wrong with the request. The engine must have no
  /// other requests until this one has ended.
  public init(_ engine: Engine, _ request: SequenceRequest) throws(InferenceError) {
    precondition(engine.unfinished == 0, "Generator: the engine has other requests")
    self.engine = engine
    id = try engine.submit(request)
  }

  /// The next token or the end; nil after the end. Throws ``MemoryError``.
  public func next() throws(MemoryError) -> SequenceStep? {
    while !ended && steps.isEmpty { steps = try engine.step().filter { $0.request == id }[...] }
    guard let step = steps.popFirst() else { return nil }
    ended = step.end != nil
    return step
  }

  /// Ends the text: `next` reports it.
  public func stop() {
    let hasEnded = steps.contains { $0.end != nil }
    steps = hasEnded ? [SequenceStep(request: id, end: .stopped)] : []
    if !hasEnded { engine.cancel(id) }
  }
}
