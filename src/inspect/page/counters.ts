/** What is counted. Kept apart from the lanes, because it outlives the lines that were let go. */
export interface Counters {
  /** Callers whose tokens were not fresh. */
  refreshes: number
  /** Refresh tokens sent to the authorization server. */
  presentations: number
  /** Callers who shared a run that was under way. */
  coalesced: number
  /** Runs that were handed a newer set, without a presentation. */
  served: number
  replays: number
  /** Presentations whose answer never came, or proves nothing. */
  lost: number
  /** Runs that found their grant dead. */
  revoked: number
  /** Runs that have ended, and those of them in `error` or `revoked`. */
  ended: number
  failed: number
}

export function noCounts(): Counters {
  return {
    refreshes: 0,
    presentations: 0,
    coalesced: 0,
    served: 0,
    replays: 0,
    lost: 0,
    revoked: 0,
    ended: 0,
    failed: 0,
  }
}

/** Of the runs that have ended. Absent: none has. */
export function failureRate({ ended, failed }: Counters): number | undefined {
  return ended === 0 ? undefined : failed / ended
}
