import { sleep, type Clock } from '../core/clock.ts'
import { RefreshError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import { ownField } from '../core/text.ts'
import type { GrantRef } from '../core/tokens.ts'
import { decodeClaim, decodeGrant, encodeRow, parseJson, type Identity } from './codec.ts'
import { createKeyrings, type ChainTokens, type Keyring } from './keyring.ts'
import { keyIn, see, UNSEEN } from './protocol/index.ts'
import type { ChainName, ChainPosition, LedgerView, Next, Operation } from './protocol/index.ts'
import { RETENTION, ttlMsOf, type Retention } from './configuration.ts'
import type { ClaimRow, GrantRow, SeenRow } from './rows.ts'
import { FORMAT, type Sealer } from './sealer.ts'
import { callStore, createPatience, isUnavailable } from './store-call.ts'
import { EXPENDABLE_MS, type Store, type StoredRow } from './store.ts'
import type { StoredTokenSet } from './stored-token-set.ts'

export interface ProcedureOptions {
  /** What has been seen already. Default: nothing. */
  readonly view?: LedgerView<StoredTokenSet> | undefined
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
    chain: ChainTokens,
    next: (view: LedgerView<StoredTokenSet>) => Next<StoredTokenSet, A>,
    options?: ProcedureOptions,
  ): Promise<{ readonly answer: A; readonly view: LedgerView<StoredTokenSet> }>
  /**
   * Resolves when the ledger is known to be of our configuration. Asks the store until it once was.
   *
   * @throws {RefreshError} `ledger_mismatch`, `store_unavailable`, `store_full`.
   */
  ready(): Promise<void>
  /**
   * Resolves when the claim row of the token or the grant row of the position may be another than
   * seen, or the signal aborts. Never rejects because of the store or the signal.
   */
  watch(
    chain: ChainTokens,
    view: LedgerView<StoredTokenSet>,
    position: ChainPosition,
    signal: AbortSignal,
  ): Promise<void>
  /**
   * Names the place of a token set in its chain.
   *
   * @param key Of the chain. `undefined`: no grant row is there yet, and the name has no proof.
   */
  refOf(
    position: ChainPosition,
    refreshToken: Secret | undefined,
    key: string | undefined,
  ): Promise<GrantRef>
  /**
   * Lets the claim row of a token go soon that the AS refused at once, if the row is still as seen.
   *
   * @throws {RefreshError} `store_unavailable`.
   */
  forgetSoon(chain: ChainTokens, view: LedgerView<StoredTokenSet>): Promise<void>
  /**
   * The fingerprint of a chain's secret, for logs. Derived once for all that is done with the same
   * `Secret`, as the keys of its row are. Never rejects: `undefined` if it cannot be derived.
   */
  nameOf(chain: ChainTokens, grant: string): Promise<string | undefined>
}

export interface LedgerParts extends Partial<Retention> {
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
}: LedgerParts): Ledger {
  const call = <R extends StoredRow>(work: () => Promise<R>): Promise<R> =>
    callStore(store, clock, storeTimeoutMs, work)
  const rows: RowAccess = {
    store,
    identity,
    call,
    retention: { claimRetentionMs, grantRetentionMs },
  }
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
        view = await withProofs(view, chain, sealer)
        const asked = next(view)
        if (asked.type === 'answer') return { answer: asked.answer, view }
        const work = asked.operations.map((each) => performOperation(each, rows, keyring, chain))
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
    async watch(chain, view, position, signal) {
      const keyring = keyringOf(chain)
      const [claim, grant] = await Promise.all([
        keyring({ on: 'claim' }),
        keyring({ on: 'grant', ...position }),
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
          changed(grant.key, view.grants[position.grant]?.version),
        ])
      } finally {
        signal.removeEventListener('abort', abort)
        abort()
      }
    },
    async refOf({ grant, generation }, refreshToken = new Secret(''), key) {
      const secret = new Secret(grant)
      if (key === undefined) return { secret, generation }
      const proof = new Secret(await sealer.prove(key, generation, refreshToken))
      return { secret, generation, proof }
    },
    async forgetSoon(chain, { claim }) {
      if (claim?.row === undefined) return
      const { key, seal } = await keyringOf(chain)({ on: 'claim' })
      const value = await seal(encodeRow(identity, claim.row), claim.version + 1)
      await call(() => store.swap(key, claim.version, value, EXPENDABLE_MS))
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

/** What an operation found: the row as it is now, whichever process wrote it. */
type OperationResult = SeenRow<ClaimRow | GrantRow<StoredTokenSet>> & {
  readonly nowMs: number
  readonly swapped?: boolean
}

interface RowAccess {
  readonly store: Store
  readonly identity: Identity
  readonly retention: Retention
  /** Makes a call of the store, in bounded time. */
  call<R extends StoredRow>(work: () => Promise<R>): Promise<R>
}

/**
 * Carries out one operation on one row.
 *
 * A process overwrites a row at a version only if it has read the row at that version, so that a
 * row which it cannot open stays as it is.
 *
 * @throws {RefreshError} `row_unreadable`, `wrong_issuer`, or what the store's call threw.
 */
async function performOperation(
  operation: Operation<StoredTokenSet>,
  { store, identity, retention, call }: RowAccess,
  keyring: Keyring,
  chain: ChainTokens,
): Promise<OperationResult> {
  const keys = await keyring(operation)
  const decode = operation.on === 'grant' ? decodeGrant : decodeClaim
  const found = (row: OperationResult['row'], stored: StoredRow): OperationResult => ({
    row,
    ...stored,
    ...(row !== undefined && !('kind' in row) && { holdsToken: holdsToken(row, chain) }),
  })
  const opened = async (stored: StoredRow): Promise<OperationResult> =>
    found(stored.value && decode(identity, await keys.open(stored.value, stored.version)), stored)
  if (operation.do === 'read') return opened(await call(() => store.read(keys.key)))
  const { expected, row } = operation
  const value = await keys.seal(encodeRow(identity, row), expected + 1)
  const ttlMs = ttlMsOf(operation, chain.hasGrantField ?? false, retention)
  const stored = await call(() => store.swap(keys.key, expected, value, ttlMs))
  return stored.swapped ? found(row, stored) : opened(stored)
}

/** Whether a set with the newest refresh token asks, or without any, with one of its newest. */
function holdsToken(
  { set }: GrantRow<StoredTokenSet>,
  { refreshToken, accessToken }: ChainTokens,
): boolean {
  if (set === undefined) return false
  if (accessToken === undefined) return refreshToken.expose() === set.refreshToken
  return set.access.some(([, { token }]) => token === accessToken.expose())
}

/** Checks the proofs that the caller's set and the claim row bring, once the key is seen. */
async function withProofs(
  view: LedgerView<StoredTokenSet>,
  { refreshToken, name }: ChainTokens,
  sealer: Sealer,
): Promise<LedgerView<StoredTokenSet>> {
  const isRight = async (said: ChainName | undefined): Promise<boolean> => {
    const key = said && keyIn(view, said)
    if (said?.proof === undefined || key === undefined) return false
    return (await sealer.prove(key, said.generation, refreshToken)) === said.proof
  }
  const claimed = view.claim?.row
  if (name?.proof === undefined && claimed?.proof === undefined) return view
  const isNameProven = view.isNameProven === true || (await isRight(name))
  const isRepeated = claimed?.grant === name?.grant && claimed?.proof === name?.proof
  const isSame = isRepeated && claimed?.generation === name?.generation
  return { ...view, isNameProven, isClaimProven: isSame ? isNameProven : await isRight(claimed) }
}

/** A year. When the row goes, the next process writes it again. */
const TTL_MS = 365 * 86_400_000

/**
 * Compares this configuration with that of the process that came to the ledger first.
 *
 * With another pepper every row has another key: each would find an empty ledger and present what
 * the other has spent.
 *
 * @throws {RefreshError} `ledger_mismatch`.
 */
async function checkConfiguration(
  store: Store,
  sealer: Sealer,
  call: (work: () => Promise<StoredRow>) => Promise<StoredRow>,
): Promise<void> {
  const { key, check } = await sealer.configuration()
  const ours = new TextEncoder().encode(JSON.stringify({ format: FORMAT, check }))
  const { value } = await call(() => store.swap(key, 0, ours, TTL_MS))
  const found = (value && parseJson(value)) ?? {}
  if (ownField(found, 'format') === FORMAT && ownField(found, 'check') === check) return
  throw new RefreshError('ledger_mismatch', { store: store.name })
}
