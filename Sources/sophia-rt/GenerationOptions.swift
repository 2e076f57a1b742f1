import ArgumentParser
import Inference

/// How texts are drawn: options of `generate`, which each line of a prompts file may set anew.
struct GenerationOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Most tokens to add.", valueName: "n"))
  var maxTokens = 256
  @Option(help: ArgumentHelp("How many texts for each prompt.", valueName: "n"))
  var numSamples = 1
  @Option(
    help: ArgumentHelp("0: always the likeliest token; 1: as the model has it.", valueName: "x"))
  var temperature = 0.8
  @Option(help: ArgumentHelp("Draw from the k likeliest tokens only (0: all).", valueName: "k"))
  var topK = 0
  @Option(
    help: ArgumentHelp(
      "Draw from the likeliest tokens that make up p of probability.", valueName: "p"))
  var topP = 1.0
  @Option(
    help: ArgumentHelp("Drop tokens less than x times as likely as the likeliest.", valueName: "x"))
  var minP = 0.0
  @Option(help: ArgumentHelp("Make tokens that occurred less likely (1: off).", valueName: "x"))
  var repetitionPenalty = 1.0
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("End the text before this string; may be given often.", valueName: "text"))
  var stop: [String] = []
  @Option(help: ArgumentHelp("Seed of the draws.", valueName: "n"))
  var seed: UInt64 = 0

  /// A value out of its range, the option in kebab-case.
  struct Fault: Error {
    let name: String
    let value: String
    let expected: String
  }

  func validate() throws {
    if let fault {
      throw ValidationError("--\(fault.name) \(fault.value): expected \(fault.expected)")
    }
  }

  /// What is wrong with the values, if something is.
  var fault: Fault? {
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
    do throws(InferenceError) { try sampling.validate() } catch {
      guard case .setting(let name, let value, let expected) = error else { return nil }
      let option = String(name.map { $0 == " " ? "-" : $0 })
      return Fault(name: option, value: value, expected: expected)
    }
    return nil
  }

  /// The settings of the sampler.
  var sampling: SamplingSettings {
    SamplingSettings(
      temperature: Float(temperature), topK: topK == 0 ? nil : topK,
      topP: topP == 1 ? nil : Float(topP), minP: minP == 0 ? nil : Float(minP),
      repetitionPenalty: Float(repetitionPenalty))
  }
}
