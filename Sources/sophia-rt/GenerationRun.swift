import Inference
import Machine
import Tokenization
import Transformer

/// Requests on their way through an engine, their text handed on as it comes.
final class GenerationRun {
  /// A text to be written.
  struct Job {
    let request: SequenceRequest
    /// Strings that end it.
    let stops: [String]
  }

  let engine: Engine
  /// How long the user waited for the first token of all.
  private(set) var firstToken: Duration?
  /// Why texts ended.
  private(set) var ends: Set<GeneratedText.End> = []
  private let tokenizer: Tokenizer
  /// Texts side by side: as many as the memory for their keys and values is made for.
  private static let together = 16

  /// An engine for these jobs, or others of their length; of none, for texts of the whole context.
  init(
    _ loaded: LoadedModel, for jobs: [Job], _ kv: KVPrecision, on team: ThreadTeam
  ) throws(MemoryError) {
    let context = loaded.model.config.contextLength
    let longest = jobs.map {
      min(context, min(context, $0.request.prompt.count) + min(context, $0.request.maxTokens))
    }
    let pages = KVPool.pages(for: longest.max() ?? context) * min(max(1, jobs.count), Self.together)
    engine = try Engine(loaded.model, pages: pages, kv: kv, on: team)
    tokenizer = loaded.tokenizer
  }

  /// Writes the texts. `show` gets the job's number, the text so far and what is new of it; the last
  /// time the text's `end` is set. Interrupted, every text under way ends and no other begins.
  /// Throws what `show` throws; the engine is of no use then.
  /// - began: when the user began to wait.
  func run(
    _ jobs: [Job], since began: ContinuousClock.Instant,
    show: (_ job: Int, _ text: GeneratedText, _ new: [UInt8]) throws -> Void
  ) throws {
    var texts: [Int: (job: Int, text: GeneratedText)] = [:]
    var next = 0
    while next < jobs.count || engine.unfinished > 0 {
      if Interrupts.isRequested {
        next = jobs.count
        for id in texts.keys { engine.cancel(id) }
      }
      try StandardOutput.requireReader()
      while next < jobs.count && engine.unfinished < 4 * Self.together {
        let id = try engine.submit(jobs[next].request)
        texts[id] = (next, GeneratedText(tokenizer, stops: jobs[next].stops))
        next += 1
      }
      for step in try engine.step() {
        guard let (job, soFar) = texts.removeValue(forKey: step.request) else { continue }
        var text = soFar
        firstToken = firstToken ?? ContinuousClock.now - began
        let new = text.take(step)
        if let end = text.end {
          ends.insert(end)
          if step.end == nil { engine.cancel(step.request) }
        } else {
          texts[step.request] = (job, text)
        }
        try show(job, text, new)
      }
    }
  }
}
