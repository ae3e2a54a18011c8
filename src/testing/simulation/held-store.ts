import type { Store, Stored } from '../../src/ledger/store.ts'
import { MARK } from './authorization-server.ts'
import type { StoreFault } from './plan.ts'
import type { Process } from './schedule.ts'

export interface HeldStoreOptions {
  /** What becomes of the next call. */
  readonly nextFault: () => StoreFault | undefined
  /** Told when a row would show a token to whoever reads the store. */
  readonly onLeak: () => void
}

/** Holds each call back before it takes effect and before its answer is seen. */
export function heldStore(
  store: Store,
  worker: Process,
  { nextFault, onLeak }: HeldStoreOptions,
): Store {
  async function held<R extends Stored>(label: string, call: () => Promise<R>): Promise<R> {
    const fault = nextFault()
    await worker.travel(`${label}: request`)
    if (fault === 'error') {
      await worker.step(`${label}: error`)
      throw new Error('no')
    }
    const answer = await call()
    if (fault === 'silence') return new Promise(() => {})
    await worker.step(`${label}: ${fault ?? `version ${answer.version}`}`)
    if (fault === 'lost acknowledgement') throw new Error('reset')
    return answer
  }
  return {
    ...store,
    read: (key) => held(`reads ${short(key)}`, () => store.read(key)),
    swap(key, expected, value, ttlMs) {
      if (Buffer.from(value).includes(MARK)) onLeak()
      return held(`swaps ${short(key)} at ${expected}`, () =>
        store.swap(key, expected, value, ttlMs),
      )
    },
    async changed(key, version, signal) {
      await store.changed(key, version, signal)
      if (!signal.aborted) await worker.step(`hears of ${short(key)}`)
    },
  }
}

const short = (key: string): string => key.slice(4, 8)
