/**
 * How a drawing looks. Its colours are variables, so that a page can set them; by themselves they
 * follow the reader's preference for dark or light.
 */
export const CHART_STYLE = `
.chart {
  --ink: #1c2430; --muted: #566273; --line: #98a3b3; --box: #fff; --around: #f3f5f8;
  --edge: #ccd4de; --paper: #fff;
  background: var(--paper);
}
@media (prefers-color-scheme: dark) {
  .chart {
    --ink: #e7ebf1; --muted: #9ba7b7; --line: #64707f; --box: #212a35; --around: #171e27;
    --edge: #3b4655; --paper: #10151c;
  }
}
.chart text { font: 13.5px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
.chart .name { font: 600 17px ui-sans-serif, system-ui, sans-serif; fill: var(--ink) }
.chart .state rect { fill: var(--box); stroke: var(--edge); stroke-width: 1.5 }
.chart .around rect { fill: var(--around) }
.chart .around .name, .chart .runs, .chart .why text { fill: var(--muted) }
.chart .why rect { fill: var(--paper) }
.chart .why.inside rect { fill: var(--around) }
.chart .arrow, .chart .start path { fill: none; stroke: var(--line); stroke-width: 1.5 }
.chart .head path, .chart .start circle { fill: var(--line) }
`
