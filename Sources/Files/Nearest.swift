/// The candidate at the smallest edit distance (Levenshtein 1966): what an unknown name may have meant.
public func nearest(_ word: String, _ candidates: [String]) -> String {
  func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for i in a.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let replaced = diagonal + (a[i] == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
  let from = Array(word.utf8.prefix(100))
  return candidates.min { distance(from, Array($0.utf8)) < distance(from, Array($1.utf8)) } ?? ""
}
