import Checkpoints
public import Files
public import Machine
import Training

/// Runs the cells of a study that are not finished yet, each a run of `train`'s own kind: saved now and
/// then, and resumed where it was.
public final class StudyRun {
  /// What decides no result.
  public struct Options: Sendable {
    /// Steps between a cell's checkpoints.
    public var checkpointEvery = 200
    /// Whether the last checkpoints of finished cells stay.
    public var keepCheckpoints = false
    /// CPU, instruction path and threads, for the report.
    public var machine = ""
    /// The command line, for the report.
    public var command = ""

    /// The defaults.
    public init() {}
  }

  private let study: Study
  private let options: Options
  private let directory: StudyDirectory
  private let plan: StudyPlan
  private let sweep: [Cell]
  private let files: any FileSystem
  private let team: ThreadTeam
  private let report: (ComparisonEvent) -> Void
  /// Held as long as this object: the study's one writer.
  private let lock: CheckpointStore

  /// Takes the directory, opens model and data, and resolves every cell, so that a mistake in the last one
  /// is found before the first one runs. What is refused leaves no directory behind that was not there
  /// before.
  /// - Throws: ``ComparisonError`` in one line.
  public init(
    _ study: Study, out: String, options: Options = Options(),
    files: any FileSystem = LocalFileSystem(), on team: ThreadTeam,
    report: @escaping (ComparisonEvent) -> Void
  ) throws(ComparisonError) {
    (self.study, self.options, self.files) = (study, options, files)
    (self.team, self.report) = (team, report)
    directory = StudyDirectory(out, files: files)
    let missing = files.missingDirectories(of: out)
    let lock = CheckpointStore(directory: out, files: files)
    self.lock = lock
    var isSettled = false
    defer { if !isSettled { lock.abandon(missing) } }
    try asComparison { try lock.lock() }
    try directory.refuseLinks([])
    plan = try StudyPlan(study, out: out, files: files, on: team, report: report)
    sweep = try plan.sweep()
    try directory.refuseLinks(sweep)
    for flag in try plan.idleFlags() { report(.notice(flag)) }
    let keys = sweep.map(\.key)
    if let others = try? directory.records(), !others.isEmpty,
      !others.contains(where: { keys.contains($0.key) })
    {
      throw .invalid(
        file: "\(out)/results.jsonl", place: "cells", expected: "some of this study",
        found:
          "\(others.count) of another: choose another --out, or remove that file"
      )
    }
    try directory.adoptLines()
    try asComparison {
      let bytes = try files.readBytes(study.file, limit: 1 << 20)
      try files.writeAtomically(bytes, to: "\(out)/\(Report.studyFile)")
    }
    isSettled = true
  }

  /// Runs what is left, then the finalists, and draws the report after every cell.
  /// - Returns: whether it came to the end; else a cell was saved and the study goes on there.
  public func run(shouldStop: @escaping () -> Bool = { false }) throws(ComparisonError) -> Bool {
    report(.planned(cells: study.cellCount, finished: try finished(shown()).count))
    guard try run(sweep, after: 0, before: study.finalists, shouldStop) else { return false }
    let finalists = try plan.finalists(bestSettings())
    guard try run(finalists, after: sweep.count, before: [], shouldStop) else { return false }
    try publish()
    return true
  }

  private func finished(_ cells: [Cell]) throws(ComparisonError) -> [StudyRecord] {
    var records: [StudyRecord] = []
    for cell in cells {
      if let result = try directory.result(of: cell) { records.append(StudyRecord(cell, result)) }
    }
    return records
  }

  /// The sweep, and the finalists of the settings that are the best so far.
  private func shown() throws(ComparisonError) -> [Cell] {
    sweep + (try plan.finalists(bestSettings()))
  }

  /// The best setting of each arm among those that are finished.
  private func bestSettings() throws(ComparisonError) -> (String) -> [JSONMember]? {
    let summary = StudySummary(study, try finished(sweep))
    return { name in summary.arms.first { $0.name.utf8.elementsEqual(name.utf8) }?.best?.settings }
  }

  /// Runs cells in order.
  /// - after: the number of cells that come before these
  /// - before: the arms of cells that come after these
  private func run(
    _ cells: [Cell], after first: Int, before later: [Study.Arm],
    _ shouldStop: @escaping () -> Bool
  ) throws(ComparisonError) -> Bool {
    for (index, cell) in cells.enumerated() where try directory.result(of: cell) == nil {
      let after = later.reduce(try tokens(of: cells[(index + 1)...])) {
        $0 + ($1.tokens ?? study.tokens)
      }
      let place = ComparisonEvent.Place(
        cell: cell.name, number: first + index + 1, count: first + cells.count + later.count,
        tokensAfter: after)
      guard !shouldStop(), let result = try run(cell, at: place, shouldStop) else {
        try publish()
        return false
      }
      report(.ended(place, result))
      try publish()
    }
    return true
  }

  private func tokens(of cells: ArraySlice<Cell>) throws(ComparisonError) -> Int {
    var tokens = 0
    for cell in cells where try directory.result(of: cell) == nil {
      tokens += cell.configuration.steps * cell.configuration.batchTokens
    }
    return tokens
  }

  /// Runs a cell to its end; nil if it was stopped, and saved, before.
  private func run(
    _ cell: Cell, at place: ComparisonEvent.Place, _ shouldStop: () -> Bool
  ) throws(ComparisonError) -> CellResult? {
    report(.began(place))
    var divergence: (step: Int, reason: String)?
    let trainer = try trainer(of: cell, at: place)
    do {
      guard try trainer.run(shouldStop: shouldStop) == .finished else { return nil }
    } catch .nonFinite(let step, let what, _) {
      divergence = (step, "\(what) is not finite")
    } catch .spikes(let step, let reason) {
      divergence = (step, reason)
    } catch {
      throw .training(place: cell.name, error)
    }
    let (metrics, file) = try directory.metrics(of: cell.key)
    let result = try CellResult(cell, metrics, divergence: divergence, file: file)
    let timing = CellTiming(
      metrics, batchTokens: cell.configuration.batchTokens, machine: options.machine,
      command: options.command)
    try directory.finish(cell.key, result, timing)
    if !options.keepCheckpoints { try directory.removeCheckpoints(of: cell) }
    return result
  }

  /// The run of a cell, from its newest checkpoint on if there is one.
  private func trainer(
    of cell: Cell, at place: ComparisonEvent.Place
  ) throws(ComparisonError) -> Trainer {
    try directory.refuseLinks([cell])
    let out = directory.path(of: cell.key)
    var request = TrainingRun.Request(out: out)
    let begun = try? CheckpointStore(directory: out, files: files).steps()
    request.resume = begun?.isEmpty == false
    // A run that goes on takes what it began with, but for what may have moved.
    request.flags = (cell.configuration.json.objectValue ?? []).filter {
      !request.resume || ["data", "tokenizer"].contains($0.key)
    }
    request.namesIdleFlags = false
    request.options.evalEvery = cell.evalEvery
    request.options.evalTokens = study.evalTokens
    request.options.checkpointEvery = options.checkpointEvery
    let show: (TrainingEvent) -> Void = { [report] in report(.training(place, $0)) }
    let trainer = try asComparison(cell.name) {
      try TrainingRun(request, files: files, on: team, report: show)
        .makeTrainer(on: team, report: show)
    }
    try directory.check(
      trainer.configuration.json.objectValue ?? [], isOf: cell,
      file: "\(out)/\(TrainingRun.configurationFile)")
    return trainer
  }

  private func publish() throws(ComparisonError) {
    try directory.writeLines(of: shown())
    report(.reported(path: try Report.draw(in: directory.path, files: files)))
  }
}
