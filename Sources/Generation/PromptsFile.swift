public import Dataset
public import Files

/// A file of prompts: each line continues its text with options of its own, or those that all share.
public struct PromptsFile: Sendable {
  /// One line: a text and how to continue it.
  public struct Line: Sendable {
    /// The text.
    public let prompt: String
    /// What the results of this line carry as `"id"`.
    public let id: JSON?
    /// How.
    public let options: TextOptions
    /// File and line, for messages.
    public let place: String
  }

  /// In the order of the file, blank lines left out.
  public let lines: [Line]

  /// Reads a file or a pipe.
  /// - defaults: what lines do not set. Throws ``DatasetError`` that names the line.
  public init(
    _ path: String, defaults: TextOptions, fileSystem: any FileSystem = LocalFileSystem()
  ) throws(DatasetError) {
    var lines: [Line] = []
    for line in try PromptLine.read(path, fileSystem: fileSystem) {
      let options = defaults.overridden(by: line)
      if let fault = options.fault {
        let name = String(fault.name.map { $0 == "-" ? "_" : $0 })
        throw DatasetError(
          .malformed, at: line.place,
          "expected \(fault.expected) as \"\(name)\", found \(fault.value)")
      }
      lines.append(Line(prompt: line.prompt, id: line.id, options: options, place: line.place))
    }
    self.lines = lines
  }

  /// Number of texts that the lines ask for.
  public var count: Int { lines.reduce(0) { $0 + $1.options.numSamples } }

  /// The texts one by one, as they are asked for: there may be very many.
  public var texts: some Sequence<(line: Int, sample: UInt32)> {
    lines.indices.lazy.flatMap { line in
      (0..<lines[line].options.numSamples).lazy.map { (line: line, sample: UInt32($0)) }
    }
  }
}
