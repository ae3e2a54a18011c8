import { createHash } from 'node:crypto'
import type { Clock } from '../../src/core/clock.ts'

/** Names a token where it may be read: the first 8 hex digits of its SHA-256. */
export function digest8(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 8)
}

/** One thing that happened at the authorization server. Holds no token. */
export interface JournalEntry {
  /** Milliseconds since the server started. */
  readonly atMs: number
  /**
   * `presented`: a refresh token arrived. `granted`, `refused`: what the authorization server said.
   * `reused`: it knew the token as spent. `ended`: the grant is revoked. `fault`: one of ours.
   */
  readonly kind: 'signed_in' | 'presented' | 'granted' | 'refused' | 'reused' | 'ended' | 'fault'
  /** Grants count from 1, in the order in which users consented. Absent: not known here. */
  readonly grant?: number | undefined
  /** {@link digest8} of the refresh token that was presented. */
  readonly digest8?: string | undefined
  /** HTTP status. */
  readonly status?: number | undefined
  /** `error` of RFC 6749 §5.2, or the kind of the fault. */
  readonly error?: string | undefined
}

/** What the server writes down, and what is asked of it. */
export interface Journal {
  readonly entries: readonly JournalEntry[]
  write(entry: Omit<JournalEntry, 'atMs'>): void
  /** A refresh token arrived. Returns what to call when nobody waits for the answer any more. */
  presented(refreshToken: string): () => void
  issued(refreshToken: string, grantId: string): void
  /** The number of a grant; the next one when it is new. */
  numberOf(grantId: string): number
  grantOf(refreshToken: string): string | undefined
  counts(isLive: (grantId: string) => boolean, grant?: number): Counts
  /** Resolves as soon as the condition holds; it is looked at after each entry. */
  until(condition: () => boolean): Promise<void>
}

export function journal(clock: Clock): Journal {
  const startMs = clock.monotonic()
  const entries: JournalEntry[] = []
  const grantIds: string[] = []
  const grantIdByToken = new Map<string, string>()
  const waiting = new Set<() => void>()
  const presentations = tally()

  function numberOf(grantId: string): number {
    const known = grantIds.indexOf(grantId)
    return known < 0 ? grantIds.push(grantId) : known + 1
  }

  function numberOfToken(refreshToken: string): number | undefined {
    const grantId = grantIdByToken.get(digest8(refreshToken))
    return grantId === undefined ? undefined : numberOf(grantId)
  }

  function write(entry: Omit<JournalEntry, 'atMs'>): void {
    entries.push({ atMs: clock.monotonic() - startMs, ...entry })
    for (const look of waiting) look()
  }

  return {
    entries,
    write,
    numberOf,
    grantOf: (refreshToken) => grantIdByToken.get(digest8(refreshToken)),
    issued(refreshToken, grantId) {
      grantIdByToken.set(digest8(refreshToken), grantId)
    },
    presented(refreshToken) {
      const grant = numberOfToken(refreshToken)
      const end = presentations.begin(digest8(refreshToken), grant)
      write({ kind: 'presented', grant, digest8: digest8(refreshToken) })
      return end
    },
    counts: (isLive, grant) => ({
      ...presentations.count(entries, grant),
      grants: aliveAndDead(
        grantIds.filter((_, index) => grant === undefined || grant === index + 1),
        isLive,
      ),
    }),
    until(condition) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (!condition()) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      })
    },
  }
}

function aliveAndDead(
  grantIds: readonly string[],
  isLive: (grantId: string) => boolean,
): Counts['grants'] {
  const live = grantIds.filter(isLive).length
  return { live, dead: grantIds.length - live }
}

/** What the authorization server saw, counted where it happens. */
export interface Counts {
  /** Requests that carried a refresh token, also those that a fault kept from the server. */
  readonly presentations: number
  /** Different refresh tokens among them. */
  readonly presentedTokens: number
  /** Refresh tokens that were presented more than once. */
  readonly presentedTwice: number
  /** The most presentations of one refresh token that were awaited at the same time. */
  readonly atOnceMax: number
  /** Token sets that were issued for a refresh token, also those whose answer was lost. */
  readonly granted: number
  /** Refusals by their `error` (RFC 6749 §5.2). */
  readonly refused: Readonly<Record<string, number>>
  /** How often a spent refresh token was recognised, which revokes its grant. */
  readonly reuses: number
  /** Faults that happened. */
  readonly faults: number
  /** A grant is live while it holds a refresh token that can be presented. */
  readonly grants: { readonly live: number; readonly dead: number }
}

interface PresentedToken {
  readonly grant: number | undefined
  presentations: number
  awaited: number
  awaitedMax: number
}

interface Tally {
  /** Counts a presentation. Returns what to call, once or more often, when it has ended. */
  begin(token: string, grant: number | undefined): () => void
  count(entries: readonly JournalEntry[], grant?: number): Omit<Counts, 'grants'>
}

/** Counts presentations by the refresh token they carry. */
function tally(): Tally {
  const tokens = new Map<string, PresentedToken>()

  return {
    begin(token, grant) {
      const seen = tokens.get(token) ?? { grant, presentations: 0, awaited: 0, awaitedMax: 0 }
      tokens.set(token, seen)
      seen.presentations += 1
      seen.awaited += 1
      seen.awaitedMax = Math.max(seen.awaitedMax, seen.awaited)
      let isOver = false
      return () => {
        if (!isOver) seen.awaited -= 1
        isOver = true
      }
    },
    count(entries, grant) {
      const isAsked = (each: { readonly grant?: number | undefined }): boolean =>
        grant === undefined || each.grant === grant
      const presented = [...tokens.values()].filter(isAsked)
      const happened = entries.filter(isAsked)
      const countOf = (kind: JournalEntry['kind']): number =>
        happened.filter((entry) => entry.kind === kind).length

      return {
        presentations: presented.reduce((sum, { presentations }) => sum + presentations, 0),
        presentedTokens: presented.length,
        presentedTwice: presented.filter(({ presentations }) => presentations > 1).length,
        atOnceMax: Math.max(0, ...presented.map(({ awaitedMax }) => awaitedMax)),
        granted: countOf('granted'),
        refused: countByError(happened.filter(({ kind }) => kind === 'refused')),
        reuses: countOf('reused'),
        faults: countOf('fault'),
      }
    },
  }
}

function countByError(refusals: readonly JournalEntry[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { error = 'none' } of refusals) counts[error] = (counts[error] ?? 0) + 1
  return counts
}
