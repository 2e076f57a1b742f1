import Generation
import Kernels
import Machine
import TemporaryDirectories
import Testing
import Transformer

@Suite struct StoredModelTests {
  @Test func aFolderGivesModelAndTokenizer() throws {
    let (directory, place) = (try TemporaryDirectory(), try TestModel())
    try place.write(to: directory)
    let stored = try StoredModel(directory.path) { Issue.record("\($0)") }
    #expect(stored.config == place.config)
    #expect(stored.tokenizer.fingerprint == place.tokenizer.fingerprint)
    let loaded = try stored.load(.int8, pages: 4, on: place.team)
    #expect(loaded.model.precision == .int8 && loaded.checkpoint.path == directory.path)
  }

  /// A model for which there is no memory is refused before its weights are read, with both amounts.
  @Test func whatDoesNotFitIsRefused() throws {
    let (directory, place) = (try TemporaryDirectory(), try TestModel())
    try place.write(to: directory)
    let stored = try StoredModel(directory.path) { _ in }
    let limit = try #require(
      MemoryLimit(
        meminfo: "MemTotal: 200000 kB\nMemAvailable: 60000 kB\n",
        cgroup: CgroupLimits(files: SystemFiles { _ in nil })))
    let error = #expect(throws: MemoryShortage.self) {
      try stored.load(.f32, pages: 4, on: place.team, limit: limit)
    }
    let text = error?.description ?? ""
    let plan = GenerationMemory(stored.config, .f32, pages: 4, threads: place.team.count)
    #expect(
      text.hasPrefix("not enough memory: \(ByteCount(plan.bytes)) needed (weights ")
        && text.contains("58.6 MiB available"), "\(text)")
  }

  /// The plan counts what a model takes: what the system has given after it was made.
  @Test(arguments: WeightPrecision.allCases)
  func theWeightsAreCounted(precision: WeightPrecision) throws {
    let place = try TestModel()
    let bytes = DecoderModel.bytes(place.config, precision)
    let model = try DecoderModel(place.config, precision)
    let vectors = ParameterTable(place.config).entries.filter { $0.shape.count == 1 }
    #expect(bytes >= model.matrixBytes + 4 * vectors.reduce(0) { $0 + $1.count })
    #expect(bytes < 2 * model.matrixBytes + 64 * 16 * 20 + 4 * 200 * 16)
  }

  @Test func anEmptyPromptIsEndOfText() throws {
    let place = try TestModel()
    #expect(try place.tokenizer.promptTokens([]) == [place.tokenizer.endOfText])
    #expect(try place.tokenizer.promptTokens("he".utf8) == place.tokenizer.encode("he"))
  }
}
