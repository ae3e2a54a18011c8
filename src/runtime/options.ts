import type { Audience } from '../core/tokens.ts'
import { systemClock } from '../core/clock.ts'
import type { Clock } from '../core/clock.ts'
import { checkOptionNames } from '../core/option-names.ts'
import { checkClient, reuseWindowMs } from '../core/provider.ts'
import type { Client, Provider } from '../core/provider.ts'
import { systemRandom } from '../core/random.ts'
import type { Random } from '../core/random.ts'
import type { TokenSet } from '../core/token-set.ts'
import { checkNaming } from '../ledger/configuration.ts'
import type { Store } from '../ledger/store.ts'
import type { OnEvent } from './events.ts'
import { checkInspector } from './inspect/line.ts'
import type { Inspector } from './inspect/line.ts'
import { CLAIM_MARGIN_MIN_MS, CLAIM_MARGIN_MS, REQUEST_TIMEOUT_MS, STALE_MS } from './timing.ts'

/** What `createRefresher` takes. Durations are milliseconds. */
export interface RefresherOptions {
  readonly provider: Provider
  /** Default: none, for a provider that sends no client: `credentials`. */
  readonly client?: Client
  readonly ledger: LedgerOptions
  /**
   * How long before its expiry an access token is renewed. Default: a tenth of its lifetime, at
   * most 60,000, jittered per token; 0 where a renewal kills it, for others hold it too.
   */
  readonly refreshAheadMs?: number
  readonly timeouts?: TimeoutOptions
  readonly staleHolders?: StaleHolderOptions
  /**
   * For how long this process believes that the chain of a fresh set stands, before it asks the
   * ledger again. 0: it asks on every call, one read of the store, and a sign-out anywhere ends all
   * copies of a set at once. With the store down a fresh set is served all the same. Default: never
   * asked; a fresh set serves until its access token expires.
   */
  readonly revocationCheckMs?: number
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

/** The ledger: what was presented, and what came of it. */
export interface LedgerOptions {
  /** Holds the rows. Use `memoryStore()` only if one process holds all sessions. */
  readonly store: Store
  /** Refreshers of one name share their claims. Default `default`. */
  readonly name?: string | undefined
  /**
   * A secret of the application's, mixed into every key of the ledger; all processes need the same
   * one. Needed where refresh tokens can be guessed. Default: none.
   */
  readonly pepper?: string | undefined
  readonly retention?: RetentionOptions
}

/** How long rows are remembered, milliseconds. */
export interface RetentionOptions {
  /** The claim of a spent token: `staleHolders.afterMs` at least. Default 7 days. */
  readonly claimMs?: number
  /**
   * A chain, since its last refresh. Default: as long as the provider's refresh tokens live unused,
   * or at all, else 30 days.
   */
  readonly grantMs?: number
}

/** How long each part of a call may take, milliseconds. */
export interface TimeoutOptions {
  /** A presentation. Default 15,000: longer than undici's connect timeout. */
  readonly requestMs?: number
  /**
   * How long a claim counts as being worked on; past it a token is lost. Default: 5,000 more than
   * `requestMs`, and the provider's reuse window if it has one.
   */
  readonly claimMs?: number
  /** A call in all. Default `claimMs`. */
  readonly waitMs?: number
  /** One call of the store. Default 2,000. */
  readonly storeMs?: number
}

/** What becomes of holders of older sets, once another holder came with a later one as its own. */
export interface StaleHolderOptions {
  /** How long they are served, milliseconds. Default 3,600,000. */
  readonly afterMs?: number
  /**
   * What happens then. `revoke`: reuse is detected, which ends the chain (RFC 9700 §4.14.2).
   * `serve`: they are served for ever; that is for copies of one set in separate storages, a
   * browser and a worker, and it costs the detection of a stolen copy. Default `revoke`.
   */
  readonly then?: 'revoke' | 'serve'
}

/** What one call asks for. */
export interface RefreshOptions extends Audience {
  /**
   * The API refused an access token (401): only another one will do, and a newer one in the ledger
   * does. `true`: it was the one in these tokens. A string is the refused token, if it is another.
   */
  readonly refused?: true | string | undefined
  /** How long the access token must be good for at least, milliseconds. Default 0. */
  readonly minValidMs?: number | undefined
  /** Stops the caller's waiting, nothing else: an exchange runs to its end. */
  readonly signal?: AbortSignal | undefined
  /** Takes the exchange, on platforms that end a request with its answer. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/** The options with every default in place, not grouped. */
export interface Settings extends Omit<
  RefresherOptions,
  'client' | 'ledger' | 'timeouts' | 'staleHolders' | 'clock' | 'random'
> {
  readonly client: Client
  readonly store: Store
  /** The ledger's name. */
  readonly ledger: string
  readonly pepper?: string | undefined
  readonly claimRetentionMs?: number | undefined
  readonly grantRetentionMs?: number | undefined
  readonly requestTimeoutMs: number
  readonly claimMs: number
  readonly waitMs: number
  readonly storeTimeoutMs?: number | undefined
  readonly staleMs: number
  readonly staleHolders: 'revoke' | 'serve'
  readonly clock: Clock
  readonly random: Random
}

/** @throws {TypeError} For settings that cannot keep the promise, saying what to write instead. */
export function settingsOf(options: RefresherOptions): Settings {
  checkNames(options)
  const { provider, ledger, timeouts = {}, staleHolders = {}, revocationCheckMs } = options
  if (typeof provider?.failures !== 'object') {
    throw new TypeError('provider is missing: try oidc({ issuer })')
  }
  const client = options.client ?? nameless(provider)
  if (typeof client?.id !== 'string' || client.id === '') {
    throw new TypeError('client.id must be the client_id that the AS knows')
  }
  if (typeof ledger?.store?.swap !== 'function') {
    throw new TypeError(
      'ledger.store is missing: write ledger: { store: memoryStore() } for one process, ' +
        'or a shared store',
    )
  }
  for (const name of ['onEvent', 'reload', 'fetch'] as const) {
    const hook: unknown = options[name]
    if (hook !== undefined && typeof hook !== 'function') {
      throw new TypeError(`${name} is a function, or left out`)
    }
  }
  const { store, name = 'default', pepper, retention = {} } = ledger
  const { requestMs = REQUEST_TIMEOUT_MS, storeMs } = timeouts
  const { afterMs = STALE_MS, then = 'revoke' } = staleHolders
  if (then !== 'revoke' && then !== 'serve') {
    throw new TypeError(`staleHolders.then is 'revoke' or 'serve', not ${String(then)}`)
  }
  const durations = {
    refreshAheadMs: options.refreshAheadMs,
    revocationCheckMs,
    'timeouts.requestMs': requestMs,
    'timeouts.claimMs': timeouts.claimMs,
    'timeouts.waitMs': timeouts.waitMs,
    'timeouts.storeMs': storeMs,
    'staleHolders.afterMs': afterMs,
    'ledger.retention.claimMs': retention.claimMs,
    'ledger.retention.grantMs': retention.grantMs,
  }
  for (const [each, value] of Object.entries(durations)) {
    if (value !== undefined && !(Number.isFinite(value) && value >= 0)) {
      throw new TypeError(`${each} is a number of milliseconds, not ${String(value)}`)
    }
  }
  checkInspector(options.inspect)
  checkNaming({ ledger: name, pepper })
  checkClient(client, provider)
  if (requestMs === 0) throw new TypeError('timeouts.requestMs is milliseconds above 0')
  const { claimMs = requestMs + CLAIM_MARGIN_MS + reuseWindowMs(provider) } = timeouts
  if (claimMs < requestMs + CLAIM_MARGIN_MIN_MS) {
    throw new TypeError(
      `timeouts.claimMs must exceed timeouts.requestMs by ${CLAIM_MARGIN_MIN_MS}: write at least ` +
        `${requestMs + CLAIM_MARGIN_MIN_MS}, or leave it out`,
    )
  }
  for (const each of ['claimMs', 'grantMs'] as const) {
    if ((retention[each] ?? Infinity) < afterMs) {
      throw new TypeError(
        `ledger.retention.${each} must not be below staleHolders.afterMs (${afterMs}): ` +
          'holders would outlive rows',
      )
    }
  }
  if (provider.tokens === 'guessable' && pepper === undefined && store.name !== 'memory') {
    throw new TypeError(
      'refresh tokens that can be guessed need a pepper on a shared store: write ledger.pepper, ' +
        "or tokens: 'unguessable' if they are random",
    )
  }
  const { refreshAheadMs = provider.oldAccessToken === 'dies' ? 0 : undefined } = options
  return {
    provider,
    ...(refreshAheadMs !== undefined && { refreshAheadMs }),
    ...(revocationCheckMs !== undefined && { revocationCheckMs }),
    ...(options.reload !== undefined && { reload: options.reload }),
    ...(options.onEvent !== undefined && { onEvent: options.onEvent }),
    ...(options.fetch !== undefined && { fetch: options.fetch }),
    inspect: options.inspect,
    client,
    store,
    ledger: name,
    pepper,
    claimRetentionMs: retention.claimMs,
    grantRetentionMs: retention.grantMs,
    requestTimeoutMs: requestMs,
    claimMs,
    waitMs: timeouts.waitMs ?? claimMs,
    storeTimeoutMs: storeMs,
    staleMs: afterMs,
    staleHolders: then,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  }
}

/** Options of 0.1.0, with what to write now. */
const MOVED = {
  store: 'ledger: { store }',
  pepper: 'ledger: { store, pepper }',
  claimRetentionMs: 'ledger: { store, retention: { claimMs } }',
  grantRetentionMs: 'ledger: { store, retention: { grantMs } }',
  requestTimeoutMs: 'timeouts: { requestMs }',
  claimMs: 'timeouts: { claimMs }',
  waitMs: 'timeouts: { waitMs }',
  storeTimeoutMs: 'timeouts: { storeMs }',
  staleMs: 'staleHolders: { afterMs }',
  verifyMs: 'revocationCheckMs',
}

const NAMES: readonly (keyof RefresherOptions)[] = [
  'provider',
  'client',
  'ledger',
  'timeouts',
  'staleHolders',
  'refreshAheadMs',
  'revocationCheckMs',
  'reload',
  'onEvent',
  'inspect',
  'fetch',
  'clock',
  'random',
]

function checkNames(options: RefresherOptions): void {
  const { ledger, timeouts, staleHolders }: Readonly<Record<string, unknown>> = { ...options }
  if (typeof ledger === 'string') {
    throw new TypeError(`ledger is an object now: write ledger: { store, name: '${ledger}' }`)
  }
  if (typeof staleHolders === 'string') {
    const then = staleHolders === 'replay' ? 'revoke' : staleHolders
    throw new TypeError(`staleHolders is an object now: write staleHolders: { then: '${then}' }`)
  }
  checkOptionNames(options, '', NAMES, MOVED)
  const { retention }: { retention?: unknown } = { ...(ledger as object) }
  checkGroup('ledger', ledger, ['store', 'name', 'pepper', 'retention'])
  checkGroup('ledger.retention', retention, ['claimMs', 'grantMs'])
  checkGroup('timeouts', timeouts, ['requestMs', 'claimMs', 'waitMs', 'storeMs'])
  checkGroup('staleHolders', staleHolders, ['afterMs', 'then'])
}

function checkGroup(name: string, group: unknown, known: readonly string[]): void {
  if (group === undefined) return
  if (typeof group !== 'object' || group === null) {
    throw new TypeError(`${name} is an object: write ${name}: { ${known.join(', ')} }`)
  }
  checkOptionNames(group, name, known)
}

/** Stands for the client, in the ledger, where the description has no place for one. */
function nameless({ id, clientAuthentication, request }: Provider): Client | undefined {
  return clientAuthentication === 'none' && request.names['client_id'] === null ? { id } : undefined
}
