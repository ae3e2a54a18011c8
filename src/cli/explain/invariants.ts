import { isAwaitedAt, maySpend } from '../../testing/observations.ts'
import type { Facts, GrantFacts, JournalSending, TokenFacts } from './facts.ts'

/** The invariants of a journal, by name. */
export const INVARIANTS = {
  presented_once: 'A refresh token that is spent, or may be, is not presented again (P2).',
  one_at_a_time: 'No refresh token is under way twice at the same time (P1).',
  claimed_first: 'Every presentation has a claim of its own.',
  generations_rise: 'A rotation is one generation, and none is claimed that the chain has left.',
  served_exists: 'Only what a holder received is handed out (P4).',
  end_is_final: 'A chain that has ended is not claimed, presented or handed out (S2, S3).',
  ends_as_charted: 'Every call ends as the statechart can end.',
} as const

export type JournalInvariant = keyof typeof INVARIANTS

/** One thing that did not hold. */
export interface Finding {
  readonly invariant: JournalInvariant
  /** Fingerprints. */
  readonly grant: string | undefined
  readonly token: string | undefined
  readonly what: string
}

interface Judged {
  readonly facts: Facts
  readonly slackMs: number
  /** Before this the journal may lack what belongs to its first lines. */
  readonly knownFromMs: number
}

/** All that does not hold, as far as the journal proves it. */
export function* findings(facts: Facts, slackMs: number): Generator<Finding> {
  const { fromMs = 0 } = facts.span ?? {}
  const judged = { facts, slackMs, knownFromMs: fromMs + slackMs }
  for (const [token, about] of facts.tokens) {
    for (const [invariant, what] of tokenFaults(about, judged)) {
      yield { invariant, grant: about.grant, token, what }
    }
  }
  const ends = endsOf(facts)
  for (const [grant, about] of facts.grants) {
    for (const [invariant, what, token] of grantFaults(about, ends.get(grant), judged)) {
      yield { invariant, grant, token, what }
    }
  }
  for (const { token, state } of facts.uncharted) {
    const grant = token === undefined ? undefined : facts.tokens.get(token)?.grant
    const what = `a call ended as ${state ?? 'nothing that there is'}, with a code of another end`
    yield { invariant: 'ends_as_charted', grant, token, what }
  }
}

type Broken = readonly [invariant: JournalInvariant, what: string, token?: string]

function* tokenFaults(token: TokenFacts, judged: Judged): Generator<Broken> {
  const { claims } = token
  const { slackMs, knownFromMs, facts } = judged
  const sendings = token.sendings.toSorted((one, other) => one.sentAtMs - other.sentAtMs)
  const presented = sendings.filter(({ isAgain }) => !isAgain)
  const [spending, ...others] = presented.filter((each) => maySpend(each))
  const laterMs = (presented.at(-1)?.sentAtMs ?? 0) - (spending?.endedAtMs ?? Infinity)
  if (others.length > 0) {
    const what = `it was presented ${others.length + 1} times after each of which it may be spent`
    yield ['presented_once', what]
  } else if (laterMs > slackMs) {
    const what = `it was presented again ${Math.round(laterMs)} ms after it may be spent`
    yield ['presented_once', what]
  }
  let overlapMs = 0
  for (const ms of overlaps(sendings, slackMs)) overlapMs = Math.max(overlapMs, ms)
  if (overlapMs > 0) {
    yield ['one_at_a_time', `two presentations overlap by ${Math.round(overlapMs)} ms`]
  }
  // The claim of the first may lie before the journal begins.
  const before = (sendings[0]?.sentAtMs ?? Infinity) < knownFromMs ? 1 : 0
  const { length: count } = presented
  if (count > claims + before) {
    yield ['claimed_first', `it was presented ${count} times, and claimed ${claims} times`]
  }
  if (token.rotatedSinceMs !== undefined && token.rotatedSinceMs >= knownFromMs) {
    const grant = token.grant === undefined ? undefined : facts.grants.get(token.grant)
    if (grant?.hasGiven === true) return
    yield ['ends_as_charted', 'a call ended with a newer set, which nobody received or handed out']
  }
}

/**
 * By how much presentations overlap the one before that ended last, where no difference of clocks
 * explains it.
 *
 * @param sendings In the order in which they were sent.
 */
function* overlaps(sendings: readonly JournalSending[], slackMs: number): Generator<number> {
  let last: JournalSending | undefined
  for (const sending of sendings) {
    if (last !== undefined && isAwaitedAt(last, sending.sentAtMs)) {
      const ms = Math.min(last.endedAtMs, sending.endedAtMs) - sending.sentAtMs
      const { name } = last.worker
      const isOneClock = name?.includes('/') === true && name === sending.worker.name
      if (isOneClock || ms > slackMs) yield ms
    }
    if (last === undefined || last.endedAtMs < sending.endedAtMs) last = sending
  }
}

function* grantFaults(
  grant: GrantFacts,
  endedAtMs: number | undefined,
  { slackMs, facts }: Judged,
): Generator<Broken> {
  const { clash, served, newest } = grant
  if (clash !== undefined) {
    const what = `generation ${clash.generation} has two tokens, or its token two generations`
    yield ['generations_rise', what, clash.token]
  }
  const late = lateClaim(grant, facts.tokens, slackMs)
  if (late !== undefined) {
    yield [
      'generations_rise',
      `generation ${late.generation} was claimed when it was left`,
      late.token,
    ]
  }
  if (served !== undefined && newest !== undefined && served > newest) {
    const what = `generation ${served} was handed out; the latest that anybody had is ${newest}`
    yield ['served_exists', what]
  }
  if (endedAtMs !== undefined && grant.activeAtMs > endedAtMs + slackMs) {
    const laterMs = Math.round(grant.activeAtMs - endedAtMs)
    yield ['end_is_final', `it was used ${laterMs} ms after it had ended`]
  }
}

/** A token that was claimed after a later generation, or itself, had been replaced. */
function lateClaim(
  { byGeneration, replacedAtMs }: GrantFacts,
  tokens: Facts['tokens'],
  slackMs: number,
): { readonly generation: number; readonly token: string } | undefined {
  let leftAtMs = Infinity
  for (const generation of [...byGeneration.keys()].toSorted((a, b) => b - a)) {
    const token = byGeneration.get(generation)!
    leftAtMs = Math.min(leftAtMs, replacedAtMs.get(generation) ?? Infinity)
    const claimedAtMs = tokens.get(token)?.lastClaimAtMs ?? -Infinity
    if (claimedAtMs > leftAtMs + slackMs) return { generation, token }
  }
  return undefined
}

/** When each chain has ended, by its own events or by what a caller with a token of it was told. */
export function endsOf({ grants, tokens }: Facts): ReadonlyMap<string, number> {
  const ends = new Map<string, number>()
  const tell = (grant: string, atMs: number | undefined): void => {
    if (atMs !== undefined) ends.set(grant, Math.min(ends.get(grant) ?? Infinity, atMs))
  }
  for (const [name, { endedAtMs }] of grants) tell(name, endedAtMs)
  for (const { grant, endedAtMs } of tokens.values()) {
    if (grant !== undefined) tell(grant, endedAtMs)
  }
  return ends
}
