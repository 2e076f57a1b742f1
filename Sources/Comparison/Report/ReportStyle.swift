import Charts

/// The page's style sheet. Colours after Okabe and Ito (2008), which people with any colour vision
/// tell apart, darkened or lightened for their ground.
enum ReportStyle {
  static let sheet = """
    :root {
      color-scheme: light dark;
      --ground: #ffffff; --ink: #1c1e21; --soft: #5b6168; --grid: #e4e6e9; --axis: #8a9098;
      --panel: #f6f7f8; --warn: #9a4a00;
      --c0: #0067a8; --c1: #c94f00; --c2: #00805c; --c3: #a8437f; --c4: #8f6a00; --c5: #2b8cc4;
      --c6: #555b61; --c7: #6b49b8;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --ground: #15171a; --ink: #e6e8ea; --soft: #a0a7ae; --grid: #2c3035; --axis: #6d747c;
        --panel: #1d2024; --warn: #ffb066;
        --c0: #5ab4f0; --c1: #ff8f45; --c2: #35cf9f; --c3: #ea95c6; --c4: #e8bd45; --c5: #9ad6ff;
        --c6: #b7bdc3; --c7: #b79df7;
      }
    }
    body {
      margin: 0; background: var(--ground); color: var(--ink);
      font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif;
    }
    main { max-width: 1180px; margin: 0 auto; padding: 28px 24px 64px; }
    h1 { font-size: 25px; line-height: 1.25; margin: 0 0 4px; font-weight: 650; }
    h2 { font-size: 18px; margin: 40px 0 12px; font-weight: 650; }
    p { margin: 6px 0; max-width: 76ch; }
    .facts, figcaption, .note { color: var(--soft); font-size: 13.5px; }
    .facts { max-width: none; }
    .verdict { font-size: 17px; margin: 14px 0 4px; max-width: 100ch; }
    .warn { color: var(--warn); }
    .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 28px 36px; }
    figure { margin: 0; }
    figure h3 { font-size: 15px; font-weight: 600; margin: 0 0 8px; }
    figcaption { margin-top: 4px; }
    figure > svg { display: block; width: 100%; height: auto; }
    \(ChartStyle.rules)
    .wide { overflow-x: auto; }
    table { border-collapse: collapse; font-size: 13.5px; }
    th, td { text-align: left; padding: 4px 12px 4px 0; border-bottom: 1px solid var(--grid); vertical-align: baseline; white-space: nowrap; }
    th { font-weight: 600; color: var(--soft); border-bottom-color: var(--axis); white-space: normal; vertical-align: bottom; }
    td.n, th.n { text-align: right; }
    td.s { white-space: normal; min-width: 9em; }
    tr.best td { font-weight: 600; }
    code, pre { font: 12.5px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
    pre { background: var(--panel); padding: 10px 14px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
    summary { cursor: pointer; }
    @media print {
      :root {
        color-scheme: light;
        --ground: #ffffff; --ink: #000000; --soft: #444a50; --grid: #dddfe2; --axis: #777d84;
        --panel: #ffffff; --warn: #9a4a00;
        --c0: #0067a8; --c1: #c94f00; --c2: #00805c; --c3: #a8437f; --c4: #8f6a00; --c5: #2b8cc4;
        --c6: #555b61; --c7: #6b49b8;
      }
      body { font-size: 10pt; }
      main { max-width: none; padding: 0; }
      figure, tr { break-inside: avoid; }
      h2 { break-after: avoid; }
      .figures { grid-template-columns: 1fr 1fr; gap: 16px 24px; }
      .wide { overflow: visible; }
      table { font-size: 7.5pt; }
      th, td { padding: 2px 8px 2px 0; white-space: normal; }
      td.n { white-space: nowrap; }
      figcaption, .note, .facts { font-size: 8.5pt; }
      .verdict { font-size: 12pt; }
      h2 { margin: 24px 0 8px; }
    }
    """
}
