/// How a token is drawn from logits, under Hugging Face's names and in its order: repetition
/// penalty, temperature, top-k, top-p, min-p. The defaults change nothing: the model's own
/// distribution.
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

  /// Memberwise.
  public init(
    temperature: Float = 1, topK: Int? = nil, topP: Float? = nil, minP: Float? = nil,
    repetitionPenalty: Float = 1
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.repetitionPenalty = repetitionPenalty
  }

  /// The likeliest token, always.
  public static let greedy = SamplingSettings(temperature: 0)

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
  }
}
