/** Light unless the reader's system is dark. On a phone the parts stand below each other, the slider always in sight. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2430; --faint: #5d6878; --rule: #d5dbe3; --panel: #f5f7fa; --lit: #fff2c4;
  --accent: #0b63ce; --good: #12805c; --bad: #c2262e; --warn: #b25a00; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #12161c; --ink: #e4e9f0; --faint: #98a4b5; --rule: #343d4a; --panel: #1b212a; --lit: #453a12;
    --accent: #6aaefc; --good: #4fc79b; --bad: #ff7b7f; --warn: #f0a550; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
header, main { max-width: 1500px; margin: 0 auto; padding: 0 16px; }
h1 { font-size: 1.25rem; margin: 14px 0 2px; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 8px; }
.sub { color: var(--faint); margin: 0 0 8px; overflow-wrap: anywhere; }
nav { position: sticky; top: 0; z-index: 1; background: var(--paper); border-bottom: 1px solid var(--rule); }
nav > div { max-width: 1500px; margin: 0 auto; padding: 8px 16px; }
.steer { display: flex; gap: 8px; align-items: center; }
.steer input { flex: 1; min-width: 0; accent-color: var(--accent); height: 32px; }
button, select { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--rule); border-radius: 6px;
  min-width: 44px; height: 36px; }
.moment-line { display: flex; gap: 10px; align-items: baseline; min-height: 1.5em; }
#time { font: 600 1rem ui-monospace, monospace; }
#since { font: 0.85rem ui-monospace, monospace; color: var(--faint); white-space: nowrap; }
#what { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; min-width: 0; }
main { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 16px; padding-top: 16px; padding-bottom: 40px; align-items: start; }
section { background: var(--panel); border: 1px solid var(--rule); border-radius: 10px; padding: 12px; min-width: 0; margin-bottom: 16px; }
#ladder-box { overflow: auto; max-height: 78vh; }
.ladder { display: block; width: 100%; min-width: 620px; font: 12px ui-monospace, 'DejaVu Sans Mono', monospace; }
.ladder text { fill: var(--ink); }
.ladder .name { text-anchor: middle; font-weight: 700; font-size: 13px; }
.ladder .life, .ladder .axis { stroke: var(--rule); stroke-width: 1.5; }
.ladder .gap { stroke: var(--panel); stroke-width: 3; stroke-dasharray: 3 3; }
.ladder .pause, .ladder .time, .ladder .label { fill: var(--faint); }
.ladder .pause, .ladder .noted, .ladder .barred { text-anchor: middle; }
.ladder .end { text-anchor: end; }
.ladder .label { font-weight: 700; }
.ladder .dot { fill: var(--faint); }
.ladder .back { fill: transparent; }
.ladder .note { fill: var(--paper); stroke: var(--rule); }
.ladder .bar { fill: var(--warn); }
.ladder .barred { fill: var(--paper); font-weight: 700; }
.ladder .mask { fill: var(--panel); }
.ladder .shaft { stroke: var(--good); stroke-width: 1.5; }
.ladder .head { fill: var(--good); }
.ladder .fails .shaft, .ladder .cross { stroke: var(--bad); stroke-width: 1.5; fill: none; }
.moment { cursor: pointer; }
.moment.later { opacity: 0.35; }
.moment.now .back, .moment.now .mask { fill: var(--lit); }
.moment.now .back { fill-opacity: 0.7; }
.moment.now .dot { fill: var(--accent); }
.chart { display: block; width: 100%; max-width: 560px; margin: 0 auto; font: 10px system-ui, sans-serif; }
.chart text { fill: var(--faint); }
.chart path { fill: none; stroke: var(--faint); stroke-width: 1.2; marker-end: url(#tip); }
.chart marker path { fill: var(--faint); stroke: none; marker-end: none; }
.chart rect { fill: var(--paper); stroke: var(--faint); stroke-width: 1.2; }
.chart [data-phase] text { text-anchor: middle; font-size: 14px; fill: var(--ink); }
.chart .lit rect { fill: var(--accent); stroke: var(--accent); }
.chart .lit[data-phase] text { fill: var(--paper); font-weight: 700; }
.chart .lit path { stroke: var(--accent); stroke-width: 2.5; }
.chart .lit[data-edge] text { fill: var(--accent); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.88rem; }
th, td { text-align: left; vertical-align: top; padding: 3px 8px 3px 0; border-bottom: 1px solid var(--rule); overflow-wrap: anywhere; }
th { font-weight: 500; color: var(--faint); }
thead th { font-weight: 700; color: var(--ink); }
td { font-family: ui-monospace, monospace; font-size: 0.82rem; }
td.changed { background: var(--lit); }
pre { margin: 0; font: 0.82rem/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 60vh; overflow: auto; }
figure { margin: 0 0 12px; }
figcaption { font-weight: 600; font-size: 0.9rem; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; list-style: none; margin: 2px 0 4px; padding: 0; font-size: 0.85rem; }
.legend li::before { content: ''; display: inline-block; width: 14px; height: 3px; margin-right: 5px; vertical-align: middle; background: var(--line); }
.legend b { font-family: ui-monospace, monospace; }
.received { --line: var(--accent); } .relayed { --line: var(--good); } .dropped { --line: var(--warn); } .ignored { --line: var(--bad); }
.plot { position: relative; border: 1px solid var(--rule); background: var(--paper); padding: 4px 0; }
.plot svg { display: block; width: 100%; height: 110px; overflow: visible; }
.plot .top { position: absolute; left: 4px; top: 0; font: 0.72rem ui-monospace, monospace; color: var(--faint); }
.line { fill: none; stroke: var(--line); stroke-width: 2; vector-effect: non-scaling-stroke; }
.line.relayed { stroke-dasharray: 5 4; }
.cursor { stroke: var(--ink); stroke-width: 1; vector-effect: non-scaling-stroke; }
.span { display: flex; justify-content: space-between; font: 0.75rem ui-monospace, monospace; color: var(--faint); }
#timeline { position: relative; list-style: none; margin: 0; padding: 0; font: 0.82rem/1.5 ui-monospace, monospace; max-height: 60vh; overflow: auto; }
#timeline li { padding: 1px 4px; overflow-wrap: anywhere; cursor: pointer; border-radius: 4px; }
#timeline .later { opacity: 0.45; }
#timeline .now { background: var(--lit); }
#timeline time { color: var(--faint); margin-right: 8px; }
.full { grid-column: 1 / -1; }
[hidden] { display: none; }
@media (max-width: 900px) { main { grid-template-columns: minmax(0, 1fr); } header, main, nav > div { padding-left: 10px; padding-right: 10px; } #ladder-box { max-height: 60vh; } }
`;
