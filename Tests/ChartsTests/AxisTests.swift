import Charts
import Testing

/// Axes and numbers.
@Suite struct AxisTests {
  @Test(arguments: [
    (0.0, 10.0, ["0", "2", "4", "6", "8", "10"]),
    (4.87, 5.13, ["4.90", "4.95", "5.00", "5.05", "5.10"]),
    (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    (-3, 3, ["−3", "−2", "−1", "0", "1", "2", "3"]),
  ])
  func ticksAreRound(low: Double, high: Double, expected: [String]) {
    let axis = Axis("x", over: [low, high], pad: 0.02)
    #expect(axis.ticks.map(axis.label) == expected)
    #expect(
      axis.fraction(axis.range.lowerBound) == 0 && axis.fraction(axis.range.upperBound) == 1)
  }

  @Test func logarithmicTicks() {
    let narrow = Axis("x", .logarithmic, over: [0.001, 0.02, -1, 0])
    #expect(narrow.ticks.map(narrow.label) == ["0.001", "0.002", "0.005", "0.01", "0.02"])
    let wide = Axis("x", .logarithmic, over: [1e-6, 100])
    #expect(wide.ticks.map(wide.label).contains("1e−6") && wide.ticks.count >= 5)
    #expect(abs(narrow.fraction((0.001 * 0.02).squareRoot()) - 0.5) < 1e-12)
  }

  /// One value, none, or none that can be shown: still an axis.
  @Test(arguments: [[], [3], [3, 3], [0], [Double.nan, .infinity]])
  func degenerateRanges(values: [Double]) {
    for scale in [Axis.Scale.linear, .logarithmic] {
      let axis = Axis("x", scale, over: values)
      #expect(axis.range.lowerBound < axis.range.upperBound && axis.ticks.count < 20)
    }
  }

  @Test func numbers() {
    #expect(Markup.fixed(-0.126, 2) == "−0.13" && Markup.fixed(-0.001, 2) == "0.00")
    #expect(Markup.fixed(5, 0) == "5" && Markup.fixed(.nan, 2) == "–")
    #expect(Markup.fixed(0.05, 3) == "0.050" && Markup.fixed(12.5, 1) == "12.5")
    #expect(Markup.significant(0.002) == "0.002" && Markup.significant(1e-5) == "1e−5")
    #expect(Markup.significant(12_345) == "12,345" && Markup.significant(9.87654) == "9.88")
    #expect(Markup.duration(4.24) == "4.2 s" && Markup.duration(3723) == "1:02:03")
    #expect(Markup.at(1e300) == "1000000" && Markup.at(-.infinity) == "-1000000")
    #expect(Markup.at(.nan) == "0")
    #expect(Markup.at(-0.04) == "0" && Markup.at(12.34) == "12.3" && Markup.at(-1.5) == "-1.5")
    #expect(Markup.escaped("<a \"&\u{1}>") == "&lt;a &quot;&amp;\u{FFFD}&gt;")
  }
}
