import Inference

/// How texts are drawn, with the defaults of `generate`; each line of a prompts file may set them
/// anew.
public struct TextOptions: Sendable, Equatable {
  /// Most tokens to add.
  public var maxTokens = 256
  /// How many texts for each prompt.
  public var numSamples = 1
  /// 0: always the likeliest token; 1: as the model has it.
  public var temperature = 0.8
  /// Draw from the k likeliest tokens only; 0 is all.
  public var topK = 0
  /// Draw from the likeliest tokens that make up this probability.
  public var topP = 1.0
  /// Drop tokens less than this times as likely as the likeliest.
  public var minP = 0.0
  /// Make tokens that occurred less likely; 1 is off.
  public var repetitionPenalty = 1.0
  /// Strings that end a text.
  public var stop: [String] = []
  /// Seed of the draws.
  public var seed: UInt64 = 0
  /// When the context is full, go on with its last half.
  public var slide = false
  /// Of how many likeliest tokens log-probabilities are wanted beside the drawn one's; nil: none at
  /// all.
  public var logprobs: Int?
  /// Write several tokens at a time where the text repeats itself.
  public var lookup = false

  /// Whether special and added tokens that a prompt spells count as such, and those that belong
  /// around a prompt are put there.
  public var special = true

  /// The defaults.
  public init() {}

  /// A value out of its range.
  public struct Fault: Error, Equatable {
    /// The option in kebab-case.
    public let name: String
    /// What it is.
    public let value: String
    /// What it may be.
    public let expected: String
  }

  /// What is wrong with the values, if something is.
  public var fault: Fault? {
    if maxTokens < 1 {
      return Fault(name: "max-tokens", value: "\(maxTokens)", expected: "at least 1")
    }
    if !(1...1_000_000).contains(numSamples) {
      return Fault(name: "num-samples", value: "\(numSamples)", expected: "1 to 1000000")
    }
    if topK < 0 { return Fault(name: "top-k", value: "\(topK)", expected: "at least 0") }
    if stop.contains("") {
      return Fault(name: "stop", value: "\"\"", expected: "at least one character")
    }
    if let logprobs, logprobs < 0 {
      return Fault(name: "logprobs", value: "\(logprobs)", expected: "at least 0")
    }
    do throws(InferenceError) { try sampling.validate() } catch {
      guard case .setting(let name, let value, let expected) = error else { return nil }
      let option = String(name.map { $0 == " " ? "-" : $0 })
      return Fault(name: option, value: value, expected: expected)
    }
    return nil
  }

  /// The settings of the sampler.
  private var sampling: SamplingSettings {
    SamplingSettings(
      temperature: Float(temperature), topK: topK == 0 ? nil : topK,
      topP: topP == 1 ? nil : Float(topP), minP: minP == 0 ? nil : Float(minP),
      repetitionPenalty: Float(repetitionPenalty))
  }

  /// The request for one text after a prompt.
  /// - prompt: token ids; - sample: the text's number among those of the prompt; - ends: the
  ///   tokens that end it.
  public func request(
    _ prompt: [UInt32], sample: UInt32, ends: some Sequence<UInt32>
  ) -> TextRequest {
    let request = SequenceRequest(
      prompt: prompt, maxTokens: maxTokens, sampling: sampling,
      stopTokens: Set(ends), seed: seed, sample: sample, slide: slide,
      logprobs: logprobs, lookup: lookup ? PromptLookup.defaultProposal : 0)
    return TextRequest(request, stops: stop)
  }

  /// These with what a line of a prompts file sets.
  func overridden(by line: PromptLine) -> TextOptions {
    var options = self
    options.maxTokens = line.maxTokens ?? maxTokens
    options.numSamples = line.numSamples ?? numSamples
    options.temperature = line.temperature ?? temperature
    options.topK = line.topK ?? topK
    options.topP = line.topP ?? topP
    options.minP = line.minP ?? minP
    options.repetitionPenalty = line.repetitionPenalty ?? repetitionPenalty
    options.seed = line.seed ?? seed
    options.stop = line.stop ?? stop
    return options
  }
}
