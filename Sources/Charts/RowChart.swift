/// A row for each of several things: values with their range along one axis, or stacked bars.
package struct RowChart {
  /// A mean with its range and the values it is the mean of.
  package struct Row {
    let name: String
    let index: Int
    let value: Double?
    package let range: (low: Double, high: Double)?
    let note: String
    let title: String
    package let parts: [(name: String, length: Double)]

    /// A row.
    /// - index: its colour and sign
    /// - value, range: a mark and how far what it stands for extends; nil: nothing but the note
    /// - note: what stands at the right end
    /// - title: what the pointer is told
    /// - parts: parts of a bar, from the left: what each is, how long; instead of the mark
    package init(
      name: String, index: Int, value: Double? = nil, range: (low: Double, high: Double)? = nil,
      note: String, title: String = "", parts: [(name: String, length: Double)] = []
    ) {
      (self.name, self.index, self.value, self.range) = (name, index, value, range)
      (self.note, self.title, self.parts) = (note, title, parts)
    }
  }

  let label: String
  let axis: Axis
  let rows: [Row]
  let level: (value: Double, name: String)?

  /// Rows over one axis.
  /// - label: what is shown, for those who don't see it
  /// - level: a value to compare with, and its name
  package init(
    label: String, axis: Axis, rows: [Row], level: (value: Double, name: String)? = nil
  ) {
    (self.label, self.axis, self.rows, self.level) = (label, axis, rows, level)
  }

  private static let (width, rowHeight, right) = (560.0, 34.0, 150.0)

  /// The drawing.
  package var svg: String {
    let longest = rows.flatMap { Self.lines(of: $0.name) }.map(\.count).max() ?? 0
    let left = min(200, max(70, 24 + 6.8 * Double(longest)))
    let top = level == nil ? 6.0 : 22.0
    let height = Self.rowHeight * Double(rows.count)
    var drawing = Drawing(width: Self.width, height: top + height + 46)
    let plot = (left: left, width: Self.width - left - Self.right)
    drawAxis(in: &drawing, plot, top, height)
    for (number, row) in rows.enumerated() {
      let middle = top + Self.rowHeight * (Double(number) + 0.5)
      drawing.marker(row.index, 8, middle, style: "c\(row.index % 8)")
      let lines = Self.lines(of: row.name)
      for (index, line) in lines.enumerated() {
        let down = 13 * (Double(index) - Double(lines.count - 1) / 2)
        drawing.text(20, middle + 4 + down, line, "legend")
      }
      drawing.text(Self.width - Self.right + 10, middle + 4, row.note, "value")
      if row.parts.isEmpty {
        draw(row, at: middle, plot, &drawing)
      } else {
        drawBar(row, at: middle, plot, &drawing)
      }
    }
    return drawing.element(label: label)
  }

  /// A name in one line or, if it is long, in two, cut between words.
  private static func lines(of name: String) -> [String] {
    guard name.count > 24 else { return [name] }
    func offset(_ index: String.Index) -> Int { name.distance(from: name.startIndex, to: index) }
    let gaps = name.indices.filter { name[$0] == " " }
    guard
      let gap = gaps.min(by: { abs(2 * offset($0) - name.count) < abs(2 * offset($1) - name.count) }
      )
    else { return [name] }
    return [String(name[..<gap]), String(name[name.index(after: gap)...])]
  }

  private func drawAxis(
    in drawing: inout Drawing, _ plot: (left: Double, width: Double), _ top: Double,
    _ height: Double
  ) {
    let bottom = top + height
    for tick in axis.ticks {
      let at = plot.left + axis.fraction(tick) * plot.width
      drawing.line(at, top, at, bottom, "grid")
      drawing.text(at, bottom + 16, axis.label(tick), "tick", anchor: "middle")
    }
    drawing.line(plot.left, bottom, plot.left + plot.width, bottom, "axis")
    drawing.text(plot.left + plot.width / 2, bottom + 36, axis.title, "name", anchor: "middle")
    guard let level, axis.shows(level.value) else { return }
    let at = plot.left + axis.fraction(level.value) * plot.width
    drawing.line(at, top - 4, at, bottom, "level")
    drawing.text(at, top - 9, level.name, "small", anchor: "middle")
  }

  private func draw(
    _ row: Row, at middle: Double, _ plot: (left: Double, width: Double), _ drawing: inout Drawing
  ) {
    guard let value = row.value else { return }
    func x(_ value: Double) -> Double { plot.left + axis.fraction(value) * plot.width }
    let style = "c\(row.index % 8)"
    if let range = row.range, range.high > range.low {
      drawing.line(x(range.low), middle, x(range.high), middle, "\(style) bar")
      for end in [range.low, range.high] {
        drawing.line(x(end), middle - 6, x(end), middle + 6, "\(style) bar")
      }
    }
    drawing.marker(row.index, x(value), middle, size: 5, style: style, title: row.title)
  }

  private func drawBar(
    _ row: Row, at middle: Double, _ plot: (left: Double, width: Double), _ drawing: inout Drawing
  ) {
    var begin = 0.0
    for (number, part) in row.parts.enumerated() {
      let from = plot.left + max(0, axis.fraction(begin)) * plot.width
      begin += part.length
      let to = plot.left + axis.fraction(begin) * plot.width
      drawing.rectangle(
        from, middle - 9, max(0, to - from - (number + 1 < row.parts.count ? 1 : 0)), 18,
        "c\(row.index % 8) part\(number)", title: "\(row.name): \(part.name)")
    }
  }
}
