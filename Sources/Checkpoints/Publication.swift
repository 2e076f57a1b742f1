public import Files

/// A checkpoint that was published.
public struct PublishedCheckpoint: Sendable {
  /// The checkpoint, read back.
  public let checkpoint: CheckpointDirectory
  /// Why removing older checkpoints failed, if it did; the new one is safe all the same.
  public let cleanupError: CheckpointError?
}

extension CheckpointStore {
  /// Publishes a checkpoint: after a crash at any moment there is the whole of it or nothing of it.
  /// The store has to be locked. Older checkpoints are untouched if it fails.
  /// - expecting: the bytes that will be written, checked against the free space with a tenth to spare
  /// - keeping: this checkpoint and the valid ones before it that are kept, in number; all if `nil`.
  ///   Those of later steps stay as they are: this run began before them, so it had no use for them.
  /// - fields: what else the manifest is to say
  /// - body: writes the files
  /// - Throws: `.noSpace`; `.alreadyPublished`; `.file`; whatever `body` throws
  @discardableResult
  public func publish(
    step: Int, expecting size: Int = 0, keeping: Int? = nil, fields: [JSONMember] = [],
    _ body: (CheckpointWriter) throws(CheckpointError) -> Void
  ) throws(CheckpointError) -> PublishedCheckpoint {
    precondition(isLocked, "\(directory): only the one writer publishes; call lock() first")
    precondition(step >= 0 && keeping ?? 1 >= 1, "step \(step), keeping \(keeping ?? 1)")
    try cleanLeftovers()
    let isReplacing = try isDamaged(step)
    try checkSpace(for: size)
    let (run, name) = (openDirectory, Self.name(of: step))
    let aside = ".tmp-\(name)"
    // What has that name now is not this object's to remove.
    try onDisk { () throws(FileError) in try files.makeDirectory(aside, in: run) }
    do throws(CheckpointError) {
      let folder = try onDisk { () throws(FileError) in
        try HeldFile(aside, .directoryNoLink, in: run, files)
      }
      let writer = CheckpointWriter(directory: folder.file, files)
      try body(writer)
      try writer.finish(step: step, fields: fields)
      try confirmLock()
      try onDisk { () throws(FileError) in try files.requireOwn(aside, folder.file, in: run) }
      if isReplacing { try discard(step) }
      try onDisk { () throws(FileError) in try files.rename(aside, to: name, in: run) }
    } catch {
      try? files.removeTree(aside, in: run)
      throw error
    }
    try onDisk { () throws(FileError) in try files.synchronizeDirectory(run) }
    let checkpoint = try checkpoint(of: step, verify: .structure)
    var cleanupError: CheckpointError?
    if let keeping {
      do throws(CheckpointError) {
        try prune(before: step, keeping: keeping - 1)
      } catch { cleanupError = error }
    }
    return PublishedCheckpoint(checkpoint: checkpoint, cleanupError: cleanupError)
  }

  /// Removes what an interrupted publication or removal left behind, and files that a writer that is gone left
  /// aside. The store has to be locked.
  public func cleanLeftovers() throws(CheckpointError) {
    let run = openDirectory
    try onDisk { () throws(FileError) in
      for name in try files.list(run)
      where name.hasPrefix(".tmp-step-") || name.hasPrefix(".trash-step-") {
        try files.removeTree(name, in: run)
      }
      try files.sweepAsides(in: run)
    }
  }

  /// Removes the checkpoints before `published` but for the `keeping` newest whose files have their
  /// lengths and headers.
  private func prune(before published: Int, keeping: Int) throws(CheckpointError) {
    var valid = 0
    for step in try steps().reversed() where step < published {
      if valid == keeping {
        try discard(step)
        continue
      }
      do throws(CheckpointError) {
        _ = try checkpoint(of: step, verify: .structure)
        valid += 1
      } catch  where error.isDamage {
        continue
      }
    }
  }

  /// Whether there is a checkpoint of this step that is damaged.
  /// - Throws: `.alreadyPublished` if there is one that is not
  private func isDamaged(_ step: Int) throws(CheckpointError) -> Bool {
    guard try steps().contains(step) else { return false }
    do throws(CheckpointError) {
      _ = try checkpoint(of: step, verify: .everything)
    } catch  where error.isDamage {
      return true
    }
    throw .alreadyPublished(path: path(of: step))
  }

  /// Checks that so many bytes can be published, with a tenth to spare.
  /// - Throws: `.noSpace`
  public func checkSpace(for size: Int) throws(CheckpointError) {
    guard size > 0 else { return }
    let needed = size + size / 10
    let available = try onDisk { () throws(FileError) in try files.freeSpace(at: directory) }
    guard needed <= available else {
      throw .noSpace(directory: directory, needed: needed, available: available)
    }
  }

  /// Removes a checkpoint: out of sight first, then the manifest, then the rest.
  private func discard(_ step: Int) throws(CheckpointError) {
    let (run, name) = (openDirectory, Self.name(of: step))
    let trash = ".trash-\(name)"
    try onDisk { () throws(FileError) in
      try files.rename(name, to: trash, in: run)
      if let folder = try? HeldFile(trash, .directoryNoLink, in: run, files) {
        do throws(FileError) {
          try files.removeFile(CheckpointManifest.fileName, in: folder.file)
        } catch  where error.isMissing {}
      }
      try files.removeTree(trash, in: run)
    }
  }
}
