import Machine

/// Documents cut into parts that threads take in turn. Parts begin where pieces begin, so what is found
/// in them depends neither on the cuts nor on the number of threads.
struct TextParts<Documents: RandomAccessCollection> where Documents.Element: Collection<UInt8> {
  /// A range of a document.
  struct Part {
    let document: Documents.Index
    let range: Range<Int>
  }

  let documents: Documents
  /// In the order of the documents; each document has at least one.
  let parts: [Part]
  /// Bytes in all documents.
  let byteCount: Int

  /// Cuts documents into parts of about `partBytes` bytes, at the next place where a piece begins.
  /// `whole` documents are one part each.
  init(of documents: Documents, partBytes: Int = 128 << 10, whole: Bool = false) {
    let preTokenizer = PreTokenizer()
    var parts: [Part] = []
    for index in documents.indices {
      Tokenizer.withSpan(of: documents[index]) { text in
        var start = 0
        repeat {
          var end = whole ? text.count : min(start + partBytes, text.count)
          while end < text.count, !preTokenizer.isBoundary(end, in: text) { end += 1 }
          parts.append(Part(document: index, range: start..<end))
          start = end
        } while start < text.count
      }
    }
    self.documents = documents
    self.parts = parts
    byteCount = parts.reduce(0) { $0 + $1.range.count }
  }

  /// Hands out all parts to the threads of `team`, each with a state of its own.
  ///
  /// - progress: called on this thread now and then with the fraction of bytes that is done.
  /// - begin: makes a thread's state.
  /// - part: takes the state, the index of the part, its document and its range there.
  /// - end: takes the state back.
  func forEach<State>(
    on team: ThreadTeam, progress: ((Double) -> Void)?, begin: (Int) -> State,
    part body: (inout State, Int, Span<UInt8>, Range<Int>) -> Void, end: (State, Int) -> Void
  ) {
    let claimed = WorkCounter()
    let doneBytes = WorkCounter()
    team.run { thread in
      var state = begin(thread)
      while true {
        let p = claimed.next()
        if p >= parts.count { break }
        let part = parts[p]
        Tokenizer.withSpan(of: documents[part.document]) { body(&state, p, $0, part.range) }
        let done = doneBytes.next(part.range.count) + part.range.count
        if thread == 0 { progress?(Double(done) / Double(max(1, byteCount))) }
      }
      end(state, thread)
    }
  }
}
