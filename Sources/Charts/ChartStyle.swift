/// The rules of a page's style sheet for the drawings in it. The page gives the colours as variables:
/// `--ground`, `--ink`, `--soft`, `--grid`, `--axis`, and `--c0` to `--c7` for the series.
package enum ChartStyle {
  /// The rules, a line each.
  package static let rules = """
    text { font-size: 12px; fill: var(--ink); }
    text.tick, text.small { fill: var(--soft); font-size: 11.5px; }
    text.tick, text.value, td.n { font-variant-numeric: tabular-nums; }
    text.name { fill: var(--soft); }
    text.halo { paint-order: stroke; stroke: var(--ground); stroke-width: 4px; }
    line.grid { stroke: var(--grid); }
    line.axis { stroke: var(--axis); }
    line.level { stroke: var(--soft); stroke-dasharray: 5 4; }
    .c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); } .c3 { color: var(--c3); }
    .c4 { color: var(--c4); } .c5 { color: var(--c5); } .c6 { color: var(--c6); } .c7 { color: var(--c7); }
    circle, path, rect { fill: currentColor; }
    polyline.curve { fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linejoin: round; }
    polyline.dashed { stroke-dasharray: 6 3; }
    polygon.band { fill: currentColor; opacity: 0.18; }
    line.key, line.bar { stroke: currentColor; stroke-width: 1.8; }
    .faint { opacity: 0.4; }
    .touch { fill: transparent; }
    .touch:hover { fill: var(--axis); opacity: 0.5; }
    path.cross { fill: none; stroke: currentColor; stroke-width: 1.8; }
    rect.part1 { opacity: 0.6; } rect.part2 { opacity: 0.32; }
    """
}
