import Checkpoints
import Files
import Testing

extension PipelineTests {
  /// Folders that `transformers` wrote (Fixtures/make_hf_folders.py; `make interop` compares more of
  /// them, and the other way round, where Python is at hand).
  @Suite struct HuggingFace {
    private static let fixtures = parentDirectory(of: #filePath) + "/Fixtures"

    @Test(arguments: ["lm_head_f32", "inverse_layer_bf16", "base_model_f16"])
    func logitsAreTorchs(name: String) throws {
      let (place, folder) = (try Workplace(), "\(Self.fixtures)/\(name)")
      try place.succeed(
        "logits", "--checkpoint", folder, "--tokens", "\(folder)/tokens.json", "--out", "ours")
      let expected = try SafetensorsFile(path: "\(folder)/logits.safetensors")
      let ours = try SafetensorsFile(path: place.file("ours"))
      #expect(ours.entries.count == 3)
      for entry in expected.entries {
        let mine = try #require(ours[entry.name])
        #expect(mine.shape == entry.shape)
        let pairs = zip(try ours.floats(mine), try expected.floats(entry))
        let worst = pairs.map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst < 1e-4, "sequence \(entry.name): \(worst)")
        #expect(try expected.floats(entry).contains { abs($0) > 1 })
      }
    }

    /// A model has to have a row for each id of the data's tokenizer.
    @Test func aFolderWithTooFewIdsIsNotTrainedOn() throws {
      let place = try Workplace()
      try place.makeData()
      let folder = "\(Self.fixtures)/lm_head_f32"
      let flags = Workplace.train("run", ["--init-from", folder])
      let end = try place.program.run(flags.filter { !["--model", "m.json"].contains($0) })
      #expect(end.code == 64)
      let last = try #require(end.errorLines.last)
      #expect(last.contains("its tokenizer has 300 ids, the model's vocab_size is 61"), "\(last)")
      #expect(
        end.errorLines.contains {
          $0.hasSuffix(
            "attn_pdrop: ignored, sophia-rt trains without dropout")
        })
    }
  }
}
