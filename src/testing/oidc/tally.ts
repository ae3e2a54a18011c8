import type { JournalEntry } from './journal.ts'

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
export function tally(): Tally {
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
