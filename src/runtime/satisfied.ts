import { accessFor, standing } from '../../machines/standing.ts'
import type { Demand } from '../../machines/refresh.types.ts'
import type { Standing } from '../core/classify.ts'
import { handOut, isYoung } from '../ledger/kept.ts'
import type { Kept, Moment } from '../ledger/kept.ts'

/**
 * Whether the newest set of the ledger is what a caller needs, so that nothing is renewed: it is
 * fresh; or it is another than the one that was refused; or it is too young to be renewed.
 */
export function isSatisfied(set: Kept, demand: Demand, moment: Moment): boolean {
  const tokens = handOut(set, moment)
  if (accessFor(tokens, demand) === undefined) return false
  return SATISFIES[standing(tokens, moment.hostNowMs, demand)](set, demand, moment)
}

const SATISFIES: Readonly<Record<Standing, typeof isSatisfied>> = {
  fresh: () => true,
  expiring(set, demand, { storeNowMs }) {
    if (demand.refused !== undefined) return true
    const kept = set.access.find(([audience]) => audience === demand.audience)
    return kept !== undefined && isYoung(kept[1], storeNowMs)
  },
  dead: () => false,
}
