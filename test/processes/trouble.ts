import { expect } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import type { ErrorCode, TokenSet } from '../../src/index.ts'
import type { Server } from '../servers/process.ts'
import type { Backend } from './backends.ts'
import { until } from './chains.ts'
import type { Member, MemberOutcome } from './fleet.ts'
import { NEXT, PATIENT, scene, type Scene } from './scene.ts'

/** What keeps a database from its work for a while. */
export interface Trouble<S> {
  readonly what: string
  begin(server: S): Promise<unknown> | void
  end(server: S): Promise<unknown> | void
  /** What a caller is told whose access token is refused. */
  readonly code: ErrorCode
}

/** Its access token is good for as long as a test takes, and due to be renewed. */
function expiring(tokens: TokenSet): TokenSet {
  const now = systemClock.now()
  return { ...tokens, obtainedAtMs: now - 3_570_000, expiresAtMs: now + 30_000 }
}

/** Two processes, and a database that has one trouble after the other and gets over them. */
export async function outlast<S extends Server>(
  troubles: readonly Trouble<S>[],
  database: Pick<Backend, 'spec'> & { readonly server: S },
): Promise<void> {
  await using stage = await scene(database, PATIENT)
  const fleet = await stage.fleet(2)
  for (const trouble of troubles) await outlastOne(trouble, database, stage, fleet)
}

async function outlastOne<S extends Server>(
  { what, begin, end, code }: Trouble<S>,
  database: Pick<Backend, 'spec'> & { readonly server: S },
  { server, signIn }: Scene,
  fleet: readonly Member[],
): Promise<void> {
  const all = (tokens: TokenSet, asked: object): Promise<readonly MemberOutcome[]> =>
    Promise.all(fleet.map((member) => member.refresh(tokens, asked)))
  const [good, refused] = await Promise.all(
    [1, 2].map(async () => (await fleet[0]!.refresh(await signIn(), NEXT)).tokens),
  )
  const { presentations } = server.counts()

  await begin(database.server)
  const [served, unserved] = await Promise.all([all(expiring(good!), {}), all(refused!, NEXT)])
  expect(server.counts().presentations, what).toBe(presentations)
  await end(database.server)

  for (const outcome of served) {
    const { accessToken } = good!
    expect(outcome, what).toMatchObject({ usable: true, needsSignIn: false, accessToken })
  }
  for (const outcome of unserved) {
    const { kind: store } = database.spec
    expect(outcome, what).toMatchObject({ usable: false, needsSignIn: false, code, store })
  }
  // By itself: a claim that was tried for meanwhile stands in nobody's way.
  await until(async () => {
    const outcomes = await all(refused!, NEXT)
    expect(
      outcomes.filter(({ needsSignIn }) => needsSignIn),
      what,
    ).toEqual([])
    return outcomes.every(({ usable }) => usable)
  })
  expect(server.counts().presentations, what).toBe(presentations + 1)
}

const LANES = 3
const CALLERS = 4

/**
 * Kills a database again and again while processes refresh: as they begin, when a token is
 * presented, and when one was granted.
 */
export async function beKilled(
  database: Pick<Backend, 'spec'> & { readonly server: Server },
  kills: number,
): Promise<void> {
  await using stage = await scene(database, PATIENT, { latency: { before: 20, after: 20 } })
  const { server, signIn } = stage
  const fleet = await stage.fleet(2)
  const chains = await Promise.all(Array.from({ length: LANES }, async () => [await signIn()]))

  for (let kill = 0; kill < kills; kill += 1) {
    const { presentations, granted } = server.counts()
    const round = chains.map(async (chain) => {
      const holders = Array.from({ length: CALLERS }, (_, i) => chain.at(-1 - (i % 2)) ?? chain[0]!)
      const calls = holders.flatMap((held) => fleet.map((member) => member.refresh(held, NEXT)))
      const outcomes = await Promise.all(calls)
      expect(outcomes.filter(({ needsSignIn }) => needsSignIn)).toEqual([])
      chain.push(newest([chain.at(-1)!, ...outcomes.map(({ tokens }) => tokens)]))
    })
    const moment = server.until(
      (now) =>
        kill % 3 === 0 ||
        (kill % 3 === 1 && now.presentations > presentations) ||
        now.granted > granted,
    )
    const over = Promise.all(round)
    // Of a round that failed, there is no moment to wait for.
    await Promise.race([moment, over])
    await Promise.all([database.server.restart(), over])
  }

  for (const chain of chains) {
    for (const held of [chain.at(-1)!, chain.at(-2)!]) {
      await until(async () => {
        const outcome = await fleet[1]!.refresh(held, NEXT)
        expect(outcome.needsSignIn).toBe(false)
        return outcome.usable && (await server.isLive(outcome.accessToken!))
      })
    }
  }
}

/** The set of the latest generation. */
function newest(sets: readonly TokenSet[]): TokenSet {
  return sets.reduce((one, other) => (generationOf(other) > generationOf(one) ? other : one))
}

/** Of which generation a set says that it is. */
export function generationOf({ grant = '.0' }: TokenSet): number {
  return Number(grant.split('.')[1])
}
