/**
 * A cron worker over many grants: keeps each good until after the next run, and the refresh tokens
 * of people who never come alive.
 *
 *     const refresher = createRefresher({
 *       provider,
 *       client,
 *       ledger: { store },
 *       timeouts: { waitMs: 20_000 },
 *     })
 *     const source = tokenSource(refresher, tokenSets(pool))
 *     console.log(await run({ source, keys: userIds(pool), everyMs: 3_600_000 }))
 *     await refresher.drain()
 *
 * The web application may renew the same sets at the same time, through the same ledger.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { TokenSet, TokenSource } from 'refresh-once'

export interface RunOptions<K> {
  readonly source: TokenSource<K, TokenSet>
  /** Streamed from the database, so that 10,000 of them need no memory. */
  readonly keys: AsyncIterable<K> | Iterable<K>
  /** The time between two runs, milliseconds. */
  readonly everyMs: number
  /** How many sets are worked on at once. Default 8: an authorization server is no load test. */
  readonly atOnceMax?: number
  /** Default: the system's. */
  readonly now?: () => number
  readonly wait?: (ms: number) => Promise<unknown>
}

/** What a run came to, in sets. */
export interface Report {
  good: number
  /** Only the user can help: ask them by mail to sign in. */
  signIn: number
  /** Left for the next run. */
  failed: number
  /** How often the whole worker waited for the authorization server. */
  pauses: number
}

/** Sets are tried so often in one run, if the authorization server asks to come again later. */
const TRIES_MAX = 5

/** A margin for a run that takes long itself: half the time between two. */
const MARGIN = 1.5

export async function run<K>(options: RunOptions<K>): Promise<Report> {
  const { source, keys, everyMs, atOnceMax = 8, now = Date.now, wait = sleep } = options
  const report: Report = { good: 0, signIn: 0, failed: 0, pauses: 0 }
  let pause: Promise<unknown> | undefined

  /** One pause for everybody: a 429 is about the client, not about the grant. */
  async function pauseUntil(atMs: number): Promise<void> {
    pause ??= wait(Math.max(atMs - now(), 0)).then(() => {
      report.pauses += 1
      pause = undefined
    })
    await pause
  }

  async function renew(key: K): Promise<'good' | 'signIn' | 'failed'> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const outcome = await source.get(key, { minValidMs: everyMs * MARGIN })
      if (outcome === undefined || outcome.needsSignIn) return 'signIn'
      const { error } = outcome
      if (error === undefined) return 'good'
      const isPassing = ['rate_limited', 'paused', 'unreachable'].includes(error.code)
      if (!isPassing || error.retryAtMs === undefined) return 'failed'
      await pauseUntil(error.retryAtMs)
    }
    return 'failed'
  }

  const iterator = iterate(keys)
  async function lane(): Promise<void> {
    for (;;) {
      const { done, value } = await iterator.next()
      if (done) return
      // A row that cannot be read or written must not end the run.
      report[await renew(value).catch(() => 'failed' as const)] += 1
    }
  }
  await Promise.all(Array.from({ length: atOnceMax }, lane))
  return report
}

/** One iterator for all lanes; async generators queue the calls of `next`. */
async function* iterate<K>(keys: AsyncIterable<K> | Iterable<K>): AsyncGenerator<K, undefined> {
  yield* keys
  return undefined
}
