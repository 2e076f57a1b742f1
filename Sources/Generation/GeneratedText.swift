public import Inference
public import Tokenization

/// One text on its way from the engine's tokens to the reader's bytes.
public struct GeneratedText: Sendable {
  /// A token, and where its bytes begin in the text.
  public struct Token: Sendable, Equatable {
    /// Its id.
    public let id: UInt32
    /// Bytes of the text before it.
    public let start: Int
    /// Its log-probability, and those of the likeliest tokens, if the request asked for them.
    public let logprob: Float?
    /// In descending order.
    public let top: [TokenLogprob]
  }

  /// The text so far that is certain to be shown; ill-formed UTF-8 as the tokens have it.
  public private(set) var shown: [UInt8] = []
  /// All tokens of the text, those of a stop string too.
  public private(set) var tokens: [Token] = []
  /// The token that ended the text, where one did: drawn, but no part of the text.
  public private(set) var stopToken: Token?
  /// Set once the text has ended.
  public private(set) var end: TextEnd?
  private let tokenizer: Tokenizer
  private var stops: StopStrings
  private var decoder: StreamingDecoder
  private var length = 0

  /// An empty text.
  /// - stops: strings that end it; they are no part of it.
  public init(_ tokenizer: Tokenizer, stops: [String]) {
    self.tokenizer = tokenizer
    self.stops = StopStrings(stops)
    decoder = StreamingDecoder(tokenizer)
  }

  /// Takes a step of the engine. Returns the bytes that can be shown now, whole characters; after it
  /// `end` may be set, by a stop string too, of which the engine knows nothing.
  public mutating func take(_ step: SequenceStep) -> [UInt8] {
    var bytes: [UInt8] = []
    if let id = step.token {
      tokens.append(Token(id: id, start: length, logprob: step.logprob, top: step.top))
      // A model may have more ids than its tokenizer.
      if Int(id) < tokenizer.vocabularySize {
        bytes += decoder.appendBytes(id)
        length += tokenizer.bytes(of: id).count
      }
    }
    if case .endOfText(let id) = step.end {
      stopToken = Token(id: id, start: length, logprob: step.logprob, top: step.top)
    }
    if step.end != nil { bytes += decoder.finishBytes() }
    var (piece, stop) = stops.take(bytes)
    if step.end != nil && stop == nil { piece += stops.finish() }
    end = stop.map { .stopString($0) } ?? step.end.map { TextEnd($0) }
    shown += piece
    return piece
  }

  /// The tokens, from the number `first` on, of the text that is shown: those that begin in it.
  /// Before the end, a token whose bytes are partly held back is none of them yet.
  public func shownTokens(from first: Int) -> ArraySlice<Token> {
    let rest = tokens[min(first, tokens.count)...]
    return switch end {
    case .stopString: rest.prefix { $0.start < shown.count }
    case .some: rest
    case nil: rest.prefix { end(of: $0) <= shown.count }
    }
  }

  /// The text that is shown, to go on from: a token of which a stop string hides the end gives way to
  /// those of its beginning.
  public var shownIDs: [UInt32] {
    let whole = tokens.prefix { end(of: $0) <= shown.count }
    let rest = shown[(whole.last.map(end) ?? 0)...]
    return whole.map(\.id) + (rest.isEmpty ? [] : tokenizer.encode(rest, continuing: true))
  }

  private func end(of token: Token) -> Int { token.start + tokenizer.bytes(of: token.id).count }
}

/// Why a text ended.
public enum TextEnd: Sendable, Hashable {
  /// A stop token was drawn, such as `<|endoftext|>`.
  case endOfText(UInt32)
  /// A stop string was written.
  case stopString(String)
  /// It has as many tokens as were asked for.
  case maxTokens
  /// The model's context is full.
  case contextFull
  /// It was cancelled.
  case interrupted
  /// The model's logits are not finite numbers: its weights are broken.
  case invalidLogits

  init(_ reason: EndReason) {
    self =
      switch reason {
      case .endOfText(let id): .endOfText(id)
      case .maxTokens: .maxTokens
      case .contextFull: .contextFull
      case .stopped: .interrupted
      case .invalidLogits: .invalidLogits
      }
  }

  /// As JSON lines name it: `end_of_text`, `stop`, `max_tokens` …
  public var name: String {
    switch self {
    case .endOfText: "end_of_text"
    case .stopString: "stop"
    case .maxTokens: "max_tokens"
    case .contextFull: "context_full"
    case .interrupted: "interrupted"
    case .invalidLogits: "invalid_logits"
    }
  }
}
