import { CHART_STYLE } from '../diagram/style.ts'
import { LIST_STYLE } from './list-css.ts'

/** How the page looks: one column on a phone, two where there is room. */
const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --card: #fff; --ink: #1c2430; --muted: #566273; --rule: #dde2e9;
  --soft: #eef1f5; --focus: #2457c5;
  --good: #14703f; --bad: #b5322a; --wait: #8a5700; --doubt: #7440b5; --plain: #5e6a7b;
  --calm: #c6cfdb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --card: #151b23; --ink: #e7ebf1; --muted: #9ba7b7; --rule: #2a333f;
    --soft: #1e2630; --focus: #8ab0ff;
    --good: #4cc38a; --bad: #ff7b72; --wait: #e0a93b; --doubt: #b794f6; --plain: #8592a1;
    --calm: #3d4958;
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
#chart.whole .chart { max-width: none }
#rows .chart { width: 100%; max-width: 460px }
#rows .around.active > rect { stroke: var(--edge); stroke-width: 1.5 }
.chart .active > rect { stroke: var(--focus); stroke-width: 2.5 }
.chart .active:not(.around) > rect:first-of-type { fill: var(--focus) }
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
@media (max-width: 900px) {
  #chart:not(.whole) .chart { max-width: none; width: 1500px }
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

export const PAGE_CSS = CHART_STYLE + PAGE_STYLE + LIST_STYLE
