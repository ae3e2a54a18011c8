import type { Random } from '../core/random.ts'

/**
 * All times and counts of `src/runtime` that shape a call, in milliseconds. What an application may
 * set is an option with its default here. The store's and the transport's own repetitions lie with
 * them (`ledger/store-call.ts`, `transport/create-transport.ts`).
 */

/** `requestTimeoutMs`: longer than undici's connect timeout of 10 s, which proves "not sent". */
export const REQUEST_TIMEOUT_MS = 15_000

/** What a claim adds to the request by default: the way to the store and back, and a margin. */
export const CLAIM_MARGIN_MS = 5_000

/**
 * How much of a reuse window a claim lasts longer by default, for more presentations under it. The
 * callers of other processes wait until the claim of a process that died is over.
 */
export const CLAIM_WINDOW_MAX_MS = 30_000

/** What a claim must add to the request at least, so that its holder can settle in time. */
export const CLAIM_MARGIN_MIN_MS = 1_000

/** `staleMs`: an hour covers the slowest tab, request or job that still holds an older set. */
export const STALE_MS = 3_600_000

/**
 * `refusedFloorMs`: an API that refuses an access token this young refuses the next one too, so
 * that each of its requests would present a refresh token.
 */
export const REFUSED_FLOOR_MS = 10_000

/**
 * `checkPathAfterMs`: load balancers and the tables of routers forget a silent connection after
 * four to six minutes (Azure 4 min, AWS 350 s), so past five of them nothing of what the last
 * answer proved need still be there. An application with users refreshes more often, and pays
 * nothing.
 */
export const IDLE_PATH_MS = 300_000

/**
 * How often one call goes on from a newer set that is not fresh either. More than a few means that
 * clocks or lifetimes are wrong, and the loop would not end.
 */
export const ADOPTIONS_MAX = 4

/** A long-lived run looks again after this while another holder presents. */
export const RECHECK_MS = 1_000

/** The first wait after a deferred presentation; doubled each time, jittered down to a half. */
const BACKOFF_MS = 200

/** @param attempt How often the run has waited already. */
export function backoffMs(random: Random, attempt: number): number {
  return BACKOFF_MS * 2 ** attempt * (0.5 + random.fraction() / 2)
}

/** An AS that asks to wait without `Retry-After` is left alone for this long. */
export const PAUSE_MS = 1_000

/**
 * What one answer to one user may ask of all users of a client. A longer `Retry-After` holds for
 * the token that it was said to.
 */
export const PAUSE_MAX_MS = 60_000

/** For so long no call waits for an AS that did not answer the last one. */
export const AWAY_MS = 3_000

/**
 * How long after a claim is written an AS is asked about its token that does not answer. Longer
 * than an outage that passes, and no longer than a user waits who could sign in.
 */
export const ASK_FOR_MS = 600_000

/** A call whose access token is good waits no longer for a newer one. */
export const GOOD_WAIT_MS = 500

/** A long-lived run rests this long after a failure that names no time. */
export const REST_MS = 30_000

/** A long-lived run rests this long when the ledger cannot be used: a store is soon back. */
export const LEDGER_REST_MS = 5_000

/**
 * Settling may take this part of the claim's remaining time before the set goes to its caller
 * unsettled: a third, because the last try may take some seconds more, and nothing is handed out
 * once the claim is overdue.
 */
export const PATIENCE_PART = 3

/**
 * For so long a set that was received is offered to a ledger that is down: no server sends it
 * twice.
 */
export const LATER_MS = 600_000

/** `reload` gets this much time at least, also if the call has none left. */
export const RELOAD_LEAST_MS = 1_000

/** `onChanged` of a keeper counts as failed after this: neither `stop` nor `drain` waits longer. */
export const STORE_MS = 30_000

/** A keeper offers a set again after this if `onChanged` failed. */
export const STORE_AGAIN_MS = 1_000

/** A keeper looks at a set again no sooner than this if a refresh left it unchanged. */
export const UNCHANGED_MS = 1_000
