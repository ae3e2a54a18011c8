import type { Store, StoredRow } from '../ledger/store.ts'
import type { Process } from './schedule.ts'
import { Secret } from '../core/secret.ts'
import type { StoredTokenSet } from '../ledger/stored-token-set.ts'
import type { ClaimRow, GrantRow } from '../ledger/rows.ts'
import type { Sealer } from '../ledger/sealer.ts'

/**
 * A fault of one call of the store. `error`: it has no effect. `lost acknowledgement`: it has one,
 * and fails. `silence`: it has one, and never answers. `eviction`: its row is gone, as in a cache.
 */
export type StoreFault = 'error' | 'lost acknowledgement' | 'silence' | 'eviction'

export interface HeldStoreOptions {
  /** The fault of the next call, if it has one. */
  readonly nextFault: () => StoreFault | undefined
  /** Part of every token. */
  readonly mark: string
  /** Called when a row would show a token to a reader of the store. */
  readonly onLeak: () => void
}

/** Holds each call back before it takes effect and before its answer is seen. */
export function heldStore(
  store: Store,
  worker: Process,
  { nextFault, mark, onLeak }: HeldStoreOptions,
): Store {
  async function held<R extends StoredRow>(
    label: string,
    key: string,
    call: () => Promise<R>,
  ): Promise<R> {
    const fault = nextFault()
    await worker.travel(`${label}: request`)
    if (fault === 'error') {
      await worker.step(`${label}: error`)
      throw new Error('no')
    }
    if (fault === 'eviction') await evict(store, key)
    const answer = await call()
    if (fault === 'silence') return new Promise(() => {})
    await worker.step(`${label}: ${fault ?? `version ${answer.version}`}`)
    if (fault === 'lost acknowledgement') throw new Error('reset')
    return answer
  }
  return {
    ...store,
    read: (key) => held(`reads ${short(key)}`, key, () => store.read(key)),
    swap(key, expected, value, ttlMs) {
      if (key.includes(mark) || bytesOf(value).includes(mark)) onLeak()
      return held(`swaps ${short(key)} at ${expected}`, key, () =>
        store.swap(key, expected, value, ttlMs),
      )
    },
    async changed(key, version, signal) {
      await store.changed(key, version, signal)
      if (!signal.aborted) await worker.step(`hears of ${short(key)}`)
    },
  }
}

/** A row that lives no longer is gone. */
async function evict(store: Store, key: string): Promise<void> {
  const { value, version } = await store.read(key)
  if (value !== undefined) await store.swap(key, version, value, 0)
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)

const short = (key: string): string => key.slice(4, 8)

/** Reads the rows as they are, for an observer that knows every token. */
export interface LedgerReader {
  claimOf(refreshToken: string): Promise<ClaimRow | undefined>
  /** The grant row that the claim row of a token leads to. */
  chainOf(refreshToken: string): Promise<GrantRow<StoredTokenSet> | undefined>
}

export function ledgerOf(sealer: Sealer, store: Store): LedgerReader {
  async function read<R>(domain: 'claim' | 'grant', secret: string): Promise<R | undefined> {
    const { key, open } = await sealer.derive(domain, new Secret(secret))
    const { value, version } = await store.read(key)
    const opened = value && (await open(value, version))
    return opened && (JSON.parse(new TextDecoder().decode(opened)) as { row: R }).row
  }

  return {
    claimOf: (token) => read<ClaimRow>('claim', token),
    async chainOf(token) {
      const claim = await read<ClaimRow>('claim', token)
      return claim && read<GrantRow<StoredTokenSet>>('grant', claim.grant)
    },
  }
}
