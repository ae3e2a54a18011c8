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
