import { setTimeout as sleep } from 'node:timers/promises'
import type { TokenSet } from '../../src/index.ts'
import { digest8, type OidcServer } from '../oidc/oidc-server.ts'
import type { Member, MemberOutcome } from '../processes/fleet.ts'
import { generationOf } from '../processes/trouble.ts'
import type { Caller, Holder, LaneRound, Round } from './plan.ts'
import type { Loss, Tally } from './tally.ts'
import { TIMES } from './times.ts'

/** What one segment is played with. */
export interface Stage {
  readonly server: OidcServer
  /** By number; replaced when one was killed. */
  readonly processes: Member[]
  readonly tally: Tally
  signIn(): Promise<TokenSet>
  complain(what: string): void
}

/** One chain after the other, and who holds what of it. */
export interface Lane {
  /** Its sets, by generation. */
  readonly known: TokenSet[]
  /** What each process was handed last. */
  readonly own: Map<number, TokenSet>
  readonly carries: boolean
}

export async function newLane({ signIn, tally }: Stage, carries: boolean): Promise<Lane> {
  tally.chains += 1
  return { known: [await signIn()], own: new Map(), carries }
}

const NEXT = { refused: true } as const

function heldBy(lane: Lane, { process, holder, age }: Caller): TokenSet {
  const sets: Record<Holder, TokenSet | undefined> = {
    own: lane.own.get(process),
    stale: lane.known.at(-1 - age),
    newest: lane.known.at(-1),
  }
  return asKept(lane, sets[holder] ?? lane.known[0]!)
}

/** As the storage of the chain gives it back. */
function asKept({ carries }: Lane, tokens: TokenSet): TokenSet {
  if (carries) return tokens
  const { grant: _, ...dropped } = tokens
  return dropped
}

function learn(lane: Lane, tokens: TokenSet): void {
  lane.known[generationOf(tokens)] ??= tokens
}

/** What came of a call: `killed` in the middle of it, or never made, its process being `gone`. */
type End = MemberOutcome | 'killed' | 'gone'

async function ask<R>(hand: Member, call: () => Promise<R>): Promise<R | 'killed' | 'gone'> {
  let asked: Promise<R>
  try {
    asked = call()
  } catch {
    return 'gone'
  }
  const killed = (): 'killed' => 'killed'
  return Promise.race([asked, hand.ended.then(killed, killed)])
}

const isOutcome = (end: End): end is MemberOutcome => typeof end === 'object'

/** Plays one round of one chain. Gives the lane that goes on: this one, or a new chain. */
export async function playLane(
  stage: Stage,
  lane: Lane,
  { callers, signOut, carries }: LaneRound,
  { trouble }: Round,
): Promise<() => Promise<Lane>> {
  const { tally, processes, complain } = stage
  const hands = [...processes]
  const revoking = signOut && sleep(signOut.afterMs).then(() => revoke(stage, lane, hands, signOut))
  const ends = await Promise.all(
    callers.map(async (caller): Promise<End> => {
      await sleep(caller.afterMs)
      const hand = hands[caller.process]!
      tally.calls += 1
      const end: End = await ask(hand, () => hand.refresh(heldBy(lane, caller), NEXT))
      if (isOutcome(end) && end.usable) {
        learn(lane, end.tokens)
        lane.own.set(caller.process, end.tokens)
      }
      return end
    }),
  )
  await revoking
  const isFrozen =
    trouble.kind === 'freeze' && callers.some(({ process }) => process === trouble.process)

  return async () => {
    const outcomes = ends.filter(isOutcome)
    if (signOut) {
      await afterSignOut(stage, lane)
      return newLane(stage, carries)
    }
    await introspect(stage, outcomes)
    const revoked = outcomes.filter(({ state }) => state === 'revoked')
    if (revoked.length > 0) complain(`nobody signed out, and a caller was told ${revoked[0]!.code}`)
    const isKilled = ends.includes('killed')
    if (!isKilled && outcomes.every(({ needsSignIn }) => !needsSignIn)) return lane
    const loss = await lossOf(stage, lane, outcomes, { isKilled, isFrozen })
    if (loss === undefined && revoked.length === 0) return lane
    if (loss) tally.losses[loss] += 1
    return newLane(stage, carries)
  }
}

/** Everything served works now: introspection at the authorization server. */
async function introspect(
  { server, tally, complain }: Stage,
  outcomes: readonly MemberOutcome[],
): Promise<void> {
  const usable = outcomes.filter((outcome) => outcome.usable)
  const served = new Set(usable.map(({ accessToken }) => accessToken!))
  for (const accessToken of served) {
    tally.accessTokensChecked += 1
    if (!(await server.isLive(accessToken))) complain('an access token was served that is dead')
  }
}

/** Asks somebody who lives until they say whether the chain goes on; then why it does not. */
async function lossOf(
  stage: Stage,
  lane: Lane,
  outcomes: readonly MemberOutcome[],
  { isKilled, isFrozen }: { readonly isKilled: boolean; readonly isFrozen: boolean },
): Promise<Loss | undefined> {
  const { server, complain } = stage
  const last = await lastWord(stage, lane)
  if (last === undefined) {
    complain('nobody is told whether the chain goes on')
    return undefined
  }
  if (last.usable) {
    learn(lane, last.tokens)
    await introspect(stage, [last])
    return undefined
  }
  const lost = digest8(last.tokens.refreshToken!)
  const about = server.journal.filter((entry) => entry.digest8 === lost)
  const isSent = about.some(({ kind }) => kind === 'presented')
  if (about.some(({ kind }) => kind === 'fault')) return 'answer lost'
  if (isKilled) return isSent ? 'killed after sending' : 'killed before sending'
  if (isFrozen) return 'frozen'
  if (isSent && outcomes.some(({ code }) => code === 'unknown')) return 'late by itself'
  complain(`lost for no reason, ${isSent ? 'sent' : 'never sent'}: ${last.code}`)
  return undefined
}

async function lastWord({ processes }: Stage, lane: Lane): Promise<MemberOutcome | undefined> {
  const untilMs = performance.now() + 6 * TIMES.claimMs
  while (performance.now() < untilMs) {
    const outcome = await processes[0]!.refresh(asKept(lane, lane.known.at(-1)!), NEXT)
    if (outcome.usable || outcome.needsSignIn) return outcome
    await sleep(50)
  }
  return undefined
}

async function revoke(
  { tally }: Stage,
  lane: Lane,
  hands: readonly Member[],
  { process }: NonNullable<LaneRound['signOut']>,
): Promise<void> {
  tally.signOuts += 1
  const hand = hands[process]!
  await ask(hand, () => hand.revoke(asKept(lane, lane.known.at(-1)!)))
}

/** Nobody is served any more, and what anybody holds is dead. */
async function afterSignOut({ server, processes, complain }: Stage, lane: Lane): Promise<void> {
  // Who signs out and is killed, or whose database is, signs out again.
  const untilMs = performance.now() + 6 * TIMES.claimMs
  const newest = (): TokenSet => asKept(lane, lane.known.at(-1)!)
  while (!(await processes[0]!.revoke(newest())).ended) {
    if (performance.now() > untilMs) return complain('could not sign out')
    await sleep(50)
  }
  const outcome = await processes[1]!.refresh(newest(), NEXT)
  if (outcome.usable) complain('served after the sign-out')
  for (const { refreshToken } of lane.known) {
    if (await server.isLive(refreshToken!)) complain('a refresh token outlived the sign-out')
  }
}
