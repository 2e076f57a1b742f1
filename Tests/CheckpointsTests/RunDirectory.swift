import Files
import TemporaryDirectories
import Testing

@testable import Checkpoints

/// A run directory for tests, with small checkpoints whose contents follow from their step.
struct RunDirectory {
  let directory: TemporaryDirectory
  let files = LocalFileSystem()
  var path: String { directory("run") }

  /// A run directory with checkpoints of these steps.
  init(steps: [Int] = []) throws {
    directory = try TemporaryDirectory()
    let store = CheckpointStore(directory: path)
    try store.lock()
    for step in steps { try Self.publish(step, in: store) }
  }

  /// Publishes the checkpoint of a step.
  @discardableResult
  static func publish(
    _ step: Int, keeping: Int? = nil, in store: CheckpointStore
  ) throws -> PublishedCheckpoint {
    let tensors: [(String, [Int], [Float])] = [
      ("wte.weight", [3, 2], values(step)), ("ln.bias", [1], [Float(step)]),
    ]
    return try withTensors(tensors) { tensors throws in
      try store.publish(
        step: step, expecting: 1000, keeping: keeping,
        fields: [JSONMember("tokens", .integer(step * 7))]
      ) { (writer) throws(CheckpointError) in
        try writer.writeJSON("config.json", ["n_layer": 1, "step": .integer(step)])
        try writer.writeTensors("model.safetensors", tensors)
        try writer.writeBytes("notes.txt", [])
      }
    }
  }

  /// Checks that a checkpoint has all that `publish` wrote, and returns its step.
  static func check(_ checkpoint: CheckpointDirectory) throws -> Int {
    let manifest = try #require(checkpoint.manifest)
    let step = manifest.step
    #expect(manifest.fields == [JSONMember("tokens", .integer(step * 7))])
    #expect(try checkpoint.json(of: "config.json")["step"] == .integer(step))
    #expect(try checkpoint.bytes(of: "notes.txt") == [])
    let tensors = try checkpoint.tensors(of: "model.safetensors")
    #expect(try tensors.floats(try #require(tensors["wte.weight"])) == values(step))
    #expect(try tensors.floats(try #require(tensors["ln.bias"])) == [Float(step)])
    return step
  }

  private static func values(_ step: Int) -> [Float] { (0..<6).map { Float($0 * step) } }

  /// The steps of the checkpoints that are valid to the last byte.
  func validSteps() throws -> [Int] {
    let store = CheckpointStore(directory: path)
    return try store.steps().filter { step in
      guard let checkpoint = try? store.checkpoint(of: step, verify: .everything) else {
        return false
      }
      return try Self.check(checkpoint) == step
    }
  }
}
