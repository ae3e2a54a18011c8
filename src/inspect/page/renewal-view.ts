import { el } from './dom.ts'
import { laneView } from './lane-view.ts'
import { callersOf, processesOf } from './lane.ts'
import type { Entry, Renewal } from './lane.ts'
import { toneOfRenewal } from './tone.ts'
import { count, duration, short } from './words.ts'

/** Rows of one renewal that are shown at once. */
const LANES_SHOWN = 14

/** The runs of one chain that lie together in time, on one scale. */
export function renewalView(
  renewal: Renewal,
  selected: Entry | undefined,
  isUnfolded: boolean,
): HTMLElement {
  const { key, lanes, grant, token, generation, beganAtMs, lastAtMs } = renewal
  const shown = isUnfolded ? lanes : lanes.slice(0, LANES_SHOWN)
  const hidden = lanes.length - shown.length
  const name = grant === undefined ? `token ${short(token)}` : `grant ${short(grant)}`
  return el(
    'li',
    { class: `renewal ${toneOfRenewal(renewal)}`, 'data-renewal': key },
    el(
      'div',
      { class: 'head' },
      el('h3', {}, name),
      generation !== undefined && el('span', { class: 'quiet' }, `generation ${generation}`),
      el('span', { class: 'quiet when' }, timeOf(beganAtMs)),
    ),
    el('p', { class: 'sum' }, ...summary(renewal), ` in ${duration(lastAtMs - beganAtMs)}`),
    el('div', { class: 'lanes' }, ...shown.map((lane) => laneView(lane, renewal, selected))),
    hidden > 0 &&
      el(
        'button',
        { type: 'button', class: 'more', 'data-unfold': key },
        `Show ${count(hidden, 'more run')}`,
      ),
  )
}

function summary(renewal: Renewal): (string | HTMLElement)[] {
  const processes = processesOf(renewal)
  const callers = count(callersOf(renewal), 'caller')
  return [
    processes > 1 ? `${callers} in ${processes} processes made ` : `${callers} made `,
    el('strong', renewal.presentations > 0 ? { class: 'presented' } : {}, presentations(renewal)),
  ]
}

function presentations({ presentations }: Renewal): string {
  return presentations === 0 ? 'no presentation' : count(presentations, 'presentation')
}

function timeOf(atMs: number): string {
  return new Date(atMs).toLocaleTimeString('en-GB')
}
