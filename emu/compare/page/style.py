"""The page's one style sheet, kept inside it.  Nothing in it fetches anything."""

from __future__ import annotations

CSS = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2127; --soft: #5a6470; --line: #e3e7ec; --edge: #9aa4b0;
  --blue: #2a5db0; --pale: #a9c1e8; --red: #b3361b; --green: #1d7044; --band: #f3f5f8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --ink: #e4e8ed; --soft: #9ca6b2; --line: #282e36; --edge: #626d7a;
    --blue: #86b1ff; --pale: #3d5a8f; --red: #ff8f73; --green: #74d19f; --band: #1c2129;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { overflow-wrap: anywhere; max-width: 1040px; margin: 0 auto; padding: 36px 24px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 2px 0 12px; letter-spacing: -0.01em;
  text-wrap: balance; }
h2 { font-size: 19px; margin: 44px 0 12px; padding-top: 14px; border-top: 1px solid var(--line); }
h3 { font-size: 15px; margin: 0 0 6px; }
.result { font-weight: 400; color: var(--soft); margin-left: 8px; }
.lead { font-size: 17px; max-width: 74ch; margin: 0; }
.lead + .lead { margin-top: 8px; }
.lead b { font-weight: 600; display: inline-block; }
.note { color: var(--soft); font-size: 13px; margin: 6px 0 0; max-width: 100ch; }
a { color: inherit; text-decoration-color: var(--edge); text-underline-offset: 3px;
  text-decoration-thickness: 1px; }
a:hover { color: var(--blue); }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 3px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.scrolled { overflow-x: auto; position: relative; }
.right { color: var(--green); }
.wrong { color: var(--red); }

table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: 13.5px;
  white-space: nowrap;  font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: 13px; padding-bottom: 8px; }
th, td { padding: 4px 0 4px 15px; text-align: right; font-weight: 400; vertical-align: baseline; }
thead th { font-weight: 600; vertical-align: bottom; }
thead small { display: block; font-weight: 400; color: var(--soft); font-size: 11.5px; }
tbody tr > * { border-top: 1px solid var(--line); }
tbody tr:first-child > * { border-top-color: var(--edge); }
th:nth-child(-n+2), td:nth-child(-n+2) { padding-left: 0; }
td.rank { color: var(--soft); width: 30px; padding-right: 6px; }
td.mark { width: 22px; text-align: center; color: var(--blue); }
th:nth-child(2) { text-align: center; color: var(--blue); width: 44px; }
th:nth-child(1) { width: 34px; }
th:nth-child(3) { text-align: left; padding-left: 6px; }
tr.on-front > th { font-weight: 600; }
td.never { color: var(--red); font-style: italic; }
td.wrong { font-weight: 600; }
td.none { color: var(--soft); }
abbr { text-decoration: none; }

ul { padding-left: 20px; margin: 0; }
.thresholds { list-style: none; padding: 0; }
.thresholds > li { margin: 0 0 8px; }
.thresholds ul { color: var(--soft); font-size: 13.5px; padding-left: 34px; }

svg text { font: 12px/1 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans",
  sans-serif; fill: var(--ink); font-variant-numeric: tabular-nums; }
svg .tick { fill: var(--soft); font-size: 11.5px; }
svg .name { fill: var(--soft); font-size: 12.5px; }
.grid { stroke: var(--line); }
.axis { stroke: var(--edge); }
.gap { stroke-dasharray: 2 4; }
.picture, .lanes { display: block; width: 100%; min-width: 760px; height: auto; }
.band { fill: var(--band); }
.front { fill: none; stroke: var(--blue); stroke-width: 1.5; stroke-linejoin: round; }
.leader { stroke: var(--edge); stroke-width: 1; }
.label { font-size: 11.5px; paint-order: stroke; stroke: var(--paper); stroke-width: 3px;
  stroke-linejoin: round; fill: var(--soft); }
.label.on-front { fill: var(--ink); font-weight: 600; }
.dot { fill: var(--paper); stroke: var(--soft); stroke-width: 1.5; }
.dot.on-front { fill: var(--blue); stroke: var(--paper); stroke-width: 1.25; }

.curve-line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.curve-dot { stroke: var(--paper); stroke-width: 1.25; }
.curve-line.series-0 { stroke: var(--blue); }
.curve-line.series-1 { stroke: var(--green); stroke-dasharray: 7 4; }
.curve-line.series-2 { stroke: var(--red); stroke-dasharray: 2 4; }
.curve-line.series-3 { stroke: var(--soft); stroke-dasharray: 10 3 2 3; }
.series-0 { fill: var(--blue); }
.series-1 { fill: var(--green); }
.series-2 { fill: var(--red); }
.series-3 { fill: var(--soft); }
svg polyline.curve-line { fill: none; }
.hang-up { stroke: var(--red); stroke-width: 1.5; stroke-dasharray: 5 3; }
svg .hung { fill: var(--red); font-size: 12px; font-weight: 600; paint-order: stroke;
  stroke: var(--paper); stroke-width: 3px; }

.key { display: flex; flex-wrap: wrap; gap: 4px 22px; margin: 10px 0 0; color: var(--soft);
  font-size: 13px; }
.key span { display: inline-flex; align-items: center; gap: 7px; }
.key svg.mark { width: 16px; height: 16px; }
.key i { display: inline-block; width: 22px; height: 10px; }
i.step { height: 0; border-top: 1.5px solid var(--blue); }
.key i.curve-key { height: 0; background: none; border-top: 2.5px solid; }
i.curve-key.series-0 { border-color: var(--blue); }
i.curve-key.series-1 { border-color: var(--green); border-top-style: dashed; }
i.curve-key.series-2 { border-color: var(--red); border-top-style: dotted; }
i.curve-key.series-3 { border-color: var(--soft); border-top-style: double; }
i.key-active { background: var(--pale); }
i.key-ghost { border: 1px solid var(--red); background: repeating-linear-gradient(135deg,
  var(--paper) 0 2px, var(--red) 2px 3px); }
i.key-disconnected { height: 5px; background: var(--edge); }
i.key-fault { width: 0; height: 0; border: 5px solid transparent; border-top: 8px solid var(--red);
  border-bottom: 0; }
i.key-noticed { width: 0; height: 14px; border-left: 2px solid var(--ink); }
i.key-probes { height: 7px; background: repeating-linear-gradient(90deg, var(--soft) 0 1px,
  transparent 1px 5px); }
i.key-up { background: var(--green); }

article { padding: 20px 0 6px; }
.lane-name { font-size: 12px; }
.idle { stroke: var(--line); }
.active { fill: var(--pale); }
.disconnected { fill: var(--edge); }
.closed { stroke: var(--edge); stroke-width: 1.5; }
.ghost { fill: var(--paper); stroke: var(--red); stroke-width: 1; }
.hatch { fill: none; stroke: var(--red); stroke-width: 0.75; }
.fault { fill: var(--red); }
.noticed { stroke: var(--ink); stroke-width: 2; }
.word { font-size: 11.5px; paint-order: stroke; stroke: var(--paper); stroke-width: 3px;
  stroke-linejoin: round; }
svg .word.wrong { fill: var(--red); }
.probes { stroke: var(--soft); stroke-width: 1; }
.density { stroke: var(--soft); stroke-width: 2; }
.up { fill: var(--green); }
details { font-size: 13px; color: var(--soft); margin-top: 6px; }
summary { cursor: pointer; width: fit-content; }
dl { margin: 8px 0 0 14px; }
dt { color: var(--ink); }
dd { margin: 0 0 8px; max-width: 100ch; }

@media (max-width: 640px) {
  main { padding: 20px 14px 40px; }
  h1 { font-size: 23px; }
  .lead { font-size: 15.5px; }
  th:nth-child(3) { position: sticky; left: 0; background: var(--paper); }
  .result { display: block; margin-left: 0; }
}
@media print {
  :root { --paper: #ffffff; --ink: #000000; --soft: #444444; --line: #dddddd; --edge: #888888;
    --blue: #1d4a94; --pale: #b9cdec; --red: #a02c12; --green: #1d7044; --band: #f3f5f8; }
  body { font-size: 10pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  table { font-size: 8.5pt; }
  th, td { padding-left: 8px; }
  .picture, .lanes { min-width: 0; }
  .scrolled { overflow: visible; }
  article, tr, .picture { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  details::details-content { content-visibility: visible; display: block; }
}
"""
