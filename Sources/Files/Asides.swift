import Glibc

/// A new file that is written beside the one it will be, under a random name, and then takes that one's name.
///
/// Its writer holds the lock of the file itself. So whoever comes later knows what a writer that is gone has
/// left, in whatever container it ran, and removes it: each new file begins with that.
public final class FileAside: Sendable {
  /// The file, open to be written.
  public let file: OpenFile

  private let (directory, name, target): (OpenFile, String, String)
  private let files: any FileSystem

  /// Makes a file to become `path`, and removes what others left of theirs.
  /// - Throws: ``FileError``; nothing is left then.
  public init(for path: String, _ files: any FileSystem) throws(FileError) {
    let target = lastPart(of: path)
    let directory = try files.open(parentDirectory(of: path), .directory)
    do throws(FileError) {
      try files.sweepAsides(in: directory, of: target)
      (file, name) = try files.openAside(of: target, in: directory) { (name) throws(FileError) in
        try files.open(name, .create, in: directory)
      }
    } catch {
      try? files.close(directory)
      throw error
    }
    (self.directory, self.target, self.files) = (directory, target, files)
  }

  /// Syncs the file, gives it its name, replacing a file that has it, and syncs the directory.
  public func publish() throws(FileError) {
    try files.synchronize(file)
    try files.requireOwn(name, file, in: directory)
    try files.rename(name, to: target, in: directory)
    try files.synchronizeDirectory(directory)
    close()
  }

  /// Removes the file, as far as that goes: the error that led here is the one to report.
  public func abandon() {
    if (try? files.requireOwn(name, file, in: directory)) != nil {
      try? files.removeFile(name, in: directory)
    }
    close()
  }

  /// The bytes are on disk by now: what closing says is of no account.
  private func close() {
    try? files.close(file)
    try? files.close(directory)
  }
}

/// A new directory that is filled beside the one it will be. See ``FileAside``.
public final class DirectoryAside: Sendable {
  /// The directory, open.
  public let directory: OpenFile

  private let (parent, name, target): (OpenFile, String, String)
  private let files: any FileSystem

  /// Makes an empty directory to become `path`, and removes what others left of theirs.
  /// - Throws: ``FileError``; nothing is left then.
  public init(for path: String, _ files: any FileSystem) throws(FileError) {
    let target = lastPart(of: path)
    let parent = try files.open(parentDirectory(of: path), .directory)
    do throws(FileError) {
      try files.sweepAsides(in: parent, of: target)
      (directory, name) = try files.openAside(of: target, in: parent) { (name) throws(FileError) in
        try files.makeDirectory(name, in: parent)
        do throws(FileError) {
          return try files.open(name, .directoryNoLink, in: parent)
        } catch {
          try? files.removeDirectory(name, in: parent)
          throw error
        }
      }
    } catch {
      try? files.close(parent)
      throw error
    }
    (self.parent, self.target, self.files) = (parent, target, files)
  }

  /// Syncs the directory and gives it its name. A directory that has it is exchanged with it and then removed:
  /// at each moment the one or the other is there.
  /// - replacing: whether that one may hold anything
  public func publish(replacing: Bool) throws(FileError) {
    try files.synchronizeDirectory(directory)
    try files.requireOwn(name, directory, in: parent)
    do throws(FileError) {
      // Nothing there, or an empty directory.
      try files.rename(name, to: target, in: parent)
      try files.synchronizeDirectory(parent)
    } catch  where replacing && (error.code == ENOTEMPTY || error.code == EEXIST) {
      try replace()
    }
    close()
  }

  private func replace() throws(FileError) {
    do throws(FileError) {
      try files.exchange(name, with: target, in: parent)
      try files.synchronizeDirectory(parent)
      try? files.removeTree(name, in: parent)
    } catch  where error.isUnsupported {
      // In two steps; between them the earlier one has a name by which it is found (`restoreEarlier`).
      let earlier = name + AsideName.earlier
      try files.rename(target, to: earlier, in: parent)
      do throws(FileError) {
        try files.rename(name, to: target, in: parent)
      } catch {
        try? files.rename(earlier, to: target, in: parent)
        throw error
      }
      try files.synchronizeDirectory(parent)
      try? files.removeTree(earlier, in: parent)
    }
  }

  /// Removes the directory, as far as that goes: the error that led here is the one to report.
  public func abandon() {
    if (try? files.requireOwn(name, directory, in: parent)) != nil {
      try? files.removeTree(name, in: parent)
    }
    close()
  }

  private func close() {
    try? files.close(directory)
    try? files.close(parent)
  }
}

/// Names of what is written aside: the final name, `.tmp-` and 16 random hexadecimal digits.
enum AsideName {
  static let mark = ".tmp-"
  static let earlier = "-earlier"

  static func random(of target: String) -> String {
    target + mark + hexadecimal(UInt64.random(in: 0 ... .max))
  }

  /// The final name that a name of something written aside says; nil for other names.
  static func target(of name: String) -> String? {
    let bytes = Array(name.utf8)
    guard bytes.count > mark.utf8.count + 16 else { return nil }
    let (head, digits) = (bytes.dropLast(16), bytes.suffix(16))
    guard head.suffix(mark.utf8.count).elementsEqual(mark.utf8),
      digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else { return nil }
    return String(decoding: head.dropLast(mark.utf8.count), as: UTF8.self)
  }
}

extension FileSystem {
  /// Whether a name is that of something written aside for `target`, or for anything if `nil`.
  public func isAside(_ name: String, of target: String? = nil) -> Bool {
    guard let its = AsideName.target(of: name) else { return false }
    return target.map { $0.utf8.elementsEqual(its.utf8) } ?? true
  }

  /// Removes from a directory what writers that are gone left aside for `target`, or for anything if `nil`.
  /// What cannot be removed stays: it is in nobody's way.
  /// - Throws: if the directory cannot be listed.
  public func sweepAsides(in directory: OpenFile, of target: String? = nil) throws(FileError) {
    for name in try list(directory) where isAside(name, of: target) {
      try? sweep(name, in: directory)
    }
  }

  private func sweep(_ name: String, in directory: OpenFile) throws(FileError) {
    let status = try status(of: name, followingLinks: false, in: directory)
    // A link or pipe of such a name is nobody's work.
    guard status.kind == .regular || status.kind == .directory else {
      return try removeFile(name, in: directory)
    }
    let mode: OpenMode = status.kind == .directory ? .directoryNoLink : .readRegularNoLink
    try withFile(name, mode, in: directory) { left throws(FileError) in
      try lock(left)
      try requireOwn(name, left, in: directory)
      try removeTree(name, in: directory)
    }
  }

  /// Gives an earlier directory its name back where its writer, on a file system without exchange, was ended
  /// before the new one had it.
  public func restoreEarlier(of path: String) throws(FileError) {
    if (try? status(of: path, followingLinks: false)) != nil { return }
    let (parent, target) = (parentDirectory(of: path), lastPart(of: path))
    guard isDirectory(parent) else { return }
    try withFile(parent, .directory) { parent throws(FileError) in
      let earlier = try list(parent).last {
        $0.hasSuffix(AsideName.earlier)
          && isAside(String($0.dropLast(AsideName.earlier.count)), of: target)
      }
      if let earlier { try rename(earlier, to: target, in: parent) }
    }
  }

  /// Opens something new under a random name, and locks it.
  fileprivate func openAside(
    of target: String, in directory: OpenFile,
    _ make: (_ name: String) throws(FileError) -> OpenFile
  ) throws(FileError) -> (OpenFile, name: String) {
    while true {
      let name = AsideName.random(of: target)
      let file = try make(name)
      do throws(FileError) {
        do throws(FileError) { try lock(file) } catch  where error.isUnsupported {}
        // Another may have taken it for a leftover before it was locked.
        if try self.status(file).names > 0 { return (file, name) }
        try close(file)
      } catch {
        try? close(file)
        guard error.isLocked else {
          try? removeTree(name, in: directory)
          throw error
        }
      }
    }
  }

  /// Whether a name is still that of an open file.
  public func requireOwn(
    _ name: String, _ file: OpenFile, in directory: OpenFile?
  ) throws(FileError) {
    let now = try status(of: name, followingLinks: false, in: directory)
    guard now.identity == (try status(file)).identity else {
      throw FileError(
        operation: "use", path: directory?.path(of: name) ?? name,
        detail: "another file has taken its name meanwhile")
    }
  }
}
