import Dataset
import Files
import Machine
import Testing
import Transformer

@testable import Training

extension TrainingTests {
  /// Evaluation and the log.
  @Suite struct EvaluationAndMetrics {
    /// A small model far from its initial values.
    private struct Model {
      let config = GPT2Config(
        vocabularySize: 50, contextLength: 16, width: 24, layers: 2, heads: 3)
      let team = ThreadTeam(count: 2)
      let theta: Arena

      init() throws {
        let table = ParameterTable(config)
        theta = try Arena(count: table.count)
        table.initialize(theta, seed: 3, on: team)
        for i in 0..<table.count { theta.base[i] *= 10 }
      }

      func pass(_ B: Int, _ T: Int) throws -> StepGradient {
        try StepGradient(
          config, table: ParameterTable(config), parameters: theta,
          gradients: Arena(count: theta.count), curvature: nil, microBatch: B, T: T, on: team)
      }
    }

    /// The mean over a slice is the mean of its windows', each alone.
    @Test func equalsTheMeanOfPerWindowLosses() throws {
      let (model, T) = (try Model(), 12)
      let tokens = (0..<9 * T + 5).map { (i: Int) -> UInt16 in UInt16((i * i * 7 + i / 3) % 50) }
      let slice = try ValidationSlice(TokenStream(tokens: tokens), context: T, maxTokens: nil)
      #expect(slice.count == 9)
      let single = try model.pass(1, T)
      var sum = 0.0
      for window in 0..<9 {
        let x = Array(tokens[window * T..<window * T + T])
        let y = Array(tokens[window * T + 1..<window * T + T + 1])
        sum += single.loss(tokens: x, targets: y, count: 1) / Double(T)
      }
      let lengths = TokenLengths(bytes: (0..<50).map { Int32($0 % 4) })
      var reported: [[Int]] = []
      let evaluations = try [1, 2, 4, 9, 12].map {
        var done: [Int] = []
        let evaluation = Evaluation(of: slice, lengths: lengths, with: try model.pass($0, T)) {
          #expect($1 == 9)
          done.append($0)
        }
        reported.append(done)
        return evaluation
      }
      #expect(reported == [Array(1...9), [2, 4, 6, 8, 9], [4, 8, 9], [9], [9]])
      #expect(abs(evaluations[0].nats - sum / 9) < 1e-12)
      let bytes = tokens[1...9 * T].reduce(0) { (sum: Int, token: UInt16) in sum + Int(token % 4) }
      let bits = try #require(evaluations[0].bitsPerByte)
      let expectedBits: Double = sum * Double(T) / 0.6931471805599453 / Double(bytes)
      #expect(abs(bits - expectedBits) < 1e-12)
      for other in evaluations {
        #expect(other.nats == evaluations[0].nats && other.bitsPerByte == bits)
      }
    }

    /// Each token once, from the window that gives it most context, a window's start being a
    /// multiple of the stride; token by token, in windows of their own.
    @Test(arguments: [(60, 12), (60, 5), (60, 1), (12, 4), (7, 3), (61, 11), (1, 12)])
    func stridesCountEachTokenOnce(total: Int, stride: Int) throws {
      let (model, T) = (try Model(), 12)
      let tokens = (0...total).map { (i: Int) -> UInt16 in UInt16((i * i * 7 + i / 3) % 50) }
      var sum = 0.0
      for target in 1...total {
        // The first window that reaches it.
        var start = 0
        while start + T < target { start += stride }
        let single = try model.pass(1, target - start)
        let (x, y) = (Array(tokens[start..<target]), Array(tokens[start + 1...target]))
        withExtendedLifetime(single) {
          sum += single.tokenLosses(tokens: x, targets: y, count: 1)[target - start - 1]
        }
      }
      let lengths = TokenLengths(bytes: (0..<50).map { Int32($0 % 4) })
      // A limit is an end of the stream.
      let streams = [(tokens, nil), (tokens + [1, 2, 3], total)] as [([UInt16], Int?)]
      let results = try streams.flatMap { tokens, limit in
        try [1, 3, 100].map {
          var done: [Int] = []
          let result = StridedEvaluation(
            of: TokenStream(tokens: tokens), limit: limit, stride: stride, lengths: lengths,
            with: try model.pass($0, T)
          ) {
            #expect(done.last ?? 0 < $0 && $0 <= $1)
            done.append($0)
            if $0 == $1 { #expect(($1 - 1) * stride + T >= total) }
          }
          #expect(!done.isEmpty)
          return result
        }
      }
      #expect(abs(results[0].nats - sum / Double(total)) < 1e-12)
      let bytes = tokens[1...].reduce(0) { (sum: Int, token: UInt16) in sum + Int(token % 4) }
      let expectedBits = bytes == 0 ? nil : sum / 0.6931471805599453 / Double(bytes)
      #expect(abs((results[0].bitsPerByte ?? 0) - (expectedBits ?? 0)) < 1e-12)
      for result in results {
        #expect(result.tokens == total && result.nats == results[0].nats)
        #expect(result.bitsPerByte == results[0].bitsPerByte)
      }
      if stride == T && total % T == 0 {
        let slice = try ValidationSlice(TokenStream(tokens: tokens), context: T, maxTokens: nil)
        let plain = Evaluation(of: slice, lengths: lengths, with: try model.pass(2, T)) { _, _ in }
        #expect(plain.nats == results[0].nats && plain.bitsPerByte == results[0].bitsPerByte)
      }
    }

    /// Names are for other people's scripts: they stay.
    @Test(arguments: Recipe.all)
    func fieldsOfTheLogAreStable(recipe: Recipe) throws {
      let tiny = try TinyRun()
      try tiny.run(tiny.request("run", recipe.flags))
      let lines = try tiny.text("run/metrics.jsonl").split(separator: "\n").map {
        try JSON(parsing: Array($0.utf8), name: "metrics")
      }
      var own =
        [
          "adamw": ["v_norm"], "muon": ["v_norm"], "sophia-g": ["win_rate", "h_norm"],
          "sophia-h": ["win_rate", "h_norm"], "sophia-muon": ["win_rate", "h_norm"],
        ][recipe.optimizer] ?? []
      if !recipe.autoRho.isEmpty { own.insert("gamma", at: 1) }
      for line in lines {
        let keys = try #require(line.objectValue).map(\.key)
        switch line["event"]?.stringValue {
        case "step":
          // A refresh every 4 steps: before the first of them, or after the last (official).
          let phase = recipe.form == "official" ? 0 : 1
          let refreshes =
            recipe.optimizer.hasPrefix("sophia") && (line["step"]?.intValue ?? 0) % 4 == phase
          let times = ["seconds", "optimizer_seconds", "tokens_per_second"]
          #expect(
            keys == ["event", "step", "tokens", "loss", "lr", "grad_norm", "clip_rate"]
              + own + (refreshes ? ["curvature_sequences"] : [])
              + ["m_norm", "param_norm"] + times)
        case "eval": #expect(keys == ["event", "step", "val_loss", "val_bits_per_byte"])
        default: Issue.record("unknown event in \(line)")
        }
      }
      let order = lines.compactMap { line in
        line["step"]?.intValue.map { "\(line["event"]?.stringValue ?? "?") \($0)" }
      }
      var expected: [String] = []
      for step in 1...12 {
        expected.append("step \(step)")
        if [5, 10, 12].contains(step) { expected.append("eval \(step)") }
      }
      #expect(order == expected)
      #expect(lines[3]["tokens"] == 256)
    }

    @Test func withoutValidationTokensThereIsANoticeAndNoEvaluation() throws {
      let tiny = try TinyRun()
      try LocalFileSystem().makeDirectories(tiny.file("bare"))
      try LocalFileSystem().writeAtomically(
        Array(try tiny.read("data/train_000000.bin")), to: tiny.file("bare/train.bin"))
      let bare = [
        JSONMember("data", .string(tiny.file("bare"))),
        JSONMember("tokenizer", .string(tiny.file("data"))),
      ]
      let run = try tiny.run(tiny.request("run", bare))
      #expect(run.outcome == .finished && run.events.evaluations.isEmpty)
      #expect(run.events.notices.contains { $0.contains("no evaluation") })
      #expect(run.bits == (try tiny.run(tiny.request("whole"))).bits)
    }

    /// The best loss so far and the clipped steps are counted across a resume.
    @Test func countsGoOnAcrossAResume() throws {
      let tiny = try TinyRun()
      let clip = [JSONMember("clip", 0.5)]
      let whole = try tiny.run(tiny.request("whole", clip))
      try tiny.run(tiny.request("run", clip), stopAt: 7)
      let rest = try tiny.run(tiny.request("run", clip, resume: true))
      #expect(rest.events.steps.last?.clipRate == whole.events.steps.last?.clipRate)
      #expect(try #require(whole.events.steps.last?.clipRate) > 0)
    }
  }
}
