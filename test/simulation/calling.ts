import type { Outcome, TokenSet } from '../../src/index.ts'
import { Violation } from '../../src/testing/invariants.ts'
import { acknowledgedBy } from '../../src/testing/observations.ts'
import { MARK, shows } from '../../src/testing/fuzz/secrets.ts'
import { generationOf, nameOf } from './chain.ts'
import { checkEnd, touch } from './checks.ts'
import { buryLater, missLater } from './fleet.ts'
import type { Worker } from './fleet.ts'
import { guard, limitMs } from './world.ts'
import type { Call, World } from './world.ts'

export interface Asked {
  readonly by: string
  readonly does: Call['does']
  readonly set: TokenSet
}

/** One call of a process. @returns What it is told; never, if the process dies. */
export async function call(world: World, worker: Worker, asked: Asked): Promise<Call | undefined> {
  const { server, timeline, counts, journal } = world
  const { set, by, does } = asked
  const { host, calls, seen } = worker
  await host.step('is called')
  const chain = server.chainOf(set.refreshToken)
  if (chain === undefined) return undefined
  const { grant, ...bare } = set
  const made: Call = {
    worker: host,
    chain,
    by,
    does,
    came: chain.drops || grant === undefined ? bare : set,
    startedAtMs: timeline.nowMs,
    frozenMs: host.frozenMs,
    clockOffMs: host.clockOffMs,
    beganAtMs: timeline.nowMs,
    pausedMs: 0,
    isAlone: true,
  }
  for (const other of chain.calls) {
    if (other.worker !== host) continue
    other.isAlone = made.isAlone = false
    made.beganAtMs = Math.min(made.beganAtMs, other.beganAtMs)
  }
  for (const group of [calls, chain.calls]) group.add(made)
  seen.set(chain, timeline.nowMs)
  counts.calls += 1
  if (host.clockOffMs !== 0) chain.isSkewed = true
  journal?.tell(chain, by, `${WORDS[does]} ${nameOf(set.refreshToken)} at ${host.name}`)
  const asking = does === 'revoke' ? signOut : refresh
  await asking(world, worker, made).catch((error: unknown) => thrown(world, made, error))
  made.endedAtMs = timeline.nowMs
  seen.set(chain, timeline.nowMs)
  // What is received is dated by when it is seen.
  if (host.clockOffMs !== 0 || host.frozenMs > made.frozenMs) chain.isSkewed = true
  settle(world, made)
  for (const group of [calls, chain.calls]) group.delete(made)
  chain.answered = [...chain.answered.filter((each) => mayRunOn(world, each)), made]
  return made
}

/** Whether the run of a call that was answered may still present: the caller had a good token. */
function mayRunOn({ kind, timeline }: World, { endedAtMs = Infinity }: Call): boolean {
  return endedAtMs + limitMs(kind) > timeline.nowMs
}

const WORDS = {
  refresh: 'comes with',
  force: 'was refused, and comes with',
  revoke: 'signs out with',
}

async function refresh(world: World, { refresher }: Worker, made: Call): Promise<void> {
  const { chain, came, does } = made
  made.outcome = await refresher.refresh(came, does === 'force' ? { refused: true } : {})
  const { state, error, accessToken, needsSignIn } = made.outcome
  if (state === 'fresh') return
  world.counts.refreshes += 1
  const what = error === undefined ? nameOf(accessToken) : error.code
  const then = needsSignIn ? ', and to sign in again' : ''
  world.journal?.tell(chain, made.by, `is told: ${state} ${what}${then}`)
}

async function signOut(world: World, { refresher }: Worker, made: Call): Promise<void> {
  const { chain } = made
  chain.causes.add('the user signs out')
  made.revoked = await refresher.revoke(made.came)
  const { ended, revoked, error } = made.revoked
  world.counts.signOuts += 1
  const how = ended ? `ended here${revoked ? ' and at the server' : ''}` : error?.code
  world.journal?.tell(chain, made.by, `is told: the grant is ${how}`)
  refuse(world, made, error)
  if (revoked && ended) buryLater(world, chain, 'S3')
}

function thrown(world: World, { chain, does }: Call, error: unknown): void {
  guard(world, chain, () => {
    throw new Violation('S5', `${does} throws: ${String(error)}`)
  })
}

/** Checks a call that came back, and notes what it tells of its chain. */
function settle(world: World, made: Call): void {
  const { chain, outcome, revoked, startedAtMs } = made
  const { nowMs } = world.timeline
  const isCalm = chain.troubledUntilMs < startedAtMs
  if (outcome?.state === 'fresh') {
    made.pausedMs = made.worker.frozenMs - made.frozenMs
    return guard(world, chain, () => chain.judge.handedOut(made))
  }
  if (outcome !== undefined) {
    refuse(world, made, outcome.error)
    guard(world, chain, () => checkEnd(world, made))
    if (outcome.needsSignIn && outcome.state !== 'revoked') world.counts.lost += 1
    if (outcome.error?.code === 'reuse_detected') missLater(world, chain)
    learn(made, outcome, isCalm)
  }
  const isEnded = outcome?.state === 'revoked' ? isCalm : revoked?.ended === true
  if (!isEnded) return
  chain.endedAtMs ??= nowMs
  touch(chain, nowMs)
}

/** What a call tells of its chain, if it presented its own token. */
function learn(made: Call, outcome: Outcome, isCalm: boolean): void {
  const { chain, came, worker, startedAtMs } = made
  chain.secret = outcome.tokens.grant?.split('.')[0] ?? chain.secret
  if (outcome.state !== 'rotated') return
  const own = chain.sendings
    .get(came.refreshToken ?? '')
    ?.findLast(
      ({ worker: holder, sentAtMs, ending }) =>
        holder === worker && sentAtMs >= startedAtMs && (ending === 'spent' || ending === 'kept'),
    )
  if (own === undefined) return
  if (isCalm) chain.mayBeLost = chain.isPastLedger = false
  if (chain.isPastLedger) return
  const generation = generationOf(chain, own.token)
  chain.acknowledged.surely.push(...acknowledgedBy(own, generation, [made], 'surely'))
}

function refuse(world: World, { chain }: Call, error: object | undefined): void {
  if (error === undefined || !shows(error, MARK)) return
  guard(world, chain, () => {
    throw new Violation('S1', 'an error shows a token')
  })
}
