/// The few lines of text that a repository holds in place of a large file, which Git LFS keeps
/// elsewhere. A folder that is cloned without Git LFS has them under the large files' names.
public enum GitLFSPointer {
  /// What one is and what to do, for a message that says what was found.
  public static let meaning =
    "a Git LFS pointer instead of the file: fetch it, such as by git lfs pull"

  private static let start = "version https://git-lfs.github.com/spec/"

  /// Whether bytes from the beginning of a file are those of a pointer (its specification: version
  /// first).
  public static func begins(_ bytes: some Sequence<UInt8>) -> Bool {
    bytes.starts(with: start.utf8)
  }
}
