import type { Lane, Renewal } from './lane.ts'

/** What a colour means, everywhere on the page. */
export type Tone = 'good' | 'bad' | 'wait' | 'doubt' | 'plain'

/** How a presentation ended, and how a run did. */
const TONES: ReadonlyMap<string, Tone> = new Map([
  ['granted', 'good'],
  ['rejected', 'bad'],
  ['refused', 'bad'],
  ['deferred', 'wait'],
  ['unknown', 'doubt'],
  ['fresh', 'good'],
  ['rotated', 'good'],
  ['expiring', 'wait'],
  ['error', 'bad'],
  ['revoked', 'bad'],
])

/** Of these an error is no refusal: the token may be spent. */
const DOUBTFUL: ReadonlySet<string> = new Set(['lost', 'unknown'])

export function toneOfOutcome(outcome: string | undefined): Tone {
  return TONES.get(outcome ?? '') ?? 'plain'
}

export function toneOfLane({ state, code }: Lane): Tone {
  return DOUBTFUL.has(code ?? '') ? 'doubt' : toneOfOutcome(state)
}

/** By its presentation if there was one, else by how its runs ended. */
export function toneOfRenewal({ lanes }: Renewal): Tone {
  const presented = lanes.findLast(({ outcome }) => outcome !== undefined)
  if (presented !== undefined) return toneOfOutcome(presented.outcome)
  const last = lanes.findLast(({ state }) => state !== undefined)
  return last === undefined ? 'plain' : toneOfLane(last)
}
