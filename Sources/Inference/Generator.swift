public import Machine

/// One text, token by token: a request that has an engine to itself.
public final class Generator {
  /// The engine; its timing is the text's.
  public let engine: Engine
  private let id: Int
  private var ended = false

  /// Throws an ``InferenceError`` that says what is wrong with the request. The engine must have no
  /// other requests until this one has ended.
  public init(_ engine: Engine, _ request: Request) throws(InferenceError) {
    precondition(engine.unfinished == 0, "Generator: the engine has other requests")
    self.engine = engine
    id = try engine.submit(request)
  }

  /// The next token or the end; nil after the end. Throws ``MemoryError``.
  public func next() throws(MemoryError) -> Step? {
    while !ended {
      for step in try engine.step() where step.request == id {
        ended = step.end != nil
        return step
      }
    }
    return nil
  }

  /// Ends the text: `next` reports it.
  public func stop() { engine.cancel(id) }
}
