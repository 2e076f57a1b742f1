public import Machine

extension Tokenizer {
  /// The tokens of one long text, encoded by all threads of `team`; equal to ``encode(_:)`` of it.
  ///
  /// - progress: called on this thread now and then with the fraction that is done.
  public func encode(
    _ bytes: some Collection<UInt8>, on team: ThreadTeam, progress: ((Double) -> Void)? = nil
  ) -> [UInt32] {
    encode(documents: CollectionOfOne(bytes), on: team, progress: progress).first ?? []
  }

  /// The tokens of each document, encoded by all threads of `team`; equal to encoding one by one,
  /// whatever the number of threads.
  ///
  /// - parsingAdded: whether added tokens are found in the text.
  /// - continuing: for each document, whether it goes on with the text of the one before; empty: none.
  /// - progress: called on this thread now and then with the fraction that is done.
  public func encode<Documents: RandomAccessCollection>(
    documents: Documents, on team: ThreadTeam, parsingAdded: Bool = false,
    continuing: [Bool] = [], progress: ((Double) -> Void)? = nil
  ) -> [[UInt32]] where Documents.Element: Collection<UInt8> {
    let parts = TextParts(
      of: documents, whole: parsingAdded || !vocabulary.rules.splitsText)
    let begins = parts.parts.map { part in
      let number = documents.distance(from: documents.startIndex, to: part.document)
      return part.range.lowerBound == 0 && !(number < continuing.count && continuing[number])
    }
    var encoded = [[UInt32]](repeating: [], count: parts.parts.count)
    encoded.withUnsafeMutableBufferPointer { encoded in
      parts.forEach(on: team, progress: progress) { _ in
        (encoder: TextEncoder(vocabulary, caching: parts.byteCount >= 4096), ids: [UInt32]())
      } part: { state, part, text, range in
        state.ids.removeAll(keepingCapacity: true)
        encode(
          text, range, parsingAdded: parsingAdded, begins: begins[part], with: &state.encoder,
          into: &state.ids)
        encoded[part] = Array(state.ids[...])
      } end: { _, _ in
      }
    }
    return Self.joined(encoded, parts)
  }

  /// Puts the parts of each document together; a document of one part is taken as it is.
  private static func joined<Documents>(
    _ encoded: [[UInt32]], _ parts: TextParts<Documents>
  ) -> [[UInt32]] {
    if parts.documents.count == encoded.count { return encoded }
    var result: [[UInt32]] = []
    result.reserveCapacity(parts.documents.count)
    var first = 0
    while first < encoded.count {
      let document = parts.parts[first].document
      var end = first + 1
      while end < encoded.count, parts.parts[end].document == document { end += 1 }
      result.append(end == first + 1 ? encoded[first] : Array(encoded[first..<end].joined()))
      first = end
    }
    return result
  }
}
