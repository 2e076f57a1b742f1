import Checkpoints
import Files

/// The directory of a study:
///
///     study.json       the study file as it was read last
///     results.jsonl    a line a finished cell, in the order of the study
///     timings.jsonl    the same cells' times and machines
///     report.html      the report, drawn from the three
///     cells/KEY/       a run directory each, with result.json once the cell is finished
///     data/            the built-in corpus, where the study names no data
struct StudyDirectory {
  let path: String
  let files: any FileSystem

  init(_ path: String, files: any FileSystem) { (self.path, self.files) = (path, files) }

  /// The directory of a cell.
  func path(of key: String) -> String { "\(path)/cells/\(key)" }

  /// Refuses links where the study makes directories: what they lead to is not the study's.
  func refuseLinks(_ cells: [Cell]) throws(ComparisonError) {
    for name in ["cells", "adopted", "data"] + cells.map({ "cells/\($0.key)" }) {
      let status = try? files.status(of: "\(path)/\(name)", followingLinks: false)
      guard status?.kind == .link else { continue }
      throw .invalid(
        file: "\(path)/\(name)", place: "path", expected: "a directory",
        found: "a symbolic link, through which nothing is written: remove it")
    }
  }

  /// The events of a cell, and the file they are in.
  func metrics(of key: String) throws(ComparisonError) -> (CellMetrics, file: String) {
    let file = "\(path(of: key))/metrics.jsonl"
    return (try CellMetrics(path: file, files: files), file)
  }

  /// Makes the lines of `results.jsonl` finished cells where there are no folders of cells: a study
  /// that was handed on without them.
  func adoptLines() throws(ComparisonError) {
    guard files.exists("\(path)/results.jsonl"), !files.exists("\(path)/cells") else { return }
    let timings = try timings()
    // All of them or none, if this is interrupted.
    let aside = StudyDirectory("\(path)/adopted", files: files)
    for (json, file) in try lines("results.jsonl") {
      let record = try StudyRecord(json, file: file)
      guard record.key.utf8.count == 16, UInt64(record.key, radix: 16) != nil else {
        throw .invalid(
          file: file, place: "key", expected: "16 hexadecimal digits", found: record.key.onOneLine)
      }
      try asComparison { try files.makeDirectories(aside.path(of: record.key)) }
      try aside.finish(record.key, record.result, timings[record.key])
    }
    try asComparison {
      guard files.exists("\(aside.path)/cells") else { return }
      try files.rename("\(aside.path)/cells", to: "\(path)/cells")
      try files.removeTree(aside.path)
      try files.synchronizeDirectory(path)
    }
  }

  /// The result of a cell, if it is finished.
  /// - Throws: if what is there was made with other settings, because a default of the program changed.
  func result(of cell: Cell) throws(ComparisonError) -> CellResult? {
    let file = "\(path(of: cell.key))/result.json"
    guard files.exists(file) else { return nil }
    let result: CellResult
    do throws(ComparisonError) {
      result = try CellResult(try json(file), file: file)
    } catch {
      if case .file(let error) = error, !error.isDamage { throw .file(error) }
      throw .damaged("\(error)", "remove \(path(of: cell.key)) to run the cell again")
    }
    try check(result.configuration, isOf: cell, file: file)
    return result
  }

  /// - Throws: if a configuration is not the cell's, because a default of the program changed.
  func check(
    _ configuration: [JSONMember], isOf cell: Cell, file: String
  ) throws(ComparisonError) {
    guard let (stored, now) = cell.difference(from: configuration) else { return }
    throw .invalid(
      file: file, place: stored.key, expected: Cell.text(now),
      found:
        "\(Cell.text(stored)) of an earlier version: remove \(path(of: cell.key)) to run it again")
  }

  /// The times of a finished cell; nil where they are lost, since no result depends on them.
  func timing(of key: String) -> CellTiming? {
    let file = "\(path(of: key))/timing.json"
    return try? CellTiming(try json(file), file: file)
  }

  /// Makes a cell a finished one; the result comes last.
  func finish(
    _ key: String, _ result: CellResult, _ timing: CellTiming?
  ) throws(ComparisonError) {
    let directory = path(of: key)
    try asComparison {
      if let timing {
        try files.writeAtomically(
          JSON.object(timing.members).serialized(pretty: true) + [0x0A],
          to: "\(directory)/timing.json")
      }
      try files.writeAtomically(
        JSON.object(result.members).serialized() + [0x0A], to: "\(directory)/result.json")
    }
  }

  /// Removes the checkpoints of a finished cell.
  func removeCheckpoints(of cell: Cell) throws(ComparisonError) {
    let directory = path(of: cell.key)
    let steps = try asComparison { try CheckpointStore(directory: directory, files: files).steps() }
    try asComparison {
      try files.withFile(directory, .directoryNoLink) { cell throws(FileError) in
        for step in steps { try files.removeTree(CheckpointStore.name(of: step), in: cell) }
      }
    }
  }

  /// Writes `results.jsonl` and `timings.jsonl` of the cells that are finished, in their order.
  func writeLines(of cells: [Cell]) throws(ComparisonError) {
    var (results, timings): ([UInt8], [UInt8]) = ([], [])
    for cell in cells {
      guard let result = try result(of: cell) else { continue }
      results += StudyRecord(cell, result).json.serialized() + [0x0A]
      let head = [JSONMember("cell", .string(cell.name)), JSONMember("key", .string(cell.key))]
      if let timing = timing(of: cell.key) {
        timings += JSON.object(head + timing.members).serialized() + [0x0A]
      }
    }
    try asComparison {
      try files.writeAtomically(results, to: "\(path)/results.jsonl")
      try files.writeAtomically(timings, to: "\(path)/timings.jsonl")
    }
  }

  /// The lines of `results.jsonl`.
  func records() throws(ComparisonError) -> [StudyRecord] {
    try lines("results.jsonl").map { (json, file) throws(ComparisonError) in
      try StudyRecord(json, file: file)
    }
  }

  /// The lines of `timings.jsonl`, if there is one, by the cells' keys.
  func timings() throws(ComparisonError) -> [String: CellTiming] {
    var timings: [String: CellTiming] = [:]
    guard files.exists("\(path)/timings.jsonl") else { return timings }
    for (json, file) in try lines("timings.jsonl") {
      let key = try ResultReader(json: json, file: file).value("key", "a string", \.stringValue)
      timings[key] = try CellTiming(json, file: file)
    }
    return timings
  }

  private func lines(_ name: String) throws(ComparisonError) -> [(json: JSON, file: String)] {
    let file = "\(path)/\(name)"
    let bytes = try asComparison { try files.readBytes(file, limit: 1 << 30) }
    var lines: [(json: JSON, file: String)] = []
    for (index, line) in bytes.split(separator: 0x0A).enumerated() {
      do throws(JSONError) {
        let json = try JSON(parsing: Array(line), name: file)
        lines.append((json, "\(file), line \(index + 1)"))
      } catch {
        let place = JSONError(
          name: file, offset: line.startIndex + error.offset, line: index + 1,
          expected: error.expected, found: error.found)
        throw .damaged("\(place)", "the study's own command writes it again")
      }
    }
    return lines
  }

  private func json(_ file: String) throws(ComparisonError) -> JSON {
    try asComparison { try JSON(parsing: try files.readBytes(file, limit: 1 << 28), name: file) }
  }
}
