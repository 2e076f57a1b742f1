import Files
import Glibc
import Testing

/// Headless Chromium, which opens a page and tells what it saw.
enum Browser {
  /// Where it is; nil where it is not installed.
  static let path = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].first {
    LocalFileSystem().exists($0)
  }

  /// What opening a page gave.
  struct Shot {
    /// The bytes of a PNG.
    let pixels: [UInt8]
    /// What the page wrote to the console: errors, blocked loads.
    let messages: [String]
    /// Addresses the page asked for, other than its own file.
    let requests: [String]
  }

  /// Opens a file of a workplace at the size of a desk's screen.
  static func open(_ name: String, in place: Workplace, dark: Bool) throws -> Shot {
    let program = try #require(path)
    let profile = place.file("browser-\(name.hashValue)-\(dark)")
    let page = "file://\(place.file(name))"
    let end = try place.program.start(
      [
        "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--user-data-dir=\(profile)", "--enable-logging=stderr", "--log-net-log=\(profile).json",
        "--blink-settings=preferredColorScheme=\(dark ? 0 : 1)", "--window-size=1280,3200",
        "--screenshot=\(profile).png", page,
      ], program: program
    ).wait()
    try #require(end.code == 0, "\(end.errors)")
    let disk = LocalFileSystem()
    let log = try disk.readBytes("\(profile).json", limit: 1 << 28)
    return Shot(
      pixels: try disk.readBytes("\(profile).png", limit: 1 << 28),
      messages: end.errorLines.filter { $0.contains("CONSOLE") },
      requests: addresses(String(decoding: log, as: UTF8.self)).filter { $0 != page })
  }

  /// The `"url":"…"` of the net log, but for what the browser itself asks its makers.
  private static func addresses(_ log: String) -> [String] {
    var found: [String] = []
    let parts = log.split(separator: "\"url\":\"", omittingEmptySubsequences: false)
    for part in parts.dropFirst() {
      let value = String(part.prefix { $0 != "\"" })
      let isOwn = value.contains(".google.com/") || value.contains(".googleapis.com/")
      if !value.isEmpty && !isOwn && !found.contains(value) { found.append(value) }
    }
    return found
  }
}
