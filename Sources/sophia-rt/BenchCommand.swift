import ArgumentParser
import Benchmarks
import Files
import Kernels
import Machine
import Presets
import Transformer

/// `sophia-rt bench`.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure this machine's limits, and how near the kernels come.",
    discussion: """
      Without a name, everything but hessian, in a minute and a half for gpt2 on two cores. Every rate stands beside the limit that was \
      measured between its repetitions (FMA peak, or a memory stream); a share is the median of \
      those ratios. Nothing else should run on the machine: what other programs disturb is repeated, \
      and marked if that does not help.
      """)

  @Argument(help: ArgumentHelp("What to measure: \(names).", valueName: "what"))
  var what: [String] = []
  @Option(
    help: ArgumentHelp("Preset, or a JSON file, whose shapes are measured.", valueName: "name|file")
  )
  var model = "gpt2"
  @Option(
    help: ArgumentHelp(
      "Thread counts, such as 1,2,4 (default: the planned one).", valueName: "list"))
  var threads: String?
  @Option(help: ArgumentHelp("CPUs, one thread on each, such as 0-3,8.", valueName: "list"))
  var cpus: String?
  @Option(
    help: ArgumentHelp(
      "Sequences at a time (gemm and attention: 4, train and hessian: 1).", valueName: "n"))
  var batch: Int?
  @Option(
    help: ArgumentHelp(
      "Timed repetitions (default: up to 5, as many as fit into about a second).", valueName: "n"))
  var repetitions: Int?
  @Option(
    help: ArgumentHelp(
      "Precisions of prefill and decode (default: f32,bf16,int8,int4).", valueName: "list"))
  var weights: String?
  @Flag(help: "One JSON object.")
  var json = false
  @Flag(help: "Comma-separated values.")
  var csv = false

  private static var names: String {
    Benchmark.allCases.map(\.rawValue).joined(separator: ", ")
  }

  func validate() throws {
    for name in what where Benchmark(rawValue: name) == nil {
      throw ValidationError("\(name): expected some of \(Self.names)")
    }
    if let batch, !(1...4096).contains(batch) {
      throw ValidationError("--batch \(batch): expected 1 to 4096")
    }
    if let repetitions, !(1...1000).contains(repetitions) {
      throw ValidationError("--repetitions \(repetitions): expected 1 to 1000")
    }
    if json && csv { throw ValidationError("--json and --csv: choose one") }
    _ = try threadCounts()
    _ = try precisions()
  }

  func run() throws {
    let plans = try threadCounts().map {
      try ThreadPlan.forThisMachine(threads: $0, cpus: cpus)
    }
    let machine = try MachineDescription.ofThisMachine()
    var settings = BenchmarkSettings(try config())
    if let batch { (settings.batch, settings.trainBatch) = (batch, batch) }
    settings.repetitions = repetitions
    settings.weights = try precisions()
    let report = BenchReport(json ? .json : csv ? .csv : .table, model: model, machine: machine)
    report.begin()
    guard let first = plans.first else { return }
    try TeamThread.run(first) { owned in
      for plan in plans {
        try measure(settings, report, on: ThreadTeam(plan: plan, besides: owned))
      }
    }
    try report.end()
  }

  private func measure(
    _ settings: BenchmarkSettings, _ report: BenchReport, on team: ThreadTeam
  ) throws {
    var terminal = Terminal()
    for benchmark in Benchmark.allCases where isWanted(benchmark) {
      do {
        try benchmark.run(settings, on: team) { report.add($0) }
      } catch let error as BenchmarkError where what.isEmpty {
        terminal.note("\(error); skipped")
      }
    }
  }

  private func isWanted(_ benchmark: Benchmark) -> Bool {
    what.isEmpty ? Benchmark.usual.contains(benchmark) : what.contains(benchmark.rawValue)
  }

  private func threadCounts() throws -> [Int?] {
    guard let threads else { return [nil] }
    return try threads.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let count = Int(part), count >= 1 else {
        throw ValidationError("--threads \(threads): expected numbers such as 1,2,4")
      }
      return count
    }
  }

  private func precisions() throws -> [WeightPrecision] {
    guard let weights else { return WeightPrecision.allCases }
    return try weights.split(separator: ",", omittingEmptySubsequences: false).map {
      try WeightOptions.precision(String($0))
    }
  }

  private func config() throws -> GPT2Config {
    var bytes: [UInt8]
    if let preset = Presets.all.first(where: { $0.name.utf8.elementsEqual(model.utf8) }) {
      bytes = preset.json
    } else if LocalFileSystem().exists(model) {
      bytes = try LocalFileSystem().readBytes(model, limit: 1 << 20)
    } else {
      let names = Presets.all.map(\.name).joined(separator: ", ")
      throw ValidationError("--model \(model): no such file, and no preset: \(names)")
    }
    let parsed = try JSON(parsing: bytes, name: model)
    return try GPT2Config(
      huggingFace: parsed, vocabularySize: parsed["training"]?["vocabulary"]?.intValue ?? 8192,
      file: model)
  }
}
