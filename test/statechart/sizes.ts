import { readFileSync } from 'node:fs'
import { describeMachine } from '../../machines/describe.ts'
import { refreshMachine } from '../../machines/index.ts'
import { inactive, removals, swaps, unguarded } from './mutants.ts'
import { LONG_LIVED, LONG_LIVED_TWICE, PER_CALL, walk } from './walk.ts'
import type { Kind } from './walk.ts'

/** How much there is to look at. Pinned, so that a change of the chart shows in the diff. */
export interface Sizes {
  readonly states: number
  readonly transitions: number
  readonly perCall: Walked
  readonly longLived: Walked
  readonly longLivedTwice: Walked
  readonly removals: number
  readonly unguarded: number
  readonly inactive: number
  readonly swaps: number
}

interface Walked {
  readonly routes: number
  readonly steps: number
}

export const SIZES = new URL('sizes.json', import.meta.url)

export function pinnedSizes(): Sizes {
  return JSON.parse(readFileSync(SIZES, 'utf8')) as Sizes
}

export function measureSizes(): Sizes {
  const { states, transitions } = describeMachine(refreshMachine)
  return {
    states: states.length,
    transitions: transitions.length,
    perCall: walked(PER_CALL),
    longLived: walked(LONG_LIVED),
    longLivedTwice: walked(LONG_LIVED_TWICE),
    removals: removals().length,
    unguarded: unguarded().length,
    inactive: inactive().length,
    swaps: swaps().length,
  }
}

function walked(kind: Kind): Walked {
  const { routes, steps } = walk(refreshMachine, kind)
  return { routes, steps }
}
