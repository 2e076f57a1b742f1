public import Inference
public import Tokenization

/// A text to be written: the tokens after a prompt, and the strings that end it.
public struct TextRequest: Sendable {
  /// What the engine gets.
  public var sequence: SequenceRequest
  /// Strings that end the text and are no part of it.
  public var stops: [String]

  /// Memberwise.
  public init(_ sequence: SequenceRequest, stops: [String] = []) {
    (self.sequence, self.stops) = (sequence, stops)
  }
}

/// Texts on their way through an engine: its tokens become whole characters, and a stop string ends
/// a text. One thread at a time may call it, the one that runs the engine's team.
public final class TextEngine {
  /// The engine; other requests than this object's must not be submitted to it.
  public let engine: Engine
  private let tokenizer: Tokenizer
  private var texts: [Int: GeneratedText] = [:]

  /// Texts through an engine whose model has this tokenizer's ids.
  public init(_ engine: Engine, _ tokenizer: Tokenizer) {
    (self.engine, self.tokenizer) = (engine, tokenizer)
  }

  /// Texts that have not ended, and those whose end the engine has yet to take note of.
  public var unfinished: Int { engine.unfinished }

  /// Queues a text; the number it returns names it in ``step(_:)``. Throws an ``InferenceError`` that
  /// says what is wrong with the request.
  public func submit(_ request: TextRequest) throws(InferenceError) -> Int {
    let id = try engine.submit(request.sequence)
    texts[id] = GeneratedText(tokenizer, stops: request.stops)
    return id
  }

  /// Ends a text: the next step shows it with ``TextEnd/interrupted``. Nothing if it has ended.
  public func cancel(_ id: Int) { engine.cancel(id) }

  /// Ends every text.
  public func cancelAll() {
    for id in texts.keys { engine.cancel(id) }
  }

  /// One step of the engine. `show` gets each text that went on, and what is new of it: whole
  /// characters, perhaps none; the last time the text's `end` is set. Throws what `show` throws, after
  /// which this object is of no use, or ``MemoryError``, after which the step may be tried again.
  public func step(
    _ show: (_ id: Int, _ text: GeneratedText, _ new: [UInt8]) throws -> Void
  ) throws {
    for step in try engine.step() {
      // Taken out, so that its arrays are not copied.
      guard var text = texts.removeValue(forKey: step.request) else { continue }
      let new = text.take(step)
      if text.end == nil {
        texts[step.request] = text
      } else if step.end == nil {
        engine.cancel(step.request)
      }
      try show(step.request, text, new)
    }
  }
}
