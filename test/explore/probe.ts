import { isKnown, newestLive, Violation } from './properties.ts'
import { call, stepsOf } from './steps.ts'
import type { Config, World } from './world.ts'

/**
 * From a world at rest, without further faults: a caller who comes with an expired set is served,
 * unless the newest token is lost, or the chain has ended.
 */
export function probe(world: World, config: Config): void {
  const newest = newestLive(world)
  if (newest === undefined || world.endedAt !== undefined) return
  if (world.presented[newest] !== undefined || isStranded(world, newest)) return
  if (!isKnown(world, newest) || config.as === 'omitted') return
  for (const [index, { forges }] of world.workers.entries()) {
    if (forges === true) continue
    const calm: World = {
      ...world,
      now: world.now + config.lifetimeMs,
      faultsLeft: 0,
      expiries: 0,
      isOut: false,
      workers: world.workers.map((worker, i) => ({ ...worker, calls: i === index ? 1 : 0 })),
    }
    if (isLate(calm, config, index)) continue
    let at = call(calm, config, index)
    if (at === undefined) continue
    for (let steps = 0; at.workers[index]!.run !== undefined; steps += 1) {
      const [step] = stepsOf(at, config)
      if (step === undefined || steps > 100)
        throw new Violation(`liveness: worker ${index} is stuck`)
      at = step[1]
    }
    const isServed = Object.keys(at.accessTokens).length > Object.keys(world.accessTokens).length
    if (!isServed && !mayMiss(world, index))
      throw new Violation(`liveness: worker ${index} is not served although ${newest} lives`)
  }
}

/** Whether a claim stands on the token whose holder is gone: honest loss. */
function isStranded(world: World, token: string): boolean {
  const row = world.rows[`c:${token}`]?.row
  if (row === undefined || !('kind' in row) || row.kind !== 'claimed') return false
  return world.happened.some((fault) => ['crash', 'outage', 'lost acknowledgement'].includes(fault))
}

function isLate(world: World, { policy }: Config, index: number): boolean {
  const held = Number((world.workers[index]!.cookie.refreshToken ?? 'r0').slice(1))
  return world.acknowledged.some(
    ([generation, atMs]) => generation > held && atMs + policy.staleMs <= world.now,
  )
}

/**
 * Whether a holder may be cut off from a chain that lives on: its successor was handed over past
 * the ledger (an outage), or the row that leads to it is gone.
 */
function mayMiss({ happened, workers }: World, index: number): boolean {
  if (happened.includes('outage')) return true
  return happened.includes('evicted') || (!workers[index]!.carries && happened.length > 0)
}
