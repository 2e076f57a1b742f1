/// How a token is drawn from logits, under the field's names and in this order: repetition penalty,
/// presence and frequency penalty, logit bias and bans, temperature, top-k, top-p, min-p. The first
/// and the last four are Hugging Face's and in its order, the others OpenAI's. The defaults change
/// nothing: the model's own distribution.
public struct SamplingSettings: Sendable, Equatable {
  /// Divides the logits; 0 takes the likeliest token, the one of the lowest id among equals.
  public var temperature: Float
  /// Keeps the k likeliest tokens, and those as likely as the k-th; nil keeps all.
  public var topK: Int?
  /// Keeps the likeliest tokens up to the one that brings their probability to p; nil keeps all.
  public var topP: Float?
  /// Keeps the tokens at least p times as likely as the likeliest; nil keeps all.
  public var minP: Float?
  /// Divides the positive logits of tokens that the text has, and multiplies the negative ones
  /// (Keskar et al. 2019); 1 is none. Within 1e-6 to 1e6, where no logit of a working model overflows.
  public var repetitionPenalty: Float
  /// Subtracted from the logit of each token that was generated before (not of the prompt's).
  /// Within -100 to 100; 0 is none.
  public var presencePenalty: Float
  /// Subtracted from the logit of a token once for each time it was generated before (not of the
  /// prompt's). Within -100 to 100; 0 is none.
  public var frequencyPenalty: Float
  /// Added to the logits of these ids. Each within -1e4 to 1e4.
  public var logitBias: [UInt32: Float]
  /// Ids that are never drawn.
  public var banned: Set<UInt32>

  /// Memberwise.
  public init(
    temperature: Float = 1, topK: Int? = nil, topP: Float? = nil, minP: Float? = nil,
    repetitionPenalty: Float = 1, presencePenalty: Float = 0, frequencyPenalty: Float = 0,
    logitBias: [UInt32: Float] = [:], banned: Set<UInt32> = []
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.repetitionPenalty = repetitionPenalty
    self.presencePenalty = presencePenalty
    self.frequencyPenalty = frequencyPenalty
    self.logitBias = logitBias
    self.banned = banned
  }

  /// The likeliest token, always.
  public static let greedy = SamplingSettings(temperature: 0)

  /// Whether a draw depends on the tokens before it.
  var readsHistory: Bool {
    repetitionPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0
  }

  /// Throws ``InferenceError/setting(name:value:expected:)`` for a number out of its range.
  public func validate() throws(InferenceError) {
    func check(_ ok: Bool, _ name: String, _ value: String, _ expected: String)
      throws(InferenceError)
    {
      if !ok { throw .setting(name: name, value: value, expected: expected) }
    }
    try check(
      temperature >= 0 && temperature.isFinite, "temperature", "\(temperature)",
      "a number of at least 0")
    try check(topK.map { $0 >= 1 } ?? true, "top-k", "\(topK ?? 0)", "at least 1")
    try check(topP.map { $0 > 0 && $0 <= 1 } ?? true, "top-p", "\(topP ?? 0)", "above 0, at most 1")
    try check(minP.map { $0 >= 0 && $0 <= 1 } ?? true, "min-p", "\(minP ?? 0)", "0 to 1")
    try check(
      repetitionPenalty >= 1e-6 && repetitionPenalty <= 1e6, "repetition penalty",
      "\(repetitionPenalty)", "1e-6 to 1e6")
    for (name, value) in [
      ("presence penalty", presencePenalty), ("frequency penalty", frequencyPenalty),
    ] {
      try check(abs(value) <= 100, name, "\(value)", "-100 to 100")
    }
    if let (id, bias) = logitBias.filter({ !(abs($0.value) <= 1e4) }).min(by: { $0.key < $1.key }) {
      try check(false, "logit bias of token \(id)", "\(bias)", "-1e4 to 1e4")
    }
  }

  /// Throws ``InferenceError`` for an id that a model of V tokens does not have, or if no token is
  /// left to draw.
  func validate(vocabularySize V: Int) throws(InferenceError) {
    try validate()
    if let id = banned.union(logitBias.keys).filter({ $0 >= V }).min() {
      throw .unknownToken(id: id, vocabularySize: V)
    }
    if banned.count >= V {
      throw .setting(
        name: "banned tokens", value: "all \(V)", expected: "at least one token left to draw")
    }
  }
}
