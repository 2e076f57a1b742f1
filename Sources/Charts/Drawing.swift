/// An SVG drawing that stands inside the page: its colours are the page's, so that it follows light,
/// dark and print.
struct Drawing {
  let width: Double
  let height: Double
  private var body = ""

  init(width: Double, height: Double) { (self.width, self.height) = (width, height) }

  /// The element.
  /// - label: what it shows, for those who don't see it
  func element(label: String) -> String {
    "<svg role=\"img\" aria-label=\"\(Markup.escaped(label))\" viewBox=\"0 0 \(Markup.at(width)) "
      + "\(Markup.at(height))\">\n\(body)</svg>\n"
  }

  /// Adds an element as it is.
  mutating func add(_ element: String) { body += element + "\n" }

  /// A line.
  mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String
  ) {
    let ends = [("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)]
    add("<line class=\"\(style)\"\(Self.attributes(ends))/>")
  }

  /// A text; `title` is shown where the pointer rests.
  mutating func text(
    _ x: Double, _ y: Double, _ text: String, _ style: String = "", anchor: String = "start",
    turned: Bool = false
  ) {
    let turn = turned ? " transform=\"rotate(-90 \(Markup.at(x)) \(Markup.at(y)))\"" : ""
    add(
      "<text class=\"\(style)\" text-anchor=\"\(anchor)\"\(Self.attributes([("x", x), ("y", y)]))"
        + "\(turn)>\(Markup.escaped(text))</text>")
  }

  /// A sign for a series: a circle, square, diamond or triangle, so that colour is not all that tells
  /// them apart; the ninth has the first one's colour and the second's sign.
  mutating func marker(
    _ shape: Int, _ x: Double, _ y: Double, size: Double = 4, style: String, title: String? = nil
  ) {
    func path(_ corners: [(Double, Double)]) -> String {
      let points = corners.map { "\(Markup.at(x + $0.0 * size)) \(Markup.at(y + $0.1 * size))" }
      return "<path class=\"\(style)\" d=\"M\(points.joined(separator: "L"))Z\""
    }
    let element =
      switch (shape + shape / 8) % 4 {
      case 1: path([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)])
      case 2: path([(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)])
      case 3: path([(0, -1.2), (1.15, 0.85), (-1.15, 0.85)])
      default: "<circle class=\"\(style)\"\(Self.attributes([("cx", x), ("cy", y), ("r", size)]))"
      }
    add(Self.closed(element, title))
  }

  /// A broken line through points.
  mutating func polyline(_ points: [(x: Double, y: Double)], _ style: String, title: String? = nil)
  {
    guard !points.isEmpty else { return }
    let list = points.map { "\(Markup.at($0.x)),\(Markup.at($0.y))" }.joined(separator: " ")
    add(Self.closed("<polyline class=\"\(style)\" points=\"\(list)\"", title))
  }

  /// A filled shape.
  mutating func polygon(_ points: [(x: Double, y: Double)], _ style: String) {
    let list = points.map { "\(Markup.at($0.x)),\(Markup.at($0.y))" }.joined(separator: " ")
    add("<polygon class=\"\(style)\" points=\"\(list)\"/>")
  }

  /// A rectangle.
  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String,
    title: String? = nil
  ) {
    let sides = [("x", x), ("y", y), ("width", width), ("height", height)]
    add(Self.closed("<rect class=\"\(style)\"\(Self.attributes(sides))", title))
  }

  private static func attributes(_ values: [(String, Double)]) -> String {
    values.map { " \($0.0)=\"\(Markup.at($0.1))\"" }.joined()
  }

  private static func closed(_ element: String, _ title: String?) -> String {
    guard let title else { return element + "/>" }
    let name = element.dropFirst().prefix { $0 != " " }
    return "\(element)><title>\(Markup.escaped(title))</title></\(name)>"
  }
}
