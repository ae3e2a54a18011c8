import { sleep, type Clock, within } from '../core/clock.ts'
import { isRefreshError, RefreshError, type ErrorCode } from '../core/errors.ts'
import type { Store, StoredRow } from './store.ts'

/** The codes that a store may throw itself. Every other error of it is `store_unavailable`. */
const OWN_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['store_full', 'store_evicts'])

/** A failed call is repeated at least once: an answer that got lost is then found out. */
const TRIES_MIN = 2
const BACKOFF_MIN_MS = 25
const BACKOFF_MAX_MS = 1_000

/**
 * One call of a store, which may take no longer than `timeoutMs`.
 *
 * A failed call may have had its effect, and one given up may have it yet. Neither harms: it was a
 * read, or a swap that a repeated one finds done or outruns.
 *
 * @throws {RefreshError} `store_unavailable`, or a code of the store's own: `store_full`.
 */
export async function callStore<R extends StoredRow>(
  store: Store,
  clock: Clock,
  timeoutMs: number,
  call: () => Promise<R>,
): Promise<R> {
  try {
    const stored = await within(clock, timeoutMs, call, () => {
      throw unavailable(store, `It took longer than ${timeoutMs} ms.`)
    })
    if (isStored(stored)) return stored
  } catch (error) {
    if (isRefreshError(error) && (OWN_CODES.has(error.code) || isUnavailable(error))) throw error
    throw unavailable(store, 'It rejected.')
  }
  throw unavailable(store, 'It answered something else than a row.')
}

/** Whether the call may succeed when it is made again. */
export function isUnavailable(error: unknown): boolean {
  return isRefreshError(error) && error.code === 'store_unavailable'
}

/**
 * What bears with a store that fails.
 *
 * @param patienceMs From now on, failed calls are repeated for so long, and at least once.
 * @returns Takes a failure, and resolves when it is time to try again.
 * @throws {unknown} The failure, when it is one that lasts, or patience is over.
 */
export function createPatience(
  clock: Clock,
  patienceMs: number,
): (failure: unknown) => Promise<void> {
  const beganAtMs = clock.monotonic()
  let failures = 0
  return async (failure) => {
    failures += 1
    const isOver = failures >= TRIES_MIN && clock.monotonic() - beganAtMs >= patienceMs
    if (isOver || !isUnavailable(failure)) throw failure
    await sleep(clock, Math.min(BACKOFF_MIN_MS * 2 ** (failures - 1), BACKOFF_MAX_MS))
  }
}

/** Versions and times are compared and computed with: a text of a number would do harm. */
function isStored({ value, version, writtenAtMs, nowMs }: StoredRow): boolean {
  const isRow = value === undefined ? version === 0 : ArrayBuffer.isView(value) && version > 0
  return isRow && Number.isSafeInteger(version) && Number.isFinite(writtenAtMs + nowMs)
}

function unavailable(store: Store, hint: string): RefreshError {
  return new RefreshError('store_unavailable', { store: store.name, hint })
}
