import type { Audience } from '../core/tokens.ts'
import { systemClock } from '../core/clock.ts'
import type { Clock } from '../core/clock.ts'
import { reuseWindowMs } from '../core/provider.ts'
import type { Client, Provider } from '../core/provider.ts'
import { systemRandom } from '../core/random.ts'
import type { Random } from '../core/random.ts'
import type { TokenSet } from '../core/token-set.ts'
import { checkNaming } from '../ledger/configuration.ts'
import type { Store } from '../ledger/store.ts'
import { checkClient } from '../transport/client-authentication.ts'
import type { OnEvent } from './events.ts'
import { checkInspector } from './inspect/line.ts'
import type { Inspector } from './inspect/line.ts'
import { CLAIM_MARGIN_MIN_MS, CLAIM_MARGIN_MS, REQUEST_TIMEOUT_MS, STALE_MS } from './timing.ts'

/** What `createRefresher` takes. Durations are milliseconds. */
export interface RefresherOptions {
  readonly provider: Provider
  /** Default: none, for a provider that sends no client: `credentials`. */
  readonly client?: Client
  /** Where the ledger's rows live. `memoryStore()` says "one process" aloud. */
  readonly store: Store
  /**
   * Name of the ledger inside its store: refreshers of one name share their claims. Default
   * `default`.
   */
  readonly ledger?: string
  /**
   * A secret of the application's, mixed into every key of the ledger; all processes need the same
   * one. Needed where refresh tokens can be guessed. Default: none.
   */
  readonly pepper?: string
  /**
   * How long before its expiry an access token is renewed. Default: a tenth of its lifetime, at
   * most 60,000, jittered per token; 0 where a renewal kills it, for others hold it too.
   */
  readonly refreshAheadMs?: number
  /** How long a presentation may take. Default 15,000: longer than undici's connect timeout. */
  readonly requestTimeoutMs?: number
  /**
   * How long a claim counts as being worked on; past it a token is lost. Default: 5,000 more than
   * `requestTimeoutMs`, and the provider's reuse window if it has one.
   */
  readonly claimMs?: number
  /** How long a call may wait in all. Default `claimMs`. */
  readonly waitMs?: number
  /** How long one call of the store may take. Default 2,000. */
  readonly storeTimeoutMs?: number
  /**
   * How long holders of older sets are served after somebody came with a later one as their own.
   * Default 3,600,000.
   */
  readonly staleMs?: number
  /**
   * What holders of older sets are after `staleMs`: a `replay`, which ends the chain (RFC 9700
   * §4.14.2), or served for ever. `serve` is for copies of one set in separate storages, a browser
   * and a worker; it costs the detection of a stolen copy. Default `replay`.
   */
  readonly staleHolders?: 'replay' | 'serve'
  /**
   * For how long this process believes that the chain of a fresh set stands, before it asks the
   * ledger again. 0: it asks on every call, one read of the store, and a sign-out anywhere ends all
   * copies of a set at once. With the store down a fresh set is served all the same. Default: never
   * asked; a fresh set serves until its access token expires.
   */
  readonly verifyMs?: number
  /** How long the claim of a spent token is remembered, `staleMs` at least. Default 7 days. */
  readonly claimRetentionMs?: number
  /**
   * How long a chain is remembered since its last refresh. Default: as long as the provider's
   * refresh tokens live unused, or at all, else 30 days.
   */
  readonly grantRetentionMs?: number
  /**
   * Asks the application's storage for its newest set, when the AS refused this one. Believed for
   * the same grant only, and waited for as long as the call has time.
   */
  readonly reload?: (tokens: TokenSet) => Promise<TokenSet | undefined>
  /** Told what happens; replaces the log line. It must not throw, and is not waited for. */
  readonly onEvent?: OnEvent
  /**
   * Looks on: `pageInspector()` of `refresh-once/inspect`, any inspector of `@statelyai/inspect` as
   * it is, or a function that takes XState's inspection events. No token reaches it, and it delays
   * nothing. Where `NODE_ENV` is `production`: `{ inspect: inspector, allowInProduction: true }`.
   */
  readonly inspect?: Inspector | undefined
  /** Sends requests. It must send once. Default: the runtime's `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
  readonly clock?: Clock
  readonly random?: Random
}

/** What one call asks for. */
export interface RefreshOptions extends Audience {
  /**
   * The access token in these tokens was refused (401): only another one will do, and a newer one
   * in the ledger does. A string names the refused one where it is of another audience.
   */
  readonly force?: boolean | string | undefined
  /** How long the access token must be good for at least, milliseconds. Default 0. */
  readonly minValidMs?: number | undefined
  /** Stops the caller's waiting, nothing else: an exchange runs to its end. */
  readonly signal?: AbortSignal | undefined
  /** Takes the exchange, on platforms that end a request with its answer. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/** The options with every default in place. */
export type Settings = Required<
  Pick<
    RefresherOptions,
    | 'provider'
    | 'client'
    | 'store'
    | 'ledger'
    | 'requestTimeoutMs'
    | 'claimMs'
    | 'waitMs'
    | 'staleMs'
    | 'staleHolders'
    | 'clock'
    | 'random'
  >
> &
  RefresherOptions

const POLICIES: ReadonlySet<string> = new Set(['replay', 'serve'])

const DURATIONS = [
  'refreshAheadMs',
  'requestTimeoutMs',
  'claimMs',
  'waitMs',
  'storeTimeoutMs',
  'staleMs',
  'verifyMs',
  'claimRetentionMs',
  'grantRetentionMs',
] as const

/** @throws {TypeError} For settings that cannot keep the promise, saying what to write instead. */
export function settingsOf(options: RefresherOptions): Settings {
  const { provider, store, pepper, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options
  if (typeof provider?.failures !== 'object') {
    throw new TypeError('provider is missing: try oidc({ issuer })')
  }
  const client = options.client ?? nameless(provider)
  if (typeof client?.id !== 'string' || client.id === '') {
    throw new TypeError('client.id must be the client_id that the AS knows')
  }
  if (typeof store?.swap !== 'function') {
    throw new TypeError('store is missing: memoryStore() for one process, or a shared store')
  }
  for (const name of ['onEvent', 'reload', 'fetch'] as const) {
    const hook: unknown = options[name]
    if (hook !== undefined && typeof hook !== 'function') {
      throw new TypeError(`${name} is a function, or left out`)
    }
  }
  const { staleHolders = 'replay' } = options
  if (!POLICIES.has(staleHolders)) {
    throw new TypeError(`staleHolders is 'replay' or 'serve', not ${staleHolders}`)
  }
  for (const name of DURATIONS) {
    const value = options[name]
    if (value !== undefined && !(Number.isFinite(value) && value >= 0)) {
      throw new TypeError(`${name} is a number of milliseconds, not ${String(value)}`)
    }
  }
  checkInspector(options.inspect)
  checkNaming(options)
  checkClient(client, provider)
  if (requestTimeoutMs === 0) throw new TypeError('requestTimeoutMs is milliseconds above 0')
  const claimMs = options.claimMs ?? requestTimeoutMs + CLAIM_MARGIN_MS + reuseWindowMs(provider)
  if (claimMs < requestTimeoutMs + CLAIM_MARGIN_MIN_MS) {
    throw new TypeError(
      `claimMs must exceed requestTimeoutMs by ${CLAIM_MARGIN_MIN_MS}: write at least ` +
        `${requestTimeoutMs + CLAIM_MARGIN_MIN_MS}, or leave it out`,
    )
  }
  const { staleMs = STALE_MS } = options
  for (const name of ['claimRetentionMs', 'grantRetentionMs'] as const) {
    if ((options[name] ?? Infinity) < staleMs) {
      throw new TypeError(
        `${name} must not be below staleMs (${staleMs}): holders would outlive rows`,
      )
    }
  }
  if (provider.tokens === 'guessable' && pepper === undefined && store.name !== 'memory') {
    throw new TypeError(
      'refresh tokens that can be guessed need a pepper on a shared store: write pepper, ' +
        "or tokens: 'unguessable' if they are random",
    )
  }
  const { refreshAheadMs = provider.oldAccessToken === 'dies' ? 0 : undefined } = options
  return {
    ...options,
    ...(refreshAheadMs !== undefined && { refreshAheadMs }),
    client,
    ledger: options.ledger ?? 'default',
    requestTimeoutMs,
    claimMs,
    waitMs: options.waitMs ?? claimMs,
    staleMs,
    staleHolders,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  }
}

/** Stands for the client, in the ledger, where the description has no place for one. */
function nameless({ id, clientAuthentication, request }: Provider): Client | undefined {
  return clientAuthentication === 'none' && request.names['client_id'] === null ? { id } : undefined
}
