import type { StoredTokenSet } from '../../src/ledger/stored-token-set.ts'
import { generationOf, isForgiving } from './authorization-server.ts'
import { Violation } from './violation.ts'
import type { Config, Run, World } from './world.ts'

/**
 * P1, P2: a token that is being presented, or may be spent, is not presented. Tokens that never
 * rotate may come again, but not while another holder's time runs.
 */
export function checkSend(world: World, config: Config, index: number, token: string): void {
  const state = world.presented[token]
  if (state === undefined) return
  const isAwaited = world.workers.some(
    ({ run }, other) =>
      other !== index &&
      run?.activity?.doing === 'fly' &&
      run.activity.work.refreshToken === token &&
      world.now - run.activity.work.startedAt < config.policy.claimMs,
  )
  if (config.as === 'never' && !isAwaited) return
  // A server that only refuses a spent token is asked once more; the others until they kill.
  const isOnce = config.as === 'refused' && state === 'taken over'
  if (isForgiving(config) && !isAwaited && !isOnce) return
  throw new Violation(`P1/P2: ${token} is presented again (${state})`)
}

/** What a call ends with. */
export function checkEnd(world: World, config: Config, run: Run): void {
  const { position, cookie, startedAt } = run
  const { context, state } = position
  const [top] = state.split('.')
  const hands = top === 'rotated' || state === 'fresh.ageing' || state === 'expiring.serving'
  const code = context.problem?.code

  if (cookie.accessToken === 'ax') return checkForger(hands, context)

  // A sign-out whose swap took effect need not have been told so yet.
  const isBySignOut = code === 'revoked' && world.happened.includes('revoke')
  if (state === 'revoked' && world.endedAt === undefined && code !== 'rejected' && !isBySignOut) {
    throw new Violation(`P5: revoked (${code}) although nobody ended the chain`)
  }
  if (state === 'revoked' && code === 'rejected' && world.endedBy === undefined) {
    throw new Violation('P5: the AS killed a grant that was never misused')
  }
  if ((code === 'lost' || code === 'superseded') && world.happened.length === 0) {
    throw new Violation(`liveness: ${code} without a fault`)
  }
  if (code === 'internal') throw new Violation('an actor answered what it cannot')
  // A row that is dropped is forgotten, also one that says that somebody has signed out.
  const mayForget = world.happened.includes('evicted') && world.happened.includes('revoke')
  const isAfterEnd = world.endedAt !== undefined && startedAt > world.endedAt
  if (top === 'rotated' && isAfterEnd && !mayForget) {
    throw new Violation('S3: a token was handed out after the end of the chain')
  }
  if (top === 'rotated' && config.policy.staleHolders === 'revoke') {
    const held = generationOf(cookie.refreshToken ?? 'r0')
    const isLate = world.acknowledged.some(
      ([generation, atMs]) => generation > held && atMs + config.policy.staleMs <= startedAt,
    )
    if (isLate) throw new Violation(`P4: a replay of r${held} was served`)
  }
  if (hands) {
    const token = context.tokens.access.get('')?.token.expose()
    const isDead = world.accessTokens[token ?? ''] === 'revoked'
    if (isDead && (world.endedAt === undefined || startedAt > world.endedAt)) {
      throw new Violation(`a revoked access token was handed out`)
    }
  }
  if (world.endedBy === 'replay') {
    const isJust = world.acknowledged.some(([, atMs]) => atMs + config.policy.staleMs <= world.now)
    if (!isJust) throw new Violation('P4: a chain was ended as replayed too early')
  }
}

/** S2, P5: a name without a token of its chain opens nothing and ends nothing. */
function checkForger(hands: boolean, { tokens, problem }: Run['position']['context']): void {
  const handed = tokens.access.get('')?.token.expose()
  if (hands || handed !== 'ax') throw new Violation(`S2: a forged name was served ${handed}`)
  if (problem?.code === 'reuse_detected') throw new Violation('P5: a forged name ended the chain')
}

/** What holds when nobody is doing anything. */
export function checkQuiet(world: World): void {
  const newest = newestLive(world)
  if (newest !== undefined && !isKnown(world, newest) && !mayLose(world.happened)) {
    throw new Violation(`P3: nobody knows the live token ${newest}`)
  }
  const isExact = !world.happened.some((fault) => fault !== 'revoke' && fault !== 'deferred')
  if (world.isSignedOut && isExact && newest !== undefined) {
    throw new Violation(`S3: ${newest} lives after sign-out`)
  }
}

const LOSSES = ['crash', 'lost answer', 'evicted', 'overdue', 'window', 'stale', 'refused after']

/** An outage alone loses nothing: what was received goes to its caller, and to the ledger later. */
function mayLose(happened: World['happened']): boolean {
  const isTwofold = happened.includes('outage') && happened.length > 1
  return isTwofold || happened.some((fault) => LOSSES.includes(fault))
}

/** Whether a holder or the ledger has the token. */
export function isKnown(world: World, token: string): boolean {
  return (
    world.workers.some(({ cookie }) => cookie.refreshToken === token) ||
    Object.values(world.rows).some(({ row }) => setOf(row)?.refreshToken === token)
  )
}

/** The refresh token that the AS would accept now. */
export function newestLive(world: World): string | undefined {
  return Object.keys(world.refreshTokens).findLast((token) => world.refreshTokens[token] === 'live')
}

function setOf(row: World['rows'][string]['row']): StoredTokenSet | undefined {
  return 'acknowledged' in row ? row.set : undefined
}
