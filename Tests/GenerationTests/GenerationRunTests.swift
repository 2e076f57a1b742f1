import Inference
import Machine
import Testing
import Transformer

@testable import Generation

@Suite struct GenerationRunTests {
  private let place: TestModel
  init() throws { place = try TestModel() }

  private func run(count: Int, longest: Int) throws -> GenerationRun {
    try GenerationRun(
      place.decoderModel(), place.tokenizer, count: count, longest: longest, on: place.team)
  }

  private func request(_ sample: Int, maxTokens: Int) -> TextRequest {
    TextRequest(
      SequenceRequest(
        prompt: [60, 61], maxTokens: maxTokens, seed: 5, sample: UInt32(sample)), stops: ["z"])
  }

  private func texts(_ requests: [TextRequest], _ run: GenerationRun) throws -> [[UInt8]] {
    var texts: [[UInt8]] = []
    func take(_ number: Int, _ text: GeneratedText) {
      #expect(number == texts.count && text.end != nil)
      texts.append(text.shown)
    }
    try run.run(requests, finish: take)
    return texts
  }

  /// Each text is the one that it is alone, and they come in order whatever their lengths.
  @Test func eachTextIsTheOneThatItIsAlone() throws {
    let requests = (0..<40).map { request($0, maxTokens: 1 + 7 * $0 % 30) }
    let together = try texts(requests, run(count: 40, longest: 32))
    #expect(together.count == 40 && Set(together).count > 20)
    for number in [0, 7, 39] {
      #expect(
        try texts([requests[number]], run(count: 1, longest: 32)) == [together[number]])
    }
  }

  /// Pieces joined are the text, and only the last one has an end.
  @Test func piecesAreTheText() throws {
    var (pieces, ends): ([Int: [UInt8]], [Int]) = ([:], [])
    let run = try run(count: 3, longest: 22)
    func show(_ number: Int, _ text: GeneratedText, _ new: [UInt8]) {
      pieces[number, default: []] += new
      #expect(!ends.contains(number) && text.shown == pieces[number])
      if text.end != nil { ends.append(number) }
    }
    func finish(_ number: Int, _ text: GeneratedText) {
      #expect(text.shown == pieces[number] && ends.contains(number))
    }
    try run.run((0..<3).map { request($0, maxTokens: 20) }, show: show, finish: finish)
    #expect(ends.sorted() == [0, 1, 2] && !run.ends.isEmpty && run.firstToken != nil)
  }

  /// Requests are made as there is room for them, and texts that ended wait for an earlier one in
  /// bounded number only.
  @Test func textsThatWaitAreBounded() throws {
    var (made, finished, most) = (0, 0, 0)
    let requests = (0..<4000).lazy.map { sample in
      made += 1
      return request(sample, maxTokens: sample == 0 ? 190 : 1)
    }
    let run = try run(count: 4000, longest: 192)
    func finish(_ number: Int, _: GeneratedText) {
      #expect(number == finished)
      finished += 1
    }
    try run.run(requests, show: { _, _, _ in most = max(most, made - finished) }, finish: finish)
    #expect(finished == 4000 && made == 4000)
    // One request is made ahead.
    #expect(most <= GenerationRun.mostWaiting + 1 && most > 500, "\(most)")
  }

  /// Of a hundred million texts those are made that are begun; asked to stop, each of them ends.
  @Test func aStopEndsWhatWasBegun() throws {
    var (made, finished, steps): (Int, [TextEnd?], Int) = (0, [], 0)
    let requests = (0..<100_000_000).lazy.map { sample in
      made += 1
      return request(sample, maxTokens: 150)
    }
    let run = try run(count: 100_000_000, longest: 152)
    try run.run(
      requests,
      shouldStop: {
        steps += 1
        return steps > 4
      }, finish: { finished.append($1.end) })
    #expect(made < 100 && finished.count >= 16 && finished.count >= made - 1)
    #expect(finished.contains(.interrupted) && !finished.contains(nil))
  }

  /// What the sink throws ends the run.
  @Test func whatTheSinkThrowsComesOut() throws {
    struct Closed: Error {}
    let run = try run(count: 2, longest: 12)
    #expect(throws: Closed.self) {
      try run.run([request(0, maxTokens: 10)], show: { _, _, _ in throw Closed() })
    }
  }

  /// A request that the model cannot serve is an error that says why.
  @Test func aRefusedRequestIsAnError() throws {
    let run = try run(count: 1, longest: 12)
    #expect(throws: InferenceError.setting(name: "max tokens", value: "-1", expected: "at least 0"))
    {
      try run.run([request(0, maxTokens: -1)])
    }
  }
}
