import { el } from './dom.ts'
import type { Entry, Lane, Renewal, Span } from './lane.ts'
import { toneOfLane, toneOfOutcome } from './tone.ts'
import { count, duration } from './words.ts'

const DONE: Readonly<Record<Span['actor'], string>> = {
  claim: 'asked for the claim',
  follow: 'followed the holder',
  present: 'presented the token',
  reload: 'asked the storage',
}

/** How wide a bar is at least that says how long it took. */
const ROOM_PERCENT = 10

/** One run as a row: who it is, what it did when, how it ended. A button that selects it. */
export function laneView(lane: Lane, renewal: Renewal, selected: Entry | undefined) {
  const isSelected = selected?.lane === lane
  return el(
    'button',
    {
      type: 'button',
      class: `lane ${isSelected ? 'selected' : ''}`,
      'data-key': lane.key,
      'aria-pressed': String(isSelected),
    },
    el(
      'span',
      { class: 'who', title: lane.process },
      el('span', { class: 'process' }, labelOf(lane)),
      ` ${lane.run}`,
      lane.callers > 1 && el('span', { class: 'callers' }, `×${lane.callers}`),
    ),
    el('span', { class: 'unseen' }, `; ${told(lane)}; `),
    track(lane, renewal, isSelected ? selected : undefined),
    el('span', { class: `end ${toneOfLane(lane)}` }, ended(lane)),
  )
}

function track(lane: Lane, renewal: Renewal, selected: Entry | undefined): HTMLElement {
  const percent = scaleOf(renewal)
  const place = (fromMs: number, toMs: number, element: HTMLElement): HTMLElement => {
    element.style.left = `${percent(fromMs)}%`
    element.style.width = `${percent(toMs) - percent(fromMs)}%`
    return element
  }
  const bar = (span: Span): HTMLElement => {
    const { actor, beganAtMs, endedAtMs = lane.lastAtMs, outcome } = span
    const hasRoom = percent(endedAtMs) - percent(beganAtMs) >= ROOM_PERCENT
    const look = { class: `span ${actor} ${toneOfOutcome(outcome)}`, title: titleOf(span) }
    const took = hasRoom && duration(endedAtMs - beganAtMs)
    return place(beganAtMs, endedAtMs, el('span', look, took))
  }
  const head = (atMs: number): HTMLElement => place(atMs, atMs, el('span', { class: 'playhead' }))
  return el(
    'span',
    { class: 'track', 'aria-hidden': 'true' },
    place(lane.beganAtMs, lane.lastAtMs, el('span', { class: 'life' })),
    ...lane.spans.map(bar),
    selected !== undefined && head(selected.line.atMs),
  )
}

/** The label of a process, without the mark that tells one start of it from others. */
function labelOf({ process }: Lane): string {
  return process.replace(/~[^~]*$/, '')
}

/** From a time to its place on the track of a renewal. */
function scaleOf({ beganAtMs, lastAtMs }: Renewal): (atMs: number) => number {
  const wholeMs = Math.max(lastAtMs - beganAtMs, 1)
  return (atMs) => Math.min(Math.max(((atMs - beganAtMs) / wholeMs) * 100, 0), 100)
}

function titleOf({ actor, says = 'under way', beganAtMs, endedAtMs }: Span): string {
  const took = endedAtMs === undefined ? '' : `, ${duration(endedAtMs - beganAtMs)}`
  return `${actor}: ${says}${took}`
}

function ended({ state, code, wasServed, outcome }: Lane): string {
  if (state === undefined) return 'under way'
  if (code !== undefined) return code
  return state === 'rotated' && wasServed && outcome === undefined ? 'served' : state
}

/** What the bars of a row show, in words. */
function told({ callers, spans, lastAtMs }: Lane): string {
  const did = spans.map(({ actor, says = 'under way', beganAtMs, endedAtMs = lastAtMs }) => {
    return `${DONE[actor]}: ${says}, ${duration(endedAtMs - beganAtMs)}`
  })
  return [count(callers, 'caller'), ...did].join('; ')
}
