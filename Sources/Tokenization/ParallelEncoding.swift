public import Machine

extension Tokenizer {
  /// Texts are cut into parts of about this many bytes, at the next place where a piece begins.
  static let partBytes = 128 << 10

  /// The tokens of one long text, encoded by all threads of `team`; equal to ``encode(_:)-swift.method``.
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
  /// - progress: called on this thread now and then with the fraction that is done.
  public func encode<Documents: RandomAccessCollection>(
    documents: Documents, on team: ThreadTeam, progress: ((Double) -> Void)? = nil
  ) -> [[UInt32]] where Documents.Element: Collection<UInt8> {
    let parts = Self.parts(of: documents)
    let totalBytes = max(1, parts.reduce(0) { $0 + $1.range.count })
    var encoded = [[UInt32]](repeating: [], count: parts.count)
    var (claimed, doneBytes) = (WorkCounter(), WorkCounter())
    encoded.withUnsafeMutableBufferPointer { encoded in
      withUnsafeMutablePointer(to: &claimed) { claimed in
        withUnsafeMutablePointer(to: &doneBytes) { doneBytes in
          team.run { thread in
            var encoder = TextEncoder(vocabulary, caching: true)
            var ids: [UInt32] = []
            while true {
              let p = claimed.pointee.next()
              if p >= parts.count { break }
              ids.removeAll(keepingCapacity: true)
              Self.withSpan(of: documents[parts[p].document]) {
                encoder.encode($0, parts[p].range, into: &ids)
              }
              encoded[p] = ids
              let done = doneBytes.pointee.next(parts[p].range.count) + parts[p].range.count
              if thread == 0 { progress?(Double(done) / Double(totalBytes)) }
            }
          }
        }
      }
    }
    return Self.joined(encoded, parts: parts, documents: documents.count)
  }

  /// A range of a document that one thread encodes.
  private struct Part<Index> {
    let document: Index
    let range: Range<Int>
  }

  private static func parts<Documents: RandomAccessCollection>(
    of documents: Documents
  ) -> [Part<Documents.Index>] where Documents.Element: Collection<UInt8> {
    let preTokenizer = PreTokenizer()
    var parts: [Part<Documents.Index>] = []
    for index in documents.indices {
      withSpan(of: documents[index]) { text in
        var start = 0
        repeat {
          var end = min(start + partBytes, text.count)
          while end < text.count, !preTokenizer.isBoundary(end, in: text) { end += 1 }
          parts.append(Part(document: index, range: start..<end))
          start = end
        } while start < text.count
      }
    }
    return parts
  }

  /// Puts the parts of each document together; a document of one part is taken as it is.
  private static func joined<Index: Comparable>(
    _ encoded: [[UInt32]], parts: [Part<Index>], documents: Int
  ) -> [[UInt32]] {
    if documents == parts.count { return encoded }
    var result: [[UInt32]] = []
    result.reserveCapacity(documents)
    var first = 0
    while first < parts.count {
      var end = first + 1
      while end < parts.count, parts[end].document == parts[first].document { end += 1 }
      if end == first + 1 {
        result.append(encoded[first])
      } else {
        result.append(Array(encoded[first..<end].joined()))
      }
      first = end
    }
    return result
  }
}
