/** The report's only style sheet. Colours of curves keep a contrast of 3:1 with both backgrounds and differ in lightness and dash. */
export const style = `
:root { color-scheme: light dark; --ink: #1d2127; --paper: #fdfcf9; --faint: #d9d6cd; --soft: #6a6a66; --good: #1f7a3d; --watch: #9a5b00; --wrong: #b3261e;
  --c0: #1f5fa8; --c1: #b3541e; --c2: #2f7d5b; --c3: #7a3e9d; --c4: #8a6d00; --c5: #55606e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e1; --paper: #16181c; --faint: #3a3d44; --soft: #a3a19b; --good: #6fcf8f; --watch: #f0b357; --wrong: #ff8a80;
  --c0: #78b0f0; --c1: #f09a5e; --c2: #6cc9a1; --c3: #c99be8; --c4: #d9bd4f; --c5: #aab4c0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header, main { max-width: 1180px; margin: 0 auto; padding: 0 1.25rem; }
h1 { margin: 1.5rem 0 0; font-size: 1.7rem; }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.3rem; border-bottom: 1px solid var(--faint); }
h3 { margin: 1.5rem 0 .25rem; font-size: 1.05rem; }
a { color: var(--c0); }
:focus-visible { outline: 3px solid var(--c0); outline-offset: 2px; }
.skip { position: absolute; left: -999px; } .skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; list-style: none; }
.row { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
figure { margin: .75rem 0; } figcaption { color: var(--soft); }
.chart { width: min(100%, 350px); } .chart > figcaption { color: var(--ink); font-weight: 600; }
svg { display: block; width: 100%; height: auto; }
.grid { stroke: var(--faint); } .tick, .level-name { fill: var(--soft); font-size: 15px; }
.level { stroke: var(--soft); stroke-dasharray: 2 4; }
.curve { fill: none; stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; }
.c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); stroke-dasharray: 8 4; } .c2 { stroke: var(--c2); stroke-dasharray: 3 4; }
.c3 { stroke: var(--c3); stroke-dasharray: 12 4 3 4; } .c4 { stroke: var(--c4); } .c5 { stroke: var(--c5); stroke-dasharray: 8 4; }
.bars { fill: var(--c0); }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin: 0; padding: 0; list-style: none; font-size: .9rem; } .key { display: inline-block; width: 24px; margin-right: .4em; }
.tokens { width: 200px; font-size: .9rem; } .tokens svg { shape-rendering: crispEdges; } .tokens pre, details pre { overflow: auto; max-height: 24rem; font-size: .8rem; }
img { max-width: 100%; height: auto; image-rendering: pixelated; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; } caption { text-align: left; color: var(--soft); padding-bottom: .25rem; }
td { white-space: nowrap; }
th, td { padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid var(--faint); } th[scope="row"], th:first-child { text-align: left; font-weight: 400; }
thead th { font-weight: 600; } .marked > * { font-weight: 700; background: color-mix(in srgb, var(--c2) 18%, transparent); }
.findings { padding: 0; list-style: none; } .findings li { margin: .75rem 0; padding-left: .9rem; border-left: 5px solid var(--soft); }
.findings .good { border-color: var(--good); } .findings .watch { border-color: var(--watch); } .findings .wrong { border-color: var(--wrong); }
.findings b { display: inline-block; } .findings b::first-letter { text-transform: uppercase; } .verdict { font-weight: 600; } .good .verdict { color: var(--good); } .watch .verdict { color: var(--watch); } .wrong .verdict { color: var(--wrong); }
.facts { color: var(--soft); }
@media print { nav, .skip { display: none; } details { display: block; } }
`;
