import type { Store, Stored } from '../../ledger/store.ts'
import type { Process } from './schedule.ts'

/**
 * What may become of a call of the store: no effect, an effect without an answer, no answer; or it
 * finds its row gone, as in a cache.
 */
export type StoreFault = 'error' | 'lost acknowledgement' | 'silence' | 'eviction'

export interface HeldStoreOptions {
  /** What becomes of the next call. */
  readonly nextFault: () => StoreFault | undefined
  /** Stands in every token. */
  readonly mark: string
  /** Told when a row would show a token to whoever reads the store. */
  readonly onLeak: () => void
}

/** Holds each call back before it takes effect and before its answer is seen. */
export function heldStore(
  store: Store,
  worker: Process,
  { nextFault, mark, onLeak }: HeldStoreOptions,
): Store {
  async function held<R extends Stored>(
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
