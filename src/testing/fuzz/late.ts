import type { Call, World } from './observed.ts'

/** How long older holders are served after somebody came with a later token: the default. */
export const STALE_MS = 3_600_000

/** Entries of acknowledgements this close together may be merged. */
const MERGED_MS = STALE_MS / 8

interface Acknowledged {
  readonly generation: number
  readonly atMs: number
}

/** When somebody came with a token as their own, presented it and settled. */
function acknowledgements(world: World, bound: 'earliest' | 'surely'): Acknowledged[] {
  return world.sendings.flatMap(({ token, worker, sentAtMs, heard }) => {
    if (heard?.kind !== 'granted') return []
    const own = world.calls.filter(
      (call) =>
        call.worker === worker && call.came.refreshToken === token && call.startedAtMs <= sentAtMs,
    )
    const generation = generationOf(world, token)
    if (bound === 'earliest') return own.map(({ startedAtMs: atMs }) => ({ generation, atMs }))
    if (world.happened.has('handed over')) return []
    return own.flatMap(({ endedAtMs, isAlone, outcome }) =>
      isAlone && endedAtMs !== undefined && endedAtMs >= sentAtMs && outcome?.state === 'rotated'
        ? [{ generation, atMs: endedAtMs }]
        : [],
    )
  })
}

/** P4: whether this call came with a token that others had been later than for long enough. */
export function isReplay(world: World, { came, startedAtMs }: Call): boolean {
  const held = generationOf(world, came.refreshToken)
  return acknowledgements(world, 'surely').some(
    ({ generation, atMs }) => generation > held && atMs + STALE_MS + MERGED_MS <= startedAtMs,
  )
}

/** Whether somebody could be late enough by now to end the chain as a replay. */
export function surelyRipe(world: World): boolean {
  return acknowledgements(world, 'earliest').some(
    ({ atMs }) => atMs + STALE_MS <= world.schedule.nowMs,
  )
}

/** Whether this call may have come too late to be served. */
export function isMerelyDelayed(world: World, { came, startedAtMs }: Call): boolean {
  const held = generationOf(world, came.refreshToken)
  return acknowledgements(world, 'earliest').some(
    ({ generation, atMs }) => generation > held && atMs + STALE_MS <= startedAtMs,
  )
}

function generationOf({ server }: World, token: string | undefined): number {
  return server.grants.refreshTokens.get(token ?? '')?.generation ?? 0
}
