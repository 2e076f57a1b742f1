import Dataset

/// A file of prompts for `generate`: each line continues its text with the command line's options
/// and its own.
struct PromptsFile {
  /// One line: a text and how to continue it.
  struct Line {
    let prompt: String
    let options: GenerationOptions
    /// File and line, for messages.
    let place: String
  }

  let lines: [Line]

  /// - path: a file, or `-` for standard input; - defaults: what lines do not set. Throws
  ///   ``DatasetError`` that names the line.
  init(_ path: String, defaults: GenerationOptions) throws(DatasetError) {
    var lines: [Line] = []
    for line in try PromptLine.read(path == "-" ? "/dev/stdin" : path) {
      let options = defaults.overridden(by: line)
      if let fault = options.fault {
        let name = String(fault.name.map { $0 == "-" ? "_" : $0 })
        throw DatasetError(
          .malformed, at: line.place,
          "expected \(fault.expected) as \"\(name)\", found \(fault.value)")
      }
      lines.append(Line(prompt: line.prompt, options: options, place: line.place))
    }
    self.lines = lines
  }
}

extension GenerationOptions {
  /// These with what a line sets.
  fileprivate func overridden(by line: PromptLine) -> GenerationOptions {
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
