/// Curves over a common axis, each with a band and a sign for its points, under a legend.
package struct LineChart {
  /// A point, and what the pointer is told there.
  package struct Point {
    package var x: Double
    package var y: Double
    package var title: String?

    /// A point.
    package init(x: Double, y: Double, title: String? = nil) {
      (self.x, self.y, self.title) = (x, y, title)
    }
  }

  /// A curve.
  package struct Series {
    package var name: String
    /// Its colour and sign.
    package var index: Int
    package var points: [Point]
    /// Lowest and highest value at some x.
    package var band: [(x: Double, low: Double, high: Double)] = []
    /// Whether each point has its sign, rather than the last alone.
    package var isMarked = false
    /// Points of no curve: what else was tried.
    package var others: [Point] = []
    /// Where on the x axis something went out of bounds; shown at the top.
    package var lost: [Point] = []

    /// A curve through points.
    package init(name: String, index: Int, points: [Point], isMarked: Bool = false) {
      (self.name, self.index, self.points, self.isMarked) = (name, index, points, isMarked)
    }
  }

  let label: String
  let x: Axis
  let y: Axis
  let series: [Series]
  let level: (y: Double, name: String)?

  private static let (width, left, right, bottom) = (560.0, 66.0, 16.0, 46.0)
  private static let plotHeight = 270.0

  /// Curves between two axes.
  /// - label: what is shown, for those who don't see it
  /// - level: a value of y to compare with, and its name
  package init(
    label: String, x: Axis, y: Axis, series: [Series], level: (y: Double, name: String)? = nil
  ) {
    (self.label, self.x, self.y) = (label, x, y)
    (self.series, self.level) = (series, level)
  }

  /// The drawing.
  package var svg: String {
    let legend = Legend(series.map { ($0.name, $0.index) }, width: Self.width - Self.left)
    let top = legend.height + 12
    var drawing = Drawing(width: Self.width, height: top + Self.plotHeight + Self.bottom)
    legend.draw(in: &drawing, x: Self.left, y: 4)
    let plot = Plot(
      x: x, y: y, left: Self.left, top: top, width: Self.width - Self.left - Self.right,
      height: Self.plotHeight)
    plot.drawAxes(in: &drawing)
    drawing.add(plot.clipBegin)
    if let level { drawLevel(level, plot, &drawing) }
    for one in series { drawBand(one, plot, &drawing) }
    for one in series { draw(one, plot, &drawing) }
    drawing.add("</svg>")
    for one in series { drawLost(one, plot, &drawing) }
    return drawing.element(label: label)
  }

  private func drawLevel(
    _ level: (y: Double, name: String), _ plot: Plot, _ drawing: inout Drawing
  ) {
    let at = plot.local(x.range.lowerBound, level.y).y
    drawing.line(0, at, plot.width, at, "level")
    drawing.text(plot.width - 4, at - 5, level.name, "small halo", anchor: "end")
  }

  private func drawBand(_ one: Series, _ plot: Plot, _ drawing: inout Drawing) {
    guard one.band.count > 1 else { return }
    let upper = one.band.map { plot.local($0.x, $0.high) }
    let lower = one.band.reversed().map { plot.local($0.x, $0.low) }
    drawing.polygon(upper + lower, "c\(one.index % 8) band")
  }

  private func draw(_ one: Series, _ plot: Plot, _ drawing: inout Drawing) {
    let style = "c\(one.index % 8)"
    for point in one.others {
      let at = plot.local(point.x, point.y)
      drawing.marker(one.index, at.x, at.y, size: 3, style: "\(style) faint", title: point.title)
    }
    drawing.polyline(
      one.points.map { plot.local($0.x, $0.y) }, "\(style) curve\(one.index > 7 ? " dashed" : "")")
    for (index, point) in one.points.enumerated() {
      let at = plot.local(point.x, point.y)
      if one.isMarked || index == one.points.count - 1 {
        drawing.marker(one.index, at.x, at.y, style: style, title: point.title)
      } else if let title = point.title {
        drawing.marker(0, at.x, at.y, size: 6, style: "touch", title: title)
      }
    }
  }

  /// Crosses above the plot's upper edge.
  private func drawLost(_ one: Series, _ plot: Plot, _ drawing: inout Drawing) {
    for point in one.lost {
      let at = plot.left + plot.local(point.x, y.range.upperBound).x + 5 * Double(one.index % 8) - 6
      let top = plot.top + 7
      let cross =
        "M\(Markup.at(at - 4)) \(Markup.at(top - 4))l8 8m0 -8l-8 8"
      drawing.add(
        "<path class=\"c\(one.index % 8) cross\" d=\"\(cross)\">"
          + "<title>\(Markup.escaped(point.title ?? ""))</title></path>")
    }
  }
}

/// The rectangle between two axes.
struct Plot {
  let x: Axis
  let y: Axis
  let left: Double
  let top: Double
  let width: Double
  let height: Double

  /// A nested drawing, whose coordinates begin at the rectangle's corner and which cuts off what lies
  /// outside; `</svg>` ends it.
  var clipBegin: String {
    "<svg x=\"\(Markup.at(left))\" y=\"\(Markup.at(top))\" width=\"\(Markup.at(width))\" "
      + "height=\"\(Markup.at(height))\">"
  }

  /// Where a pair of values lies in that drawing.
  func local(_ xValue: Double, _ yValue: Double) -> (x: Double, y: Double) {
    (x.fraction(xValue) * width, (1 - y.fraction(yValue)) * height)
  }

  /// Grid, ticks and titles.
  func drawAxes(in drawing: inout Drawing) {
    let (bottom, right) = (top + height, left + width)
    for tick in y.ticks {
      let at = top + (1 - y.fraction(tick)) * height
      drawing.line(left, at, right, at, "grid")
      drawing.text(left - 8, at + 4, y.label(tick), "tick", anchor: "end")
    }
    drawing.line(left, bottom, right, bottom, "axis")
    for tick in x.ticks {
      let at = left + x.fraction(tick) * width
      drawing.line(at, bottom, at, bottom + 5, "axis")
      drawing.text(at, bottom + 18, x.label(tick), "tick", anchor: "middle")
    }
    drawing.text(left + width / 2, bottom + 38, x.title, "name", anchor: "middle")
    drawing.text(12, top + height / 2, y.title, "name", anchor: "middle", turned: true)
  }
}

/// Signs and names in rows.
struct Legend {
  private var places: [(x: Double, y: Double)] = []
  private let entries: [(name: String, index: Int)]

  /// A legend that breaks its rows at `width`.
  init(_ entries: [(name: String, index: Int)], width: Double) {
    self.entries = entries
    var (x, y) = (0.0, 0.0)
    for entry in entries {
      // Widths of letters are not known here; seven units are those of the broader ones.
      let length = 40 + 7.2 * Double(entry.name.count)
      if x > 0 && x + length > width { (x, y) = (0, y + 18) }
      places.append((x, y))
      x += length
    }
  }

  /// Its height.
  var height: Double { (places.last?.y ?? 0) + 18 }

  /// Draws it below a corner.
  func draw(in drawing: inout Drawing, x: Double, y: Double) {
    for (entry, place) in zip(entries, places) {
      let (left, middle) = (x + place.x, y + place.y + 8)
      drawing.line(left, middle, left + 16, middle, "c\(entry.index % 8) key")
      drawing.marker(entry.index, left + 8, middle, style: "c\(entry.index % 8)")
      drawing.text(left + 21, middle + 4, entry.name, "legend")
    }
  }
}
