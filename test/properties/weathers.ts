import { AS_FAULTS, AS_KINDS, STORE_FAULTS } from './plan.ts'
import type { Weather } from './plan.ts'

/** Until access tokens expire; until holders are stale. */
const PAUSES = [300_000, 3_700_000]
/** Longer than a call of the store; than may be left to send; than a request; than a claim. */
const JUMPS = [3_000, 10_000, 16_000, 21_000, 90_000]

/** By what is promised in it. */
export const WEATHERS = {
  calm: { as: AS_KINDS, pausesMs: PAUSES, mayDropGrant: true },
  'stale cookies': { as: AS_KINDS, pausesMs: PAUSES, mayBeStale: true, mayDropGrant: true },
  deadlines: { as: AS_KINDS, pausesMs: PAUSES, jumpsMs: JUMPS, mayDropGrant: true },
  'a store that fails': {
    as: AS_KINDS,
    pausesMs: PAUSES,
    storeFaults: STORE_FAULTS,
    outageMax: 40,
    mayDropGrant: true,
  },
  'an AS that fails': { as: AS_KINDS, pausesMs: PAUSES, asFaults: AS_FAULTS, mayDropGrant: true },
  crashes: { as: AS_KINDS, pausesMs: PAUSES, mayCrash: true, mayDropGrant: true },
  'sign-out': {
    as: AS_KINDS,
    pausesMs: PAUSES,
    maySignOut: true,
    mayBeStale: true,
    mayDropGrant: true,
  },
  everything: {
    as: AS_KINDS,
    pausesMs: PAUSES,
    jumpsMs: JUMPS,
    asFaults: AS_FAULTS,
    storeFaults: STORE_FAULTS,
    outageMax: 40,
    mayCrash: true,
    maySignOut: true,
    mayBeStale: true,
    mayDropGrant: true,
  },
} as const satisfies Readonly<Record<string, Weather>>
