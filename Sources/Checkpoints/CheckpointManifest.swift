public import Files

/// What `manifest.json` says: the step, the files with their lengths and checksums, and whatever
/// the program that wrote the checkpoint adds. It is written last, so a directory that has one was
/// complete; its own last member is the checksum of the text without that member.
public struct CheckpointManifest: Sendable, Equatable {
  /// The name of the file.
  public static let fileName = "manifest.json"
  /// The largest manifest that is read, in bytes.
  static let maxLength = 1 << 20
  private static let format = "sophia-rt checkpoint"
  private static let version = 1

  /// The step of training after which the checkpoint was made.
  public var step: Int
  /// What else the program that wrote it says.
  public var fields: [JSONMember]
  /// The files of the checkpoint.
  public var files: [FileRecord]

  /// A manifest.
  public init(step: Int, fields: [JSONMember] = [], files: [FileRecord] = []) {
    (self.step, self.fields, self.files) = (step, fields, files)
  }

  /// Whether a text is another program's: a JSON object that does not say what format it has.
  static func isForeign(_ text: [UInt8]) -> Bool {
    guard let json = try? JSON(parsing: text, name: fileName), json.objectValue != nil else {
      return false
    }
    return json["format"] == nil
  }

  /// Reads a manifest. The text has to be, byte for byte, what would be written for what it says.
  init(parsing text: [UInt8], file: String) throws(CheckpointError) {
    func check(_ condition: Bool, _ place: String, _ expected: String, _ found: String)
      throws(CheckpointError)
    {
      if !condition {
        throw .invalid(file: file, place: place, expected: expected, found: found)
      }
    }
    let json: JSON
    do throws(JSONError) {
      json = try JSON(parsing: text, name: file)
    } catch {
      throw .json(error)
    }
    try check(
      json["format"] == .string(Self.format), "format", "\"\(Self.format)\"",
      json["format"]?.stringValue ?? "another value")
    try check(
      json["version"] == .integer(Self.version), "version", "\(Self.version)",
      "\(json["version"]?.kind ?? "none") (a newer program can read newer versions)")
    guard let step = json["step"]?.intValue, let fields = json["fields"]?.objectValue,
      let records = json["files"]?.arrayValue
    else {
      throw .invalid(
        file: file, place: "manifest", expected: "step, fields and files",
        found: "not all of them with values of their kind")
    }
    self.init(step: step, fields: fields)
    var names: Set<[UInt8]> = []
    for record in records {
      guard let record = FileRecord(json: record) else {
        throw .invalid(
          file: file, place: "files", expected: "name, length and crc32c of a file", found: "other")
      }
      try check(isFileName(record.name), "files", "names without a directory", record.name)
      try check(
        names.insert(Array(record.name.utf8)).inserted, "files", "each name once", record.name)
      files.append(record)
    }
    try check(serialized() == text, "checksum", "that of its text", "another: it is damaged")
  }

  /// The text of the manifest, with its checksum.
  func serialized() -> [UInt8] {
    var members: [JSONMember] = [
      JSONMember("format", .string(Self.format)), JSONMember("version", .integer(Self.version)),
      JSONMember("step", .integer(step)), JSONMember("fields", .object(fields)),
      JSONMember("files", .array(files.map(\.json))),
    ]
    let checksum = CRC32C.checksum(JSON.object(members).serialized())
    members.append(JSONMember("manifest_crc32c", .string(hexadecimal(checksum))))
    return JSON.object(members).serialized(pretty: true) + [0x0A]
  }
}

extension FileRecord {
  fileprivate var json: JSON {
    ["name": .string(name), "length": .integer(length), "crc32c": .string(hexadecimal(crc32c))]
  }

  fileprivate init?(json: JSON) {
    guard let name = json["name"]?.stringValue, let length = json["length"]?.intValue, length >= 0,
      let checksum = json["crc32c"]?.stringValue, let crc32c = UInt32(checksum, radix: 16)
    else { return nil }
    self.init(name: name, length: length, crc32c: crc32c)
  }
}

/// Whether a name can be that of a file of a checkpoint: it stays in its directory, and it is
/// neither the manifest's nor cut short by a NUL.
func isFileName(_ name: String) -> Bool {
  !name.isEmpty && name != "." && name != ".." && name != CheckpointManifest.fileName
    && name.utf8.count < 256 && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
}
