import { sleep, type Clock } from '../core/clock.ts'
import { RefreshError } from '../core/errors.ts'
import type { Identity } from './codec.ts'
import { checkConfiguration } from './configuration.ts'
import { createKeyrings, type Chain } from './keyring.ts'
import type { Kept } from './kept.ts'
import { perform, type Rows } from './perform.ts'
import { see, UNSEEN, type Next, type Place, type View } from './protocol.ts'
import { RETENTION, type Retention } from './retention.ts'
import type { Sealer } from './sealer.ts'
import type { Store, Stored } from './store.ts'
import { callStore, createPatience, isUnavailable } from './store-call.ts'

export interface RunOptions {
  /** What has been seen already. Default: nothing. */
  readonly view?: View<Kept> | undefined
  /**
   * For how long failed calls of the store are repeated, milliseconds, and at least once. Default
   * 0: the caller has nothing to lose yet.
   */
  readonly patienceMs?: number | undefined
}

/** The rows of a store, as the protocol's procedures see them. */
export interface Ledger {
  /**
   * Runs a procedure of the protocol to its answer.
   *
   * @throws {RefreshError} `store_unavailable` (whether the last swap took effect is unknown),
   *   `store_full`, `row_unreadable`, `wrong_issuer`.
   */
  run<A>(
    chain: Chain,
    next: (view: View<Kept>) => Next<Kept, A>,
    options?: RunOptions,
  ): Promise<{ readonly answer: A; readonly view: View<Kept> }>
  /**
   * Resolves when the ledger is known to be of our configuration. Asks the store until it once was.
   *
   * @throws {RefreshError} `ledger_mismatch`, `store_unavailable`, `store_full`.
   */
  ready(): Promise<void>
  /**
   * Resolves when the claim row of the token or the grant row of the place may be another than
   * seen, or the signal aborts. Never rejects because of the store or the signal.
   */
  watch(chain: Chain, view: View<Kept>, place: Place, signal: AbortSignal): Promise<void>
  /**
   * The fingerprint of a chain's secret, for logs. Derived once for all that is done with the same
   * `Secret`, as the keys of its row are. Never rejects: `undefined` if it cannot be derived.
   */
  nameOf(chain: Chain, grant: string): Promise<string | undefined>
}

export interface LedgerOptions extends Partial<Retention> {
  readonly store: Store
  readonly sealer: Sealer
  readonly identity: Identity
  readonly clock: Clock
  /** How long one call of the store may take, milliseconds. Default 2,000. */
  readonly storeTimeoutMs?: number | undefined
}

/** More steps than any procedure takes, even when others write the same rows all the time. */
const STEPS_MAX = 50

/** Where a store cannot say that a row changed, it is looked at again after so long. */
const RECHECK_MS = 1_000

export function createLedger({
  store,
  sealer,
  identity,
  clock,
  storeTimeoutMs = 2_000,
  claimRetentionMs = RETENTION.claimRetentionMs,
  grantRetentionMs = RETENTION.grantRetentionMs,
}: LedgerOptions): Ledger {
  const call = <R extends Stored>(work: () => Promise<R>): Promise<R> =>
    callStore(store, clock, storeTimeoutMs, work)
  const rows: Rows = { store, identity, call, retention: { claimRetentionMs, grantRetentionMs } }
  const keyringOf = createKeyrings(sealer)
  let checked: Promise<void> | undefined

  async function check(): Promise<void> {
    const bear = createPatience(clock, 0)
    for (;;) {
      try {
        return await checkConfiguration(store, sealer, call)
      } catch (error) {
        await bear(error)
      }
    }
  }

  return {
    async run(chain, next, { view = UNSEEN, patienceMs = 0 } = {}) {
      const keyring = keyringOf(chain)
      const bear = createPatience(clock, patienceMs)
      for (let step = 0; step < STEPS_MAX; step += 1) {
        const asked = next(view)
        if ('answer' in asked) return { answer: asked.answer, view }
        const work = asked.operations.map((each) =>
          perform(each, rows, keyring, chain.carried ?? false),
        )
        const ends = await Promise.allSettled(work)
        for (const [index, operation] of asked.operations.entries()) {
          const end = ends[index]!
          if (end.status === 'fulfilled') {
            view = see(view, operation, end.value, store.mayEvict ?? false)
          }
        }
        const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
        if (failures.length === 0) continue
        await bear(failures.find((failure) => !isUnavailable(failure)) ?? failures[0])
        step -= 1
      }
      throw new RefreshError('internal', { hint: `No end after ${STEPS_MAX} steps.` })
    },
    ready() {
      checked ??= check().catch((error: unknown) => {
        checked = undefined
        throw error
      })
      return checked
    },
    async watch(chain, view, place, signal) {
      const keyring = keyringOf(chain)
      const [claim, grant] = await Promise.all([
        keyring({ on: 'claim' }),
        keyring({ on: 'grant', ...place }),
      ])
      const stop = new AbortController()
      const abort = (): void => stop.abort('over')
      const changed = async (key: string, version = 0): Promise<void> => {
        try {
          await store.changed(key, version, stop.signal)
        } catch {
          await sleep(clock, RECHECK_MS, stop.signal)
        }
      }
      if (signal.aborted) return
      signal.addEventListener('abort', abort)
      try {
        await Promise.race([
          changed(claim.key, view.claim?.version),
          changed(grant.key, view.grants[place.grant]?.version),
        ])
      } finally {
        signal.removeEventListener('abort', abort)
        abort()
      }
    },
    async nameOf(chain, grant) {
      try {
        return (await keyringOf(chain)({ on: 'grant', grant })).fingerprint
      } catch {
        return undefined
      }
    },
  }
}
