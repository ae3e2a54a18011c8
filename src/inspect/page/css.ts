import { CHART_STYLE } from '../diagram/svg.ts'

/** How the page looks: one column on a phone, two where there is room. */
const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --card: #fff; --ink: #1c2430; --muted: #566273; --rule: #dde2e9;
  --soft: #eef1f5; --focus: #2457c5;
  --good: #14703f; --bad: #b5322a; --wait: #8a5700; --doubt: #7440b5; --plain: #5e6a7b;
  --calm: #c6cfdb; --read: #0b6e7f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --card: #151b23; --ink: #e7ebf1; --muted: #9ba7b7; --rule: #2a333f;
    --soft: #1e2630; --focus: #8ab0ff;
    --good: #4cc38a; --bad: #ff7b72; --wait: #e0a93b; --doubt: #b794f6; --plain: #8592a1;
    --calm: #3d4958; --read: #4fc4d6;
  }
}
* { box-sizing: border-box }
[hidden] { display: none !important }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 14px/1.5 ui-sans-serif, system-ui, sans-serif;
}
h1, h2, h3, p, dl, dd, ol { margin: 0; padding: 0 }
ol { list-style: none }
h1 { font-size: 16px; font-weight: 650; letter-spacing: -.01em }
h2 { font-size: 14px; font-weight: 600 }
button, input, select {
  font: inherit; color: inherit; background: var(--card); border: 1px solid var(--rule);
  border-radius: 8px; padding: 5px 11px; min-height: 34px;
}
button { cursor: pointer }
button:hover:not(:disabled) { background: var(--soft) }
button:disabled { opacity: .55; cursor: default }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px }
.quiet, dt { color: var(--muted) }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }

header {
  display: flex; flex-wrap: wrap; align-items: center; gap: 8px 14px; padding: 12px 24px;
  background: var(--card); border-bottom: 1px solid var(--rule); position: sticky; top: 0;
  z-index: 1;
}
.feed::before {
  content: ''; display: inline-block; width: 8px; height: 8px; border-radius: 50%;
  margin-right: 7px; background: var(--wait);
}
.feed[data-state=live]::before { background: var(--good) }
.feed[data-state=lost]::before { background: var(--bad) }
.feed[data-state=file]::before { background: var(--plain) }
.tools { display: flex; flex-wrap: wrap; gap: 8px; margin-left: auto }

main { display: grid; gap: 16px; padding: 16px 24px 40px; max-width: 1800px; margin: auto }
.said:empty, #source:empty, #waiting:empty { display: none }
.said {
  padding: 8px 14px; border-radius: 8px; background: var(--card);
  border: 1px solid var(--bad);
}
.panel {
  background: var(--card); border: 1px solid var(--rule); border-radius: 12px;
  padding: 14px 18px 18px; min-width: 0;
}
.counts { display: grid; grid-template-columns: repeat(8, 1fr); gap: 8px }
.counts div {
  display: flex; flex-direction: column-reverse; padding: 10px 12px; min-width: 0;
  border-radius: 12px;
  background: var(--card); border: 1px solid var(--rule);
}
.counts dt { font-size: 13px; line-height: 1.3 }
.counts dd {
  font-size: 24px; font-weight: 600; line-height: 1.2; font-variant-numeric: tabular-nums;
}
.counts .key { border-color: var(--good) }
h2 { display: flex; align-items: center; gap: 12px }
h2 button { font-weight: 400; min-height: 28px; padding: 1px 10px; margin-left: auto }
.now { color: var(--muted); min-height: 21px; margin: 2px 0 10px }
.columns {
  display: grid; gap: 16px; align-items: start;
  grid-template-columns: minmax(0, 1fr) minmax(360px, 30%);
}
.aside { display: grid; gap: 16px; min-width: 0 }

.scroller { overflow-x: auto; position: relative }
.scroller .chart {
  display: block; height: auto; background: none; max-width: 100%; margin: auto;
  --paper: var(--card);
}
/* As large as it can be read; the whole of it is smaller than that on any screen. */
#chart:not(.whole) .chart { max-width: none; width: 2900px; margin: 0 }
#rows .chart { width: 100%; max-width: 460px }
#rows .around.active > rect { stroke: var(--edge); stroke-width: 1.5 }
.chart .active > rect { stroke: var(--focus); stroke-width: 2.5 }
.chart .active:not(.around) > rect { fill: var(--focus) }
.chart .active > rect + rect { stroke: var(--card); stroke-width: 1.5 }
.chart .active:not(.around) > text { fill: var(--card) }
.chart .trail { stroke: var(--focus); opacity: .6; stroke-width: 2.5 }
.chart .taken { stroke: var(--focus); stroke-width: 3 }
.chart .head.taken path { fill: var(--focus) }
.chart text.taken { fill: var(--focus); stroke: none; font-weight: 700 }
@media (min-width: 1101px) and (min-height: 920px) {
  .aside { position: sticky; top: 76px }
}
@media (max-width: 1100px) {
  .columns { grid-template-columns: minmax(0, 1fr) }
  .counts { grid-template-columns: repeat(4, 1fr) }
}
@media (max-width: 640px) {
  header { padding: 10px 14px; position: static }
  .tools { margin-left: 0 }
  main { padding: 12px 12px 32px; gap: 12px }
  .panel { padding: 12px 14px 14px }
  .counts { grid-template-columns: repeat(2, 1fr) }
  .counts div { padding: 7px 12px }
}
`

/** How the renewals, their lanes and the lines of a run look. */
const LIST_STYLE = `
.filter { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 16px; margin: 8px 0 10px }
.filter input, .filter select { margin-left: 6px }
.legend {
  display: flex; flex-wrap: wrap; gap: 4px 16px; color: var(--muted);
  font-size: 13px; margin-bottom: 10px;
}
.legend .span {
  position: static; display: inline-block; width: 18px; height: 12px; margin-right: 6px;
  vertical-align: -1px;
}

#renewals { display: grid; gap: 10px }
.renewal {
  --tone: var(--plain);
  border: 1px solid var(--rule); border-radius: 10px; padding: 10px 0 8px;
}
.renewal .head, .renewal .sum { padding: 0 14px }
.head { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 12px }
.head h3 { font: 600 .93em/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
.head .when { margin-left: auto; font-variant-numeric: tabular-nums }
.sum { margin-bottom: 6px }
.presented { color: var(--tone) }
.good { --tone: var(--good) }
.bad { --tone: var(--bad) }
.wait { --tone: var(--wait) }
.doubt { --tone: var(--doubt) }
.plain { --tone: var(--plain) }
.nothing { padding: 20px 8px; color: var(--muted) }
.nothing pre {
  margin: 10px 0; padding: 10px 12px; border-radius: 8px; background: var(--soft);
  color: var(--ink); overflow-x: auto; font: 13px/1.5 ui-monospace, Menlo, monospace;
}

.lane {
  display: grid; grid-template-columns: 150px minmax(0, 1fr) 92px; gap: 12px; align-items: center;
  width: 100%; min-height: 30px; padding: 2px 14px; border: 0; border-radius: 0;
  background: none; text-align: left; font-size: 13px;
}
.lane.selected { background: var(--soft) }
.lane:focus-visible { outline-offset: -2px }
.who { white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
.process { color: var(--muted) }
.callers { margin-left: 8px; font-weight: 600 }
.end {
  color: var(--tone); text-align: right; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis;
}
.end.plain { color: var(--muted) }
.track { position: relative; height: 18px; display: block }
.life { position: absolute; top: 8px; height: 2px; border-radius: 1px; background: var(--rule) }
.span {
  position: absolute; top: 1px; height: 16px; min-width: 4px; border-radius: 4px;
  background: var(--tone); color: var(--card); overflow: hidden; white-space: nowrap;
  font-size: 11px; line-height: 16px; text-align: center; font-variant-numeric: tabular-nums;
}
.span.claim { background: var(--calm); color: var(--ink) }
.span.follow {
  background: var(--card); color: var(--muted); border: 1.5px solid var(--plain); line-height: 13px;
}
.span.settle { background: var(--plain) }
.span.reload { background: var(--read) }
.playhead { position: absolute; top: -3px; height: 24px; min-width: 2px; background: var(--focus) }
.more { margin: 6px 14px 4px }
.pager { display: flex; gap: 12px; align-items: center; justify-content: center; margin-top: 12px }
#gaps:not(:empty) { margin-top: 10px }

#steps { max-height: 340px; overflow-y: auto; margin-top: 8px; position: relative }
.line {
  display: grid; grid-template-columns: 76px 1fr; gap: 10px; width: 100%; min-height: 0;
  padding: 4px 8px; border: 0; border-radius: 0 6px 6px 0; background: none; text-align: left;
  font-size: 13px; line-height: 1.45;
}
.line:focus-visible { outline-offset: -2px }
.line[aria-current] { background: var(--soft); box-shadow: inset 3px 0 var(--focus) }
.line.step { font-weight: 600 }
.times { font-weight: 600 }
.since {
  color: var(--muted); text-align: right; font-variant-numeric: tabular-nums; font-weight: 400;
}
@media (max-width: 640px) {
  .renewal .head, .renewal .sum { padding: 0 12px }
  .head { gap: 2px 8px; font-size: 12.5px }
  .lane { grid-template-columns: minmax(0, 1fr) auto; gap: 2px 12px; padding: 5px 12px }
  .lane .track { grid-area: 2 / 1 / 3 / 3 }
  .lane, .line { min-height: 32px }
}
`

export const PAGE_CSS = CHART_STYLE + PAGE_STYLE + LIST_STYLE
