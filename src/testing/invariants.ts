import type { Outcome } from '../core/outcome.ts'
import type { TokenSet } from '../core/token-set.ts'

/** What must hold, whatever happens. `P1` to `S5` stand in docs/design.md and docs/security.md. */
export const INVARIANTS = {
  P1: 'At most one presentation of a refresh token is awaited at any time.',
  P2: 'A refresh token that is spent, or may be, is not presented again.',
  P3: 'A token set that was received is kept, or handed to its caller.',
  P4: 'Who comes late is served for a while, and is a replay after that.',
  P5: 'Only the server, a replay or a sign-out makes a grant revoked.',
  S1: 'Nothing that is written, logged, thrown or told shows a token.',
  S2: 'A replay ends the chain for everybody.',
  S3: 'After a sign-out nobody is handed a token.',
  S4: 'A refresh token is sent to its token endpoint, and to no other place.',
  S5: 'Whatever comes, a call ends in one of the five outcomes.',
  served: 'When nothing is wrong any more, whoever comes is served.',
  budget: 'Each call ends inside its time.',
  request: 'The server finds the refresh token where it looks for it.',
  success: 'A success is never thrown away.',
  expiry: 'The expiry of an access token is read as the server means it.',
  rotation: 'What the provider says of rotation is what the server does.',
  reuse: 'What the provider says of presenting again is what the server does.',
  failures: 'What the provider says of an error is what became of the refresh token.',
  old_access_token: 'What the provider says of older access tokens is what the server does.',
} as const

export type Invariant = keyof typeof INVARIANTS

/** An invariant that does not hold, and what was seen of it. Holds no token. */
export class Violation extends Error {
  readonly invariant: Invariant

  constructor(invariant: Invariant, what: string) {
    super(what)
    this.invariant = invariant
  }
}

/** How long older holders are served after somebody came with a later token: the default. */
export const STALE_MS = 3_600_000

/** Entries of acknowledgements this close together may be merged. */
const MERGED_MS = STALE_MS / 8

/** Somebody came with a token of this generation as their own, and presented it. */
export interface Acknowledged {
  readonly generation: number
  readonly atMs: number
}

/** A refresh token that was presented. */
interface Presented<W> {
  readonly token: string
  readonly worker: W
  readonly sentAtMs: number
}

/** What of a call tells whether it acknowledged a token. */
interface Acknowledging<W> {
  readonly worker: W
  readonly came: { readonly refreshToken?: string | undefined }
  readonly startedAtMs: number
  readonly endedAtMs?: number
  /** Whether its worker had no other call in the air. */
  readonly isAlone: boolean
  readonly outcome?: { readonly state: string }
}

/**
 * When a presentation that was granted acknowledged its token, for each call that came with it as
 * its own.
 *
 * @param bound `earliest`: not before; `surely`: no later, of calls of which it is certain.
 */
export function acknowledgedBy<W>(
  { token, worker, sentAtMs }: Presented<W>,
  generation: number,
  calls: readonly Acknowledging<W>[],
  bound: 'earliest' | 'surely',
): Acknowledged[] {
  const own = calls.filter(
    (call) =>
      call.worker === worker && call.came.refreshToken === token && call.startedAtMs <= sentAtMs,
  )
  if (bound === 'earliest') return own.map(({ startedAtMs: atMs }) => ({ generation, atMs }))
  return own.flatMap(({ endedAtMs, isAlone, outcome }) =>
    isAlone && endedAtMs !== undefined && endedAtMs >= sentAtMs && outcome?.state === 'rotated'
      ? [{ generation, atMs: endedAtMs }]
      : [],
  )
}

/** Whether somebody with a token of this generation, who came at this time, may be too late. */
export function mayBeLate(
  earliest: readonly Acknowledged[],
  held: number,
  startedAtMs: number,
): boolean {
  return earliest.some(
    ({ generation, atMs }) => generation > held && atMs + STALE_MS <= startedAtMs,
  )
}

/** P4: whether they are for sure. */
export function isSurelyLate(
  surely: readonly Acknowledged[],
  held: number,
  startedAtMs: number,
): boolean {
  return surely.some(
    ({ generation, atMs }) => generation > held && atMs + STALE_MS + MERGED_MS <= startedAtMs,
  )
}

/** Whether anybody could be late enough by now to end the chain as a replay. */
export function mayAnyBeLate(earliest: readonly Acknowledged[], nowMs: number): boolean {
  return earliest.some(({ atMs }) => atMs + STALE_MS <= nowMs)
}

const FIELDS = 'accessToken,changed,error,signIn,state,tokens,usable'

/** S5: what is wrong with an outcome itself, whatever it says. */
export function contradictionOf(outcome: Outcome, came: TokenSet): string | undefined {
  const { accessToken, changed, tokens, usable, error } = outcome
  if (!Object.isFrozen(outcome) || Object.keys(outcome).toSorted().join() !== FIELDS) {
    return 'an outcome has one frozen shape, and this has another'
  }
  if (usable !== (accessToken !== undefined) || changed !== (tokens !== came)) {
    return 'an outcome contradicts itself'
  }
  return error?.code === 'internal' ? 'a call ends in an internal error' : undefined
}
