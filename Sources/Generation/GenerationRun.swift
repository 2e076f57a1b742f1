public import Inference
public import Machine
public import Tokenization
public import Transformer

/// Texts written side by side, however many there are: requests are made as the engine has room for
/// them, and a text is given out and forgotten when its turn comes.
public final class GenerationRun {
  /// The engine; its timing is that of all texts.
  public var engine: Engine { texts.engine }
  /// How long the user waited for the first token of all.
  public private(set) var firstToken: Duration?
  /// Why texts ended: the names of their ends.
  public private(set) var ends: Set<String> = []
  private let texts: TextEngine
  /// Texts side by side: as many as the memory for their keys and values is made for.
  private static let together = 16
  /// Texts that wait for the end of an earlier one at most; then no more are begun.
  static let mostWaiting = 1024

  /// A run of `count` texts, or of more than that a few at a time, that have at most `longest` tokens
  /// each with their prompts. Throws ``MemoryError``.
  public init(
    _ model: DecoderModel, _ tokenizer: Tokenizer, count: Int, longest: Int,
    kv: KVPrecision = .f32, on team: ThreadTeam
  ) throws(MemoryError) {
    let pages = Self.pages(count: count, longest: longest, model.config)
    texts = TextEngine(try Engine(model, pages: pages, kv: kv, on: team), tokenizer)
  }

  /// Key and value pages that such a run takes.
  public static func pages(count: Int, longest: Int, _ config: GPT2Config) -> Int {
    KVPool.pages(for: min(config.contextLength, longest)) * min(max(1, count), together)
  }

  /// Tokens of a prompt and its text at most, as far as the model's context holds them.
  public static func length(prompt: Int, maxTokens: Int, _ config: GPT2Config) -> Int {
    let context = config.contextLength
    return min(context, min(context, prompt) + min(context, maxTokens))
  }

  /// Writes the texts of `requests`, which are numbered from 0. Interrupted, every text under way
  /// ends and no other begins. Throws what `shouldStop`, `show` and `finish` throw, after which the
  /// run is of no use; ``InferenceError`` for a request that the engine refuses; ``MemoryError``.
  /// - began: when the user began to wait.
  /// - shouldStop: asked between steps.
  /// - show: gets the number of a text, the text so far, and what is new of it.
  /// - finish: gets each text that has ended, in the order of the numbers.
  public func run(
    _ requests: some Sequence<TextRequest>, since began: ContinuousClock.Instant = .now,
    shouldStop: () throws -> Bool = { false },
    show: (_ number: Int, _ text: GeneratedText, _ new: [UInt8]) throws -> Void = { _, _, _ in },
    finish: (_ number: Int, _ text: GeneratedText) throws -> Void = { _, _ in }
  ) throws {
    var (numbers, ended): ([Int: Int], [Int: GeneratedText]) = ([:], [:])
    // The numbers of the next text to begin and of the next one to give out.
    var (next, turn) = (0, 0)
    var waiting = requests.makeIterator()
    var (request, isStopped) = (waiting.next(), false)
    while request != nil || texts.unfinished > 0 {
      if try !isStopped && shouldStop() {
        (request, isStopped) = (nil, true)
        texts.cancelAll()
      }
      while let one = request, texts.unfinished < 4 * Self.together,
        next - turn < Self.mostWaiting
      {
        numbers[try texts.submit(one)] = next
        next += 1
        request = waiting.next()
      }
      try texts.step { id, text, new in
        guard let number = numbers[id] else { return }
        firstToken = firstToken ?? ContinuousClock.now - began
        if let end = text.end {
          ends.insert(end.name)
          numbers[id] = nil
          ended[number] = text
        }
        try show(number, text, new)
      }
      while let text = ended.removeValue(forKey: turn) {
        try finish(turn, text)
        turn += 1
      }
    }
  }
}
