/** How the renewals, their lanes and the lines of a run look. */
export const LIST_STYLE = `
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
.nothing { padding: 28px 8px; text-align: center; color: var(--muted) }

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
.span.reload { background: var(--wait) }
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
