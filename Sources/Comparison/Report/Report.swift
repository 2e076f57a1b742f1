import Charts
public import Files

/// The report of a study: one HTML file that needs nothing else, no network and no script.
public enum Report {
  /// The copy of the study file in a study's directory.
  static let studyFile = "study.json"

  /// Draws `report.html` from what a study's directory holds.
  /// - Returns: its path
  /// - Throws: ``ComparisonError`` if the directory is no study's, or damaged
  @discardableResult
  public static func draw(
    in path: String, files: any FileSystem = LocalFileSystem()
  ) throws(ComparisonError) -> String {
    let directory = StudyDirectory(path, files: files)
    let file = "\(path)/\(studyFile)"
    guard files.exists(file) || !files.exists("\(path)/results.jsonl") else {
      throw .damaged(
        "\(file): not there, though results are",
        "`sophia-rt compare STUDY.json --out \(path)` draws with the study's own file")
    }
    let bytes = try asComparison { try files.readBytes(file, limit: 1 << 20) }
    let study = try Study(parsing: bytes, file: file)
    let summary = StudySummary(study, try directory.records())
    let page = ReportPage(
      summary: summary, timings: try directory.timings(),
      study: String(decoding: bytes, as: UTF8.self))
    let out = "\(path)/report.html"
    try asComparison { try files.writeAtomically(Array(page.html.utf8), to: out) }
    return out
  }
}

/// The page. It is well-formed as XML too, and forbids itself whatever is not in the file.
struct ReportPage {
  let summary: StudySummary
  let timings: [String: CellTiming]
  /// The study file.
  let study: String

  private var title: String { Markup.escaped(summary.study.title) }

  /// The file.
  var html: String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8"/>
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <title>\(title)</title>
    <style>
    \(ReportStyle.sheet)
    </style>
    </head>
    <body><main>
    <h1>\(title)</h1>
    <p class="facts">\(Markup.escaped(facts))</p>
    \(verdicts)
    <h2>Arms</h2>
    \(ReportTables(summary: summary, timings: timings).arms)
    <h2>Curves and ends</h2>
    <div class="figures">
    \(figures)</div>
    <h2>Cells</h2>
    \(ReportTables(summary: summary, timings: timings).cells)
    <p class="note">In bold: the best setting of each arm. \(Markup.escaped(Self.method))</p>
    <h2>Machine and command</h2>
    \(provenance)
    <details open="open"><summary>study.json</summary><pre>\(Markup.escaped(study))</pre></details>
    </main></body>
    </html>

    """
  }

  private var facts: String {
    let s = summary.study
    let diverged = summary.records.filter { $0.result.status == .diverged }.count
    var parts = [
      "model \(s.model)", s.data.isEmpty ? "data: the built-in corpus" : "data \(s.data)",
      "\(Markup.grouped(s.tokens)) tokens a cell",
      "\(summary.records.count) of \(s.cellCount) cells",
    ]
    if diverged > 0 { parts.append("\(diverged) diverged") }
    let batches = Set(summary.records.map(\.result.batchTokens))
    if let batch = batches.first, batches.count == 1 {
      parts.append("\(Markup.grouped(batch)) tokens a step")
    }
    parts.append("evaluated on at most \(Markup.grouped(s.evalTokens)) tokens")
    parts.append("baseline \(s.baseline)")
    return parts.joined(separator: " · ")
  }

  private var verdicts: String {
    ReportWords.verdicts(summary).map { "<p class=\"verdict\">\(Markup.escaped($0))</p>\n" }
      .joined()
      + ReportWords.warnings(summary, timings).map {
        "<p class=\"warn\">\(Markup.escaped($0))</p>\n"
      }
      .joined()
  }

  private var figures: String {
    ReportFigures(summary: summary, timings: timings).all.map { figure in
      "<figure>\n<h3>\(Markup.escaped(figure.title))</h3>\n\(figure.svg)"
        + "<figcaption>\(Markup.escaped(figure.caption))</figcaption>\n</figure>\n"
    }.joined()
  }

  /// Each machine and command once, in the order of the cells.
  private var provenance: String {
    let known = summary.records.compactMap { timings[$0.key] }
    func once(_ values: [String]) -> [String] {
      values.reduce(into: []) { seen, value in if !seen.contains(value) { seen.append(value) } }
    }
    let machines = once(known.map(\.machine)).map { "<p>\(Markup.escaped($0))</p>\n" }
    let commands = once(known.map(\.command)).map { Markup.escaped($0) }
    return machines.joined() + "<pre>\(commands.joined(separator: "\n"))</pre>\n"
  }

  private static let method = """
    A best setting is that of the lowest mean final loss over the sweep’s seeds, among those that \
    diverged for none; the seeds of finalists don’t choose. Ranges are from the lowest to the highest \
    seed, sd is the sample standard deviation. Inside its range: each number of the best setting has a lower \
    and a higher one that was tried with the rest of it or, where there is one alone, with anything. \
    Diverged: a loss or gradient was not finite, or too many steps spiked (--spike-guard). Times are of \
    training steps alone, with whatever else the machine did; tokens a second of typical (median) steps, \
    refreshes of the curvature included.
    """
}
