import type { RefresherOptions, Store } from '../src/index.ts'

/** The options of a refresher, not grouped: a test changes one of them at a time. */
export interface FlatOptions extends Omit<
  RefresherOptions,
  'ledger' | 'timeouts' | 'staleHolders'
> {
  readonly store: Store
  readonly ledger?: string
  readonly pepper?: string
  readonly claimRetentionMs?: number
  readonly grantRetentionMs?: number
  readonly formerIssuers?: readonly string[]
  readonly requestTimeoutMs?: number
  readonly claimMs?: number
  readonly waitMs?: number
  readonly storeTimeoutMs?: number
  readonly staleMs?: number
  readonly staleHolders?: 'revoke' | 'serve'
}

export function grouped(flat: FlatOptions): RefresherOptions {
  const { store, ledger: name, pepper, claimRetentionMs, grantRetentionMs, ...others } = flat
  const { requestTimeoutMs: requestMs, claimMs, waitMs, storeTimeoutMs: storeMs, ...more } = others
  const { staleMs: afterMs, staleHolders: then, formerIssuers, ...rest } = more
  const retention = given({ claimMs: claimRetentionMs, grantMs: grantRetentionMs })
  return {
    ...rest,
    ledger: { store, ...given({ name, pepper, formerIssuers }), retention },
    timeouts: given({ requestMs, claimMs, waitMs, storeMs }),
    staleHolders: given({ afterMs, then }),
  }
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** What is `undefined` is left out. */
function given<T extends object>(values: T): Given<T> {
  const kept = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(kept) as Given<T>
}
