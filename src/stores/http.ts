import {
  boolean,
  checkOptions,
  clock as aClock,
  func,
  msAbove0,
  needed,
  random as aRandom,
  text,
} from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { systemClock, type Clock } from '../core/clock.ts'
import { readEndpoint } from '../core/endpoint.ts'
import { RefreshError } from '../core/errors.ts'
import type { Random } from '../core/random.ts'
import { readBody } from '../core/body.ts'
import { ownField } from '../core/text.ts'
import type { Store } from '../ledger/store.ts'
import { redisRows } from './redis/rows.ts'
import { warnOnce } from './shared.ts'

export interface HttpStoreOptions {
  /** Where the server takes commands: `https://eu1-….upstash.io`. https, but on loopback. */
  readonly url: string
  /** Sent as a bearer token. It must be allowed to write. */
  readonly token: string
  /** The beginning of every key. Default `refresh-once:`, as for `redisStore()`. */
  readonly prefix?: string
  /** How long a request may take, milliseconds. Default 5,000. */
  readonly timeoutMs?: number
  /** See `redisStore()`. Default `false`. */
  readonly allowEviction?: boolean
  /** Told what could not be checked, once. Default: `process.emitWarning`, where there is one. */
  readonly onWarning?: (message: string) => void
  /** Default: the runtime's. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
  readonly clock?: Clock
  readonly random?: Random
}

const VARIABLE = 'is the environment variable set?'

const OPTIONS: TableOf<HttpStoreOptions> = {
  url: needed(text(`an https url: ${VARIABLE}`)),
  token: needed(text(`a token: ${VARIABLE}`)),
  prefix: text(),
  timeoutMs: msAbove0,
  allowEviction: boolean,
  onWarning: func,
  fetch: func,
  clock: aClock,
  random: aRandom,
}

/** What a refused request means, by its status. */
const HINTS: Readonly<Record<number, string>> = {
  401: 'It refuses the token.',
  403: 'It refuses the token.',
  404: 'No Redis takes commands at this url.',
  429: 'It takes no more requests for now: its quota is used up.',
}

/**
 * Keeps rows in a Redis that it reaches over HTTP, by `fetch` alone: for edge runtimes, which open
 * no sockets. It speaks Upstash's REST: one command a request, a JSON array, to a server that knows
 * `EVALSHA` and `EVAL`. It promises what `redisStore()` does on the same server, and shares its
 * rows.
 *
 * @throws {TypeError} For a url that cannot be read, or would show the token to the network.
 * @store Redis over HTTP
 * @for edge runtimes, which open no sockets
 * @sharedBy all processes that reach it
 * @needs Redis behind Upstash's REST
 */
export function httpStore(options: HttpStoreOptions): Store {
  checkOptions('httpStore', options, OPTIONS)
  const { url, token, prefix = 'refresh-once:' } = options
  const { timeoutMs = 5_000, clock = systemClock, random } = options
  const endpoint = readEndpoint(url, false)
  if (endpoint === undefined) {
    throw new TypeError('httpStore() needs an https url: is the environment variable set?')
  }

  async function send(command: readonly (string | Uint8Array)[]): Promise<unknown> {
    const stop = new AbortController()
    const timer = clock.setTimeout(() => stop.abort(), timeoutMs)
    try {
      const request = options.fetch ?? globalThis.fetch
      const response = await request(url, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(command),
        redirect: 'manual',
        cache: 'no-store',
        signal: stop.signal,
      })
      const { text, whole } = await readBody(response.body, stop.signal)
      if (whole) return resultOf(response.status, text)
      const hint = 'Its answer was too long, or broke off.'
      throw new RefreshError('store_unavailable', { store: 'http', hint })
    } finally {
      clock.clearTimeout(timer)
    }
  }

  return redisRows(
    { send, bytes: 'hex' },
    {
      name: 'http',
      id: `http ${endpoint.href} ${prefix}`,
      prefix,
      replicas: 0,
      replicasTimeoutMs: 0,
      publishes: false,
      allowEviction: options.allowEviction ?? false,
      warn: options.onWarning ?? warnOnce,
      clock,
      random,
    },
  )
}

/** @throws {Error} With what Redis said, for its error to be told by. */
function resultOf(status: number, text: string): unknown {
  const body = parsed(text)
  const error = ownField(body, 'error')
  if (typeof error === 'string' && HINTS[status] === undefined) throw new Error(error)
  if (status === 200 && Object.hasOwn(body, 'result')) return ownField(body, 'result')
  const hint = HINTS[status] ?? `It answered with status ${status}, and not as Redis does.`
  throw new RefreshError('store_unavailable', { store: 'http', hint })
}

function parsed(text: string): object {
  try {
    return Object(JSON.parse(text)) as object
  } catch {
    return {}
  }
}
