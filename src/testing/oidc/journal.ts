import { createHash } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { tally, type Counts } from './tally.ts'

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
