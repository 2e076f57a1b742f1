import Testing

/// Fails at the first element that differs; its message stays one line however long the arrays are.
func expectSame(
  _ actual: [UInt32], _ expected: [UInt32], _ what: @autoclosure () -> String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record("\(actual.count) of \(expected.count) \(what())", sourceLocation: sourceLocation)
    return
  }
  if actual == expected { return }
  for i in actual.indices where actual[i] != expected[i] {
    let (a, b) = (Float(bitPattern: actual[i]), Float(bitPattern: expected[i]))
    Issue.record("element \(i) is \(a), expected \(b) \(what())", sourceLocation: sourceLocation)
    return
  }
}

/// All suites run one after another: teams of threads at the same time would wait for each other.
@Suite(.serialized) enum KernelsTests {}
