public import Dataset
public import Files

/// One line of a file of prompts: an object with `"prompt"` and, where the text is to be drawn in
/// another way than the rest, options of `generate` under their names in snake_case, and an `"id"` that
/// the results carry. A member that is null is as one that is not there. Ranges are not looked at.
public struct PromptLine: Sendable, Equatable {
  /// The text to be continued.
  public let prompt: String
  /// `id`, a string or an integer: the results of this line carry it.
  public private(set) var id: JSON?
  /// File and line, for messages.
  public let place: String
  /// `max_tokens`, `num_samples`, `top_k`.
  public private(set) var maxTokens, numSamples, topK: Int?
  /// `temperature`, `top_p`, `min_p`, `repetition_penalty`.
  public private(set) var temperature, topP, minP, repetitionPenalty: Double?
  /// `seed`.
  public private(set) var seed: UInt64?
  /// `stop`, a string or several.
  public private(set) var stop: [String]?

  /// Throws ``DatasetError`` that names the line and, for an unknown key, the nearest one.
  public init(_ line: JSONLine) throws(DatasetError) {
    place = line.place
    // So that a misspelt prompt is not a missing one.
    let keys = Self.keys
    for member in line.object.objectValue ?? [] where member.key != "prompt" {
      if !keys.contains(where: { $0.name == member.key }) {
        let near =
          Self.otherNames[member.key] ?? nearest(member.key, ["prompt"] + keys.map(\.name))
        throw DatasetError(
          .malformed, at: line.place,
          "unknown key \"\(member.key.onOneLine)\"; did you mean \"\(near)\"?")
      }
    }
    prompt = try line.string("prompt")
    for key in keys where line.object[key.name] ?? .null != .null { try key.read(&self, line) }
  }

  /// The lines of a file, or of a pipe. Throws ``DatasetError``.
  public static func read(
    _ path: String, fileSystem: any FileSystem = LocalFileSystem()
  ) throws(DatasetError) -> [PromptLine] {
    var lines: [PromptLine] = []
    for line in try JSONLine.read(path, fileSystem: fileSystem) {
      lines.append(try PromptLine(line))
    }
    return lines
  }

  /// What a line may set besides the prompt.
  private struct Key {
    let name: String
    let read: (inout PromptLine, JSONLine) throws(DatasetError) -> Void

    init<Value>(
      _ name: String, _ path: WritableKeyPath<PromptLine, Value?>, _ expected: String,
      _ value: @escaping (JSON) -> Value?
    ) {
      self.name = name
      read = { prompt, line throws(DatasetError) in
        prompt[keyPath: path] = try line.member(name, expected, value)
      }
    }
  }

  /// What other programs call these keys.
  private static let otherNames = [
    "text": "prompt", "input": "prompt", "inputs": "prompt", "content": "prompt",
    "max_new_tokens": "max_tokens", "max_length": "max_tokens", "n_predict": "max_tokens",
    "n": "num_samples", "num_return_sequences": "num_samples",
    "repeat_penalty": "repetition_penalty",
    "stop_sequences": "stop", "custom_id": "id", "request_id": "id", "index": "id", "idx": "id",
  ]

  /// An integer, also one that is written as 4.0.
  private static func integer(_ json: JSON) -> Int? {
    json.intValue ?? json.doubleValue.flatMap { Int(exactly: $0) }
  }

  /// A number, not NaN nor infinite.
  private static func number(_ json: JSON) -> Double? {
    json.doubleValue.flatMap { $0.isFinite ? $0 : nil }
  }

  private static var keys: [Key] {
    let (whole, real) = ("an integer", "a number")
    return [
      Key("id", \.id, "a string or an integer") { json in
        json.stringValue != nil || json.intValue != nil ? json : nil
      },
      Key("max_tokens", \.maxTokens, whole, integer),
      Key("num_samples", \.numSamples, whole, integer),
      Key("temperature", \.temperature, real, number),
      Key("top_k", \.topK, whole, integer), Key("top_p", \.topP, real, number),
      Key("min_p", \.minP, real, number),
      Key("repetition_penalty", \.repetitionPenalty, real, number),
      Key("seed", \.seed, "an integer from 0 to \(Int.max)") { json in
        integer(json).flatMap { UInt64(exactly: $0) }
      },
      Key("stop", \.stop, "a string or an array of strings") { json in
        if let string = json.stringValue { return [string] }
        guard let values = json.arrayValue else { return nil }
        let strings = values.compactMap(\.stringValue)
        return strings.count == values.count ? strings : nil
      },
    ]
  }
}
