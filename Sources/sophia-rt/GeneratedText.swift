import Inference
import Tokenization

/// One text on its way from the engine's tokens to the reader's bytes.
struct GeneratedText {
  /// Why a text ended, as JSON lines name it.
  enum End: String {
    case endOfText = "end_of_text"
    case stopString = "stop"
    case maxTokens = "max_tokens"
    case contextFull = "context_full"
    case interrupted
    case invalidLogits = "invalid_logits"
  }

  /// A token, and where its bytes begin in the text.
  struct Token {
    let id: UInt32
    let start: Int
    let logprob: Float?
    let top: [TokenLogprob]
  }

  /// The text so far that is certain to be shown; ill-formed UTF-8 as the tokens have it.
  private(set) var shown: [UInt8] = []
  /// All tokens drawn, those of a stop string too.
  private(set) var tokens: [Token] = []
  /// Set once the text has ended.
  private(set) var end: End?
  private let tokenizer: Tokenizer
  private var stops: StopStrings
  private var decoder: StreamingDecoder
  private var length = 0

  init(_ tokenizer: Tokenizer, stops: [String]) {
    self.tokenizer = tokenizer
    self.stops = StopStrings(stops)
    decoder = StreamingDecoder(tokenizer)
  }

  /// Takes a step of the engine. Returns the bytes that can be shown now, whole characters; after it
  /// `end` may be set, by a stop string too, of which the engine knows nothing.
  mutating func take(_ step: SequenceStep) -> [UInt8] {
    var bytes: [UInt8] = []
    if let id = step.token {
      tokens.append(Token(id: id, start: length, logprob: step.logprob, top: step.top))
      // A model may have more ids than its tokenizer.
      if Int(id) < tokenizer.vocabularySize {
        bytes += decoder.appendBytes(id)
        length += tokenizer.bytes(of: id).count
      }
    }
    if step.end != nil { bytes += decoder.finishBytes() }
    var (piece, stopped) = stops.take(bytes)
    if step.end != nil && !stopped { piece += stops.finish() }
    end = stopped ? .stopString : step.end.map(End.init)
    shown += piece
    return piece
  }

  /// The tokens, from the number `first` on, of the text that is shown: those that begin in it.
  /// Before the end, a token whose bytes are partly held back is none of them yet.
  func shownTokens(from first: Int) -> ArraySlice<Token> {
    let rest = tokens[min(first, tokens.count)...]
    return switch end {
    case .stopString?: rest.prefix { $0.start < shown.count }
    case .some: rest
    case nil: rest.prefix { end(of: $0) <= shown.count }
    }
  }

  /// The text that is shown, to go on from: a token of which a stop string hides the end gives way to
  /// those of its beginning.
  var shownIDs: [UInt32] {
    let whole = tokens.prefix { end(of: $0) <= shown.count }
    let rest = shown[(whole.last.map(end) ?? 0)...]
    return whole.map(\.id) + (rest.isEmpty ? [] : tokenizer.encode(rest, continuing: true))
  }

  private func end(of token: Token) -> Int { token.start + tokenizer.bytes(of: token.id).count }
}

extension GeneratedText.End {
  init(_ reason: EndReason) {
    self =
      switch reason {
      case .endOfText: .endOfText
      case .maxTokens: .maxTokens
      case .contextFull: .contextFull
      case .stopped: .interrupted
      case .invalidLogits: .invalidLogits
      }
  }
}
