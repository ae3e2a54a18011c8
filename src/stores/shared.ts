import { sleep, systemClock, type Clock } from '../core/clock.ts'
import { isRefreshError, RefreshError } from '../core/errors.ts'
import { systemRandom, type Random } from '../core/random.ts'
import { toBase64url } from '../core/text.ts'

/**
 * Tells a waiting call that a row may have changed.
 *
 * @param version Which version it is said to have now. Without one, it must be looked at.
 */
export type Wake = (version?: number) => void

/**
 * Calls `wake` when the row of a key has changed, and once when it is sure to hear of changes. It
 * may stay silent for ever: a watch looks by itself, too.
 *
 * @returns Ends it.
 */
export type Listen = (key: string, wake: Wake) => () => void

export interface WatchOptions {
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  readonly listen?: Listen | undefined
}

/** How long until the second look, and at most between two, milliseconds. */
const POLLING = { minMs: 10, maxMs: 250 } as const
/** The same for a store that tells of changes: a change may go unheard. */
const LISTENING = { minMs: 100, maxMs: 1_000 } as const
const GROWTH = 1.5

/**
 * Makes the `changed` of a store that must look: jittered, so that calls that wait for one row do
 * not read it all at once, and rarer the longer it takes.
 *
 * @param look Reads a row.
 */
export function watching(
  look: (key: string) => Promise<{ readonly version: number }>,
  { clock = systemClock, random = systemRandom, listen }: WatchOptions = {},
): (key: string, version: number, signal: AbortSignal) => Promise<void> {
  const { minMs, maxMs } = listen ? LISTENING : POLLING

  return async (key, version, signal) => {
    if (signal.aborted) return
    let nap = new AbortController()
    const over = new AbortController()
    let release = (): void => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    const end = (): void => {
      over.abort('over')
      nap.abort('over')
      release()
    }
    const wake: Wake = (told) =>
      told === undefined || told === version ? nap.abort('look') : end()
    signal.addEventListener('abort', end)
    const stop = listen?.(key, wake)
    try {
      for (let ms: number = minMs; ; ms = Math.min(ms * GROWTH, maxMs)) {
        const found = await Promise.race([look(key), released])
        if (over.signal.aborted || found?.version !== version) return
        // A hint that came during the look has cut this short already.
        await sleep(clock, ms * (0.5 + random.fraction()), nap.signal)
        if (over.signal.aborted) return
        nap = new AbortController()
      }
    } finally {
      stop?.()
      signal.removeEventListener('abort', end)
    }
  }
}

/**
 * A value that all copies of this module in a process share: Next.js builds the same module several
 * times, and again at each edit.
 *
 * @param name Ends with a version, because the copies may be of different ones.
 */
export function ofProcess<T extends object>(name: string, make: () => T): T {
  const shared = globalThis as { [key: symbol]: T | undefined }
  return (shared[Symbol.for(`refresh-once/${name}`)] ??= make())
}

const identities = ofProcess('connections/1', () => new WeakMap<object, string>())

/**
 * A name for the connection that a caller passed in, the same for each store made with it: stores
 * on different connections may hold different rows.
 */
export function identityOf(connection: object): string {
  const identity = identities.get(connection) ?? toBase64url(systemRandom.bytes(9))
  identities.set(connection, identity)
  return identity
}

const warned = ofProcess('warned/1', () => new Set<string>())

/** Says it where Node says such things (`process.on('warning')`), once a process. */
export function warnOnce(message: string): void {
  if (warned.has(message)) return
  warned.add(message)
  const { process } = globalThis as { process?: Partial<NodeJS.Process> }
  process?.emitWarning?.(message, { code: 'REFRESH_ONCE_STORE' })
}

export interface KnownErrors {
  /** Reads the code that the client or the server gives an error. */
  codeOf(error: unknown): string | undefined
  /** What the caller can do, by code. In our own words: those of a server may name keys. */
  readonly hints: Readonly<Record<string, string>>
  /** The same for codes that mean that the store takes no more rows. */
  readonly full: Readonly<Record<string, string>>
  /** The hint for an error whose code is not known, or that has none. */
  otherwise(code: string | undefined, error: unknown): string
}

/** Makes the function that turns what a store's client throws into an error with a hint. */
export function storeErrors(
  store: string,
  { codeOf, hints, full, otherwise }: KnownErrors,
): (error: unknown) => RefreshError {
  return (error) => {
    if (isRefreshError(error)) return error
    const code = codeOf(error)
    const fullHint = code === undefined ? undefined : full[code]
    if (fullHint !== undefined) return new RefreshError('store_full', { store, hint: fullHint })
    const known = code === undefined ? undefined : hints[code]
    const hint = known ?? otherwise(code, error)
    return new RefreshError('store_unavailable', { store, hint })
  }
}
