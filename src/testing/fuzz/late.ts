import { acknowledgedBy, isSurelyLate, mayAnyBeLate, mayBeLate } from '../simulation/late.ts'
import type { Acknowledged } from '../simulation/late.ts'
import type { Call, World } from './observed.ts'

/** When somebody came with a token as their own, presented it and settled. */
function acknowledgements(world: World, bound: 'earliest' | 'surely'): Acknowledged[] {
  if (bound === 'surely' && world.happened.has('handed over')) return []
  return world.sendings.flatMap((sending) =>
    sending.heard?.kind === 'granted'
      ? acknowledgedBy(sending, generationOf(world, sending.token), world.calls, bound)
      : [],
  )
}

/** P4: whether this call came with a token that others had been later than for long enough. */
export function isReplay(world: World, { came, startedAtMs }: Call): boolean {
  const held = generationOf(world, came.refreshToken)
  return isSurelyLate(acknowledgements(world, 'surely'), held, startedAtMs)
}

/** Whether somebody could be late enough by now to end the chain as a replay. */
export function surelyRipe(world: World): boolean {
  return mayAnyBeLate(acknowledgements(world, 'earliest'), world.schedule.nowMs)
}

/** Whether this call may have come too late to be served. */
export function isMerelyDelayed(world: World, { came, startedAtMs }: Call): boolean {
  const held = generationOf(world, came.refreshToken)
  return mayBeLate(acknowledgements(world, 'earliest'), held, startedAtMs)
}

function generationOf({ server }: World, token: string | undefined): number {
  return server.grants.refreshTokens.get(token ?? '')?.generation ?? 0
}
