import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { TokenSet } from '../../src/index.ts'
import type { OidcServer } from '../oidc/oidc-server.ts'
import type { Member, MemberOutcome } from './fleet.ts'
import { NEXT, type Scene } from './scene.ts'

/** The sets that the holders of one chain were handed, oldest first. */
export type Chain = TokenSet[]

/** A busy host may be late so many times; a database that is in trouble is late each time. */
const TRIES_MAX = 3

/** Asks again, as an application does, after an error that is no reason to sign in. */
async function patiently(member: Member, tokens: TokenSet): Promise<MemberOutcome> {
  for (let tries = 1; ; tries += 1) {
    const outcome = await member.refresh(tokens, NEXT)
    if (outcome.state !== 'error' || outcome.needsSignIn || tries === TRIES_MAX) return outcome
  }
}

/** Refreshes a chain so many times, or until it is refused. */
async function grow(chain: Chain, member: Member, generations: number): Promise<void> {
  for (let left = generations; left > 0; left -= 1) {
    const { state, tokens } = await patiently(member, chain.at(-1)!)
    if (state !== 'rotated') return
    chain.push(tokens)
  }
}

/**
 * Who comes after a disaster, each to a chain of its own:
 *
 * - `newest`: whoever holds the newest set.
 * - `staleAfter`: a holder of an earlier set, when the newest one came already.
 * - `staleFirst`: a holder of an earlier set, before anybody else.
 * - `staleBare`: one whose storage drops `grant`, when the newest one came already.
 */
export interface Verdicts {
  readonly newest: Verdict
  readonly staleAfter: Verdict
  readonly staleFirst: Verdict
  readonly staleBare: Verdict
}

/** What it made of the chain, by the authorization server's own count. */
export type Verdict = 'served' | 'presented twice' | `not served: ${string}`

export const NOTHING_LOST: Verdicts = {
  newest: 'served',
  staleAfter: 'served',
  staleFirst: 'served',
  staleBare: 'served',
}

/** Who carries `grant` and comes after the newest is told so; nobody else is. */
export const ROWS_LOST: Verdicts = {
  newest: 'served',
  staleAfter: 'served',
  staleFirst: 'presented twice',
  staleBare: 'presented twice',
}

/** As before; but with the key of its proofs gone, a name that is behind proves nothing. */
export const ALL_LOST: Verdicts = { ...ROWS_LOST, staleAfter: 'not served: lost' }

/** Chains of two generations, to which three are added before the disaster. */
export interface Chains {
  growOn(): Promise<void>
  verdicts(): Promise<Verdicts>
}

/** Grows chains with one process; another one comes after the disaster. */
export async function chainsOf(
  { server, signIn }: Scene,
  before: Member,
  after: Member,
): Promise<Chains> {
  const chains = await Promise.all([1, 2, 3].map(async (): Promise<Chain> => [await signIn()]))
  const growAll = (generations: number): Promise<unknown> =>
    Promise.all(chains.map((chain) => grow(chain, before, generations)))
  await growAll(2)
  expect(chains.map(({ length }) => length)).toEqual([3, 3, 3])

  /** Comes with a set. What is served must work. */
  async function come(tokens: TokenSet): Promise<Verdict> {
    const outcome = await patiently(after, tokens)
    if (isTwice(server, tokens)) return 'presented twice'
    if (!outcome.usable) return `not served: ${outcome.code}`
    expect(await server.isLive(outcome.accessToken!)).toBe(true)
    return 'served'
  }

  return {
    growOn: async () => void (await growAll(3)),
    async verdicts() {
      const [one, other, bare] = chains as [Chain, Chain, Chain]
      const newest = await come(one.at(-1)!)
      const staleAfter = await come(one.at(-2)!)
      const staleFirst = await come(other.at(-2)!)
      await come(bare.at(-1)!)
      const { grant: _, ...dropped } = bare.at(-2)!
      return { newest, staleAfter, staleFirst, staleBare: await come(dropped) }
    },
  }
}

const isTwice = (server: OidcServer, { refreshToken }: TokenSet): boolean =>
  server.counts(server.grantOf(refreshToken!)).presentedTwice > 0

/** Resolves when a process reaches its database again: a chain of its own goes on. */
export async function reaches(member: Member, signIn: Scene['signIn']): Promise<void> {
  const tokens = await signIn()
  await until(async () => (await member.refresh(tokens, NEXT)).usable)
}

/** Asks until it is so. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10)
}
