import { systemClock } from '../../core/clock.ts'
import type { FetchOnce } from '../../transport/send.ts'
import type { Process } from '../schedule.ts'
import type { AuthenticateClient, Client, Provider } from '../../core/provider.ts'
import { authenticate, authenticationMethod } from '../../transport/client-authentication.ts'

/** How long somebody may be outside, milliseconds of real time. */
const PATIENCE_MS = 5_000

/** The same for one who may wait for another call of theirs, which the world holds. */
const DOUBT_MS = 50

/** What a function of the user's awaits does not come. */
export class Stuck extends TypeError {}

/**
 * The user's own functions. One that waits for a file, a timer or another service is outside of the
 * world, whose time must stand still until it is back.
 */
export interface UserCodeClock {
  /** The function, which is outside until what it returns has settled. */
  during<A extends unknown[], R>(name: string, call: (...args: A) => R): (...args: A) => R
  /** A `fetch` around one of the world's: outside while it does not wait for that one. */
  around(wrap: (fetch: FetchOnce) => FetchOnce, next: FetchOnce, worker: Process): FetchOnce
  /** What a worker waits for inside of the world. */
  holds<T>(worker: Process, answer: Promise<T>): Promise<T>
  /**
   * Until somebody is back. `undefined`: nobody is outside.
   *
   * @throws {Stuck} When nobody comes.
   */
  wait(): Promise<void> | undefined
}

/** Something that has not settled, and that somebody waits for. */
interface Pending {
  /** Of a function that is outside all the time. */
  readonly name?: string
  readonly worker?: Process
  /** For the worker: a call of its `fetch` is 1, what the world holds of it is -1. */
  readonly weight?: number
}

export function createUserCodeClock(): UserCodeClock {
  const pending = new Set<Pending>()
  let isInDoubt = true
  let wake = (): void => {}
  const changed = (): void => {
    isInDoubt = true
    wake()
  }

  function until<T>(each: Pending, settled: Promise<T>, signal?: AbortSignal | null): Promise<T> {
    pending.add(each)
    changed()
    const end = (): void => {
      if (pending.delete(each)) changed()
    }
    settled.then(end, end)
    signal?.addEventListener('abort', end)
    return settled
  }

  return {
    during:
      (name, call) =>
      (...args) => {
        const result = call(...args)
        void until({ name }, Promise.resolve(result))
        return result
      },
    around(wrap, next, worker) {
      const own = wrap((url, init) => {
        const answer = heeding(init.signal, () => next(url, init))
        return until({ worker, weight: -1 }, answer, init.signal)
      })
      return (url, init) => {
        const answer = Promise.resolve(own(url, init))
        return until({ worker, weight: 1 }, answer, init.signal)
      }
    },
    holds: (worker, answer) => until({ worker, weight: -1 }, answer),
    wait() {
      if (pending.size === 0) return undefined
      const name = outsideOf(pending)
      if (name === undefined) return undefined
      const isHeld = name === FETCH && [...pending].some(({ weight }) => weight === -1)
      if (isHeld && !isInDoubt) return undefined
      return new Promise((resolve, reject) => {
        const giveUp = (): void => {
          isInDoubt = false
          if (isHeld) resolve()
          else reject(new Stuck(`${name}: ${INSTEAD}`))
        }
        const limitMs = isHeld ? DOUBT_MS : PATIENCE_MS
        const timer = systemClock.setTimeout(giveUp, limitMs, { keepAlive: true })
        wake = () => {
          systemClock.clearTimeout(timer)
          resolve()
        }
      })
    },
  }
}

const FETCH = 'fetch'

const INSTEAD =
  `what it awaits of its own has not come for ${PATIENCE_MS / 1_000} s: ` +
  'hand it something instead that comes at once'

/** The name of a function that is outside. */
function outsideOf(pending: ReadonlySet<Pending>): string | undefined {
  const weights = new Map<Process, number>()
  for (const { name, worker, weight = 0 } of pending) {
    if (name !== undefined) return name
    if (worker?.isDead === false) weights.set(worker, (weights.get(worker) ?? 0) + weight)
  }
  return [...weights.values()].some((weight) => weight > 0) ? FETCH : undefined
}

/** What nobody waits for any more never comes: so does every `fetch`. */
function heeding<T>(signal: RequestInit['signal'], ask: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    signal?.addEventListener('abort', () => reject(signal.reason as Error))
    ask().then(resolve, reject)
  })
}

/** A provider of which the functions that may wait, and keys that sign, are known to be outside. */
export function instrumentProvider(
  provider: Provider,
  client: Client,
  outside: UserCodeClock,
): Provider {
  const { response } = provider
  const method = authenticationMethod(provider, client, [])
  const own = typeof method === 'function' ? method : signing(method, client)
  return {
    ...provider,
    ...(own && { clientAuthentication: outside.during('clientAuthentication', own) }),
    response: {
      ...response,
      ...(response.validate && { validate: outside.during('validate', response.validate) }),
    },
  }
}

/** Keys sign in a thread of their own. */
function signing(method: string, client: Client): AuthenticateClient | undefined {
  if (method !== 'private_key_jwt' || client.privateKey === undefined) return undefined
  return async ({ headers, parameters }, { endpoint, issuer }) => {
    const signed = await authenticate(method, client, { endpoint, issuer, clock: systemClock })
    for (const [name, value] of signed.parameters) parameters.set(name, value)
    for (const [name, value] of signed.headers) headers.set(name, value)
  }
}
