import { systemClock } from '../../core/clock.ts'
import type { FetchOnce } from '../../transport/send.ts'
import type { Process } from '../schedule.ts'
import type { AuthenticateClient, Client, Provider } from '../../core/provider.ts'
import { authenticate, authenticationMethod } from '../../transport/client-authentication.ts'

/** Milliseconds of real time that a function of the user's may take. */
const PATIENCE_MS = 5_000

/** The same for a `fetch` that may wait for another call of its own, which the world holds. */
const DOUBT_MS = 50

/** A function of the user's awaits something that does not come. */
export class Stuck extends TypeError {}

/**
 * Stops the world's clock while the user's own code runs. A function that waits for a file, a timer
 * or another service takes real time, which must not count as time of the world.
 */
export interface UserCodeClock {
  /** Wraps a function: the clock stops until the promise that it returns has settled. */
  during<A extends unknown[], R>(name: string, call: (...args: A) => R): (...args: A) => R
  /** Wraps `fetch`: the clock stops while the wrapper does not wait for the world's `fetch`. */
  around(wrap: (fetch: FetchOnce) => FetchOnce, next: FetchOnce, worker: Process): FetchOnce
  /** Marks a promise of the world for which a worker waits: the clock goes on. */
  holds<T>(worker: Process, answer: Promise<T>): Promise<T>
  /**
   * Resolves when user code has gone on. `undefined`: no user code runs.
   *
   * @throws {Stuck} When it does not go on.
   */
  wait(): Promise<void> | undefined
}

/** A promise that has not settled. */
interface Pending {
  /** The name of a function that never waits for the world. */
  readonly name?: string
  readonly worker?: Process
  /** 1: a call of a wrapped `fetch`. -1: a promise that the world holds. */
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
      const name = runningOf(pending)
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

/** The name of a function that runs in real time now. */
function runningOf(pending: ReadonlySet<Pending>): string | undefined {
  const weights = new Map<Process, number>()
  for (const { name, worker, weight = 0 } of pending) {
    if (name !== undefined) return name
    if (worker?.isDead === false) weights.set(worker, (weights.get(worker) ?? 0) + weight)
  }
  return [...weights.values()].some((weight) => weight > 0) ? FETCH : undefined
}

/** Rejects when its signal is aborted, as every `fetch` does. */
function heeding<T>(signal: RequestInit['signal'], ask: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    signal?.addEventListener('abort', () => reject(signal.reason as Error))
    ask().then(resolve, reject)
  })
}

/** Wraps a provider, so that its functions that may wait, and keys that sign, stop the clock. */
export function instrumentProvider(
  provider: Provider,
  client: Client,
  userCode: UserCodeClock,
): Provider {
  const { response } = provider
  const method = authenticationMethod(provider, client, [])
  const own = typeof method === 'function' ? method : signing(method, client)
  return {
    ...provider,
    ...(own && { clientAuthentication: userCode.during('clientAuthentication', own) }),
    response: {
      ...response,
      ...(response.validate && { validate: userCode.during('validate', response.validate) }),
    },
  }
}

/** Keys sign in a thread of their own, in real time. */
function signing(method: string, client: Client): AuthenticateClient | undefined {
  if (method !== 'private_key_jwt' || client.privateKey === undefined) return undefined
  return async ({ headers, parameters }, { endpoint, issuer }) => {
    const signed = await authenticate(method, client, { endpoint, issuer, clock: systemClock })
    for (const [name, value] of signed.parameters) parameters.set(name, value)
    for (const [name, value] of signed.headers) headers.set(name, value)
  }
}
