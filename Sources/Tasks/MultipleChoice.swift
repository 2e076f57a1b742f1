public import Dataset
public import Files

/// A question of HellaSwag's kind: the ending that truly follows a context among some that do not
/// (Zellers et al. 2019), prepared as lm-evaluation-harness 0.4 prepares it.
public struct MultipleChoiceQuestion: Sendable, Equatable {
  /// What the model reads first.
  public let context: String
  /// What may follow, after one space.
  public let endings: [String]
  /// The number of the right ending.
  public let label: Int
  /// File and line, for messages.
  public let place: String

  /// A line of HellaSwag's files: `ctx_a`, `ctx_b`, of which the second is begun with a capital
  /// letter and goes on in small ones (without them `ctx` as it is), after the `activity_label` and a
  /// colon if there is one; `endings`; `label`, an integer or its digits. Throws ``DatasetError``.
  public init(_ line: JSONLine) throws(DatasetError) {
    place = line.place
    var context: String
    if line.object["ctx_a"] != nil || line.object["ctx"] == nil {
      context = try line.string("ctx_a") + " " + Self.capitalised(try line.string("ctx_b"))
    } else {
      context = try line.string("ctx")
    }
    if line.object["activity_label"] != nil {
      context = try line.string("activity_label") + ": " + context
    }
    self.context = Self.cleaned(context)
    let endings = try line.member("endings", "an array of two strings or more") { json in
      json.arrayValue.flatMap { values -> [String]? in
        let strings = values.compactMap(\.stringValue)
        return strings.count == values.count && strings.count >= 2 ? strings : nil
      }
    }
    self.endings = endings.map(Self.cleaned)
    label = try line.member("label", "the number of an ending, 0 to \(endings.count - 1)") { json in
      let label = json.intValue ?? json.stringValue.flatMap { Int($0) }
      return label.flatMap { endings.indices.contains($0) ? $0 : nil }
    }
  }

  /// The questions of a file. Throws ``DatasetError``.
  public static func read(
    _ path: String, fileSystem: any FileSystem = LocalFileSystem()
  ) throws(DatasetError) -> [MultipleChoiceQuestion] {
    var questions: [MultipleChoiceQuestion] = []
    for line in try JSONLine.read(path, fileSystem: fileSystem) {
      questions.append(try MultipleChoiceQuestion(line))
    }
    return questions
  }

  /// The marks of WikiHow's pages go: ` [title]` becomes a full stop, other text in brackets nothing,
  /// two spaces one.
  static func cleaned(_ text: String) -> String {
    var scalars = PythonText.stripped(text.unicodeScalars[...])
    scalars = PythonText.replacing(" [title]", by: ". ", in: scalars)
    scalars = withoutBrackets(scalars)
    scalars = PythonText.replacing("  ", by: " ", in: scalars)
    return String(String.UnicodeScalarView(scalars))
  }

  /// Without each `[` and what follows up to the next `]` on the same line.
  private static func withoutBrackets(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    // The first `]` or line break at or after `at`, looked for once for all brackets before it.
    var (kept, at, end): ([Unicode.Scalar], Int, Int) = ([], 0, 0)
    while at < text.count {
      if text[at] == "[" {
        if end <= at { end = text[at...].firstIndex { $0 == "]" || $0 == "\n" } ?? text.count }
        if end < text.count && text[end] == "]" {
          at = end + 1
          continue
        }
      }
      kept.append(text[at])
      at += 1
    }
    return kept
  }

  private static func capitalised(_ text: String) -> String {
    guard let first = text.unicodeScalars.first else { return "" }
    return first.properties.titlecaseMapping
      + String(text.unicodeScalars.dropFirst()).lowercased()
  }
}

/// How a model answered multiple-choice questions, by three rules: the likeliest ending; the
/// likeliest for its length in characters (code points; the harness's `acc_norm`); for its length in
/// bytes (`acc_bytes`).
public struct MultipleChoiceResult: Sendable, Equatable {
  /// Shares of questions answered rightly.
  public let accuracy, accuracyByCharacters, accuracyByBytes: SampleMean

  /// - logprobs: of each question's endings, ln p.
  public init(_ questions: [MultipleChoiceQuestion], logprobs: [[Double]]) {
    func share(_ length: (String) -> Int) -> SampleMean {
      SampleMean(
        zip(questions, logprobs).map { question, logprobs in
          let scores = zip(logprobs, question.endings).map { $0 / Double(length($1)) }
          return Self.best(scores) == question.label
        })
    }
    accuracy = share { _ in 1 }
    accuracyByCharacters = share(\.unicodeScalars.count)
    accuracyByBytes = share(\.utf8.count)
  }

  /// The first of the largest.
  private static func best(_ scores: [Double]) -> Int? {
    scores.indices.max { scores[$0] < scores[$1] || scores[$0] == scores[$1] && $0 > $1 }
  }
}
