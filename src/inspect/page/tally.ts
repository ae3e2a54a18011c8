import { failureRate } from './counters.ts'
import type { Counters } from './counters.ts'
import { byId, say } from './dom.ts'

const SHOWN = [
  'refreshes',
  'presentations',
  'coalesced',
  'served',
  'replays',
  'lost',
  'revoked',
] as const satisfies readonly (keyof Counters)[]

/** Writes the counters into the page. */
export function showTally(counters: Counters): void {
  for (const name of SHOWN) say(byId(`count-${name}`), counters[name].toLocaleString('en'))
  const rate = failureRate(counters)
  say(
    byId('count-failures'),
    rate === undefined ? '–' : `${(rate * 100).toFixed(rate > 0 ? 1 : 0)} %`,
  )
}
