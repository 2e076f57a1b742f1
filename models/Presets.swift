/// The model presets that the program carries: the JSON files of this folder, embedded.
public enum Presets {
  /// Names in order of size, each with the bytes of its file. (The build replaces a leading digit by
  /// an underscore.)
  public static let all: [(name: String, json: [UInt8])] = [
    ("nano", PackageResources.nano_json),
    ("tiny", PackageResources.tiny_json),
    ("30m", PackageResources._0m_json),
    ("gpt2", PackageResources.gpt2_json),
    ("gpt2-medium", PackageResources.gpt2_medium_json),
    ("540m", PackageResources._40m_json),
    ("gpt2-large", PackageResources.gpt2_large_json),
    ("gpt2-xl", PackageResources.gpt2_xl_json),
  ]
}
