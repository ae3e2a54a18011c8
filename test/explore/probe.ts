import { isKnown, newestLive } from './properties.ts'
import { Violation } from './violation.ts'
import { generationOf, isAccepted, isForgiving } from './authorization-server.ts'
import { call, stepsOf } from './steps.ts'
import type { Config, World } from './world.ts'

/**
 * From a world at rest, without further faults: a caller who comes with an expired set is served,
 * unless the newest token is lost, or the chain has ended.
 */
export function probe(world: World, config: Config): void {
  if (isForgiving(config)) {
    for (const index of world.workers.keys()) probeForgiven(world, config, index)
    return
  }
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

/**
 * A caller is served without a sign-in as long as the server would still accept its token, however
 * the presentations before have ended.
 */
function probeForgiven(world: World, config: Config, index: number): void {
  const { cookie } = world.workers[index]!
  const token = cookie.refreshToken
  if (token === undefined || world.endedAt !== undefined || (world.late ?? []).length > 0) return
  const nowMs = world.now + config.settlesWithinMs + config.policy.claimMs
  const calm: World = {
    ...world,
    now: nowMs,
    faultsLeft: 0,
    expiries: 0,
    isOut: false,
    workers: world.workers.map((worker, i) => ({ ...worker, calls: i === index ? 1 : 0 })),
  }
  const lateMs = nowMs + config.requestTimeoutMs + 1
  if (!isAccepted(world, config, token, lateMs) || isLate(calm, config, index)) return
  if (isAnswered(world, token) || isAskedAlready(world, config, token)) return
  if (isUnsure(world, config) || isPastWindow(calm, config, token)) return
  if (mayMiss(world, index)) return
  let at = call(calm, config, index)
  if (at === undefined) return
  for (let steps = 0; at.workers[index]!.run !== undefined; steps += 1) {
    const [step] = stepsOf(at, config)
    if (step === undefined || steps > 100) throw new Violation(`liveness: worker ${index} is stuck`)
    at = step[1]
  }
  const { accessToken } = at.workers[index]!.cookie
  if (accessToken === cookie.accessToken)
    throw new Violation(`liveness: worker ${index} is not served although the AS takes ${token}`)
}

/** Whether a holder had the answer in hand and is gone: nobody knows what became of it. */
function isAnswered(world: World, token: string): boolean {
  const row = world.rows[`c:${token}`]?.row
  return row !== undefined && 'kind' in row && row.kind === 'claimed' && row.isAnswered === true
}

/** Whether the token was taken over already, of a server that is asked once. */
function isAskedAlready(world: World, { as }: Config, token: string): boolean {
  if (world.presented[token] === 'taken over') return true
  const row = world.rows[`c:${token}`]?.row
  return as === 'refused' && row !== undefined && 'atRisk' in row && row.atRisk !== undefined
}

/** Whether the window is over, as far as the ledger knows: it counts from the first claim. */
function isPastWindow({ now, rows }: World, { policy }: Config, token: string): boolean {
  const { row, writtenAtMs = 0 } = rows[`c:${token}`] ?? {}
  if (policy.takeOver.type !== 'within' || row === undefined || !('kind' in row)) return false
  if (row.kind !== 'claimed') return false
  return now >= (row.firstClaimedAtMs ?? writtenAtMs) + policy.takeOver.ms
}

/** Whether the successor may be in use: the store may have dropped the row that would say so. */
function isUnsure({ rows }: World, { as, policy }: Config): boolean {
  const hasGrant = Object.keys(rows).some((key) => key.startsWith('g:'))
  return as === 'until used' && policy.mayEvict && !hasGrant
}

/** Whether a claim stands on the token whose holder is gone: honest loss. */
function isStranded(world: World, token: string): boolean {
  const row = world.rows[`c:${token}`]?.row
  if (row === undefined || !('kind' in row) || row.kind !== 'claimed') return false
  return world.happened.some((fault) => ['crash', 'outage', 'lost acknowledgement'].includes(fault))
}

function isLate(world: World, { policy }: Config, index: number): boolean {
  const held = generationOf(world.workers[index]!.cookie.refreshToken ?? 'r0')
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
